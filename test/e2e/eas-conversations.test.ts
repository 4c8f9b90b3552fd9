import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type EasPhone, type PhoneFolder, t } from '../support/eas-phone.js';
import { address, eventually, startWorld, type World } from '../support/eas-phone-world.js';

let world: World;
before(async () => {
  world = await startWorld();
});

/** A message of a conversation: the first, or an answer to it. */
function mail(user: string, root: string, answer?: string, body = 'text'): string {
  const html = body.startsWith('<');
  return [
    'From: Carol <carol@example.test>',
    `To: ${address(user)}`,
    `Subject: ${answer ? 'Re: ' : ''}${root}`,
    `Message-ID: <${answer ?? root}@example.test>`,
    ...(answer ? [`In-Reply-To: <${root}@example.test>`, `References: <${root}@example.test>`] : []),
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    'MIME-Version: 1.0',
    `Content-Type: text/${html ? 'html' : 'plain'}; charset=utf-8`,
    '',
    body,
    '',
  ].join('\r\n');
}

const subjects = (folder: PhoneFolder): string[] =>
  [...folder.items.values()].map((item) => item.text('Email:Subject') ?? '').sort();

const conversationOf = (folder: PhoneFolder): Uint8Array =>
  [...folder.items.values()][0]?.child('Email2:ConversationId')?.value as Uint8Array;

describe('Move of a conversation (MS-ASCMD MoveAlways)', { concurrency: false }, () => {
  test('messages that come later go where the others went', async () => {
    await world.dovecot.deliver(address('anna'), mail('anna', 'plan'));
    const phone = await world.phone('anna');
    const inbox = phone.folder(2);
    const trash = phone.folder(4);
    await phone.syncAll(inbox);
    await phone.syncAll(trash);
    const move = t(
      'ItemOperations:Move',
      t('ItemOperations:ConversationId', conversationOf(inbox)),
      t('ItemOperations:DstFldId', trash.id),
      t('ItemOperations:Options', t('ItemOperations:MoveAlways')),
    );
    const answer = await phone.itemOperations([move]);
    assert.equal(answer.text('ItemOperations:Response', 'ItemOperations:Move', 'ItemOperations:Status'), '1');
    await phone.syncAll(inbox);
    assert.equal(inbox.items.size, 0);
    await world.dovecot.deliver(address('anna'), mail('anna', 'plan', 'later'));
    await world.dovecot.deliver(address('anna'), mail('anna', 'other'));
    await eventually(
      'the other one',
      () => phone.syncAll(inbox),
      () => inbox.items.size > 0,
    );
    assert.deepEqual(subjects(inbox), ['other']);
    await phone.syncAll(trash);
    assert.deepEqual(subjects(trash), ['Re: plan', 'plan']);
  });
});

describe('ConversationMode (MS-ASCMD ConversationMode)', { concurrency: false }, () => {
  const OLD = new Date(Date.now() - 40 * 24 * 3600_000);

  async function withOld(user: string, version: string): Promise<[EasPhone, PhoneFolder]> {
    const imap = await world.imap(user);
    for (const root of ['thread', 'alone']) await imap.append('INBOX', mail(user, root), [], OLD);
    const phone = await world.phone(user, { version });
    const inbox = phone.folder(2);
    inbox.filter = 3;
    return [phone, inbox];
  }

  for (const version of ['14.0', '16.1'])
    test(`${version}: older messages of a conversation that goes on are inside the filter, without their bodies`, async () => {
      const user = `bert${version.replace('.', '')}`;
      const [phone, inbox] = await withOld(user, version);
      inbox.conversationMode = true;
      await world.dovecot.deliver(address(user), mail(user, 'thread', 'answer'));
      await phone.syncAll(inbox);
      assert.deepEqual(subjects(inbox), ['Re: thread', 'thread']);
      const old = [...inbox.items.values()].find((item) => item.text('Email:Subject') === 'thread');
      assert.equal(old?.text('AirSyncBase:Body', 'AirSyncBase:Truncated'), '1');
      assert.ok(!old?.text('AirSyncBase:Body', 'AirSyncBase:Data'));
      await world.dovecot.deliver(address(user), mail(user, 'alone', 'answer2'));
      await eventually(
        'the answer',
        () => phone.syncAll(inbox),
        () => inbox.items.size === 4,
      );
      assert.deepEqual(subjects(inbox), ['Re: alone', 'Re: thread', 'alone', 'thread']);
      inbox.conversationMode = false;
      const { softDeleted } = await phone.syncAll(inbox);
      assert.equal(softDeleted.length, 2);
    });

  test('without it the filter counts alone; for another class it is Status 4', async () => {
    const [phone, inbox] = await withOld('cleo', '16.1');
    await world.dovecot.deliver(address('cleo'), mail('cleo', 'thread', 'answer'));
    await phone.syncAll(inbox);
    assert.deepEqual(subjects(inbox), ['Re: thread']);
    const calendar = phone.folder(8);
    calendar.conversationMode = true;
    assert.equal((await phone.sync([calendar])).collections.get(calendar.id)?.status, '4');
  });
});

describe('BodyPart (MS-ASAIRS BodyPartPreference)', { concurrency: false }, () => {
  const HTML =
    '<html><body><p>My <b>own</b> words</p><div class="gmail_quote">On Monday Carol wrote:<blockquote>old words</blockquote></div></body></html>';

  test('holds what a message adds to its conversation, in HTML', async () => {
    await world.dovecot.deliver(address('dora'), mail('dora', 'quoted', 'html', HTML));
    await world.dovecot.deliver(
      address('dora'),
      mail('dora', 'plain', 'text', 'New line\r\n\r\nOn Monday Carol wrote:\r\n> old words'),
    );
    const phone = await world.phone('dora', { version: '14.1' });
    const inbox = phone.folder(2);
    inbox.bodyPart = { type: 2, preview: 20 };
    await phone.syncAll(inbox);
    for (const item of inbox.items.values()) {
      const part = item.child('AirSyncBase:BodyPart');
      assert.deepEqual([part?.text('AirSyncBase:Status'), part?.text('AirSyncBase:Type')], ['1', '2']);
      assert.match(part?.text('AirSyncBase:Data') ?? '', /own<\/b> words|New line/);
      assert.doesNotMatch(part?.text('AirSyncBase:Data') ?? '', /old words/);
      assert.match(part?.text('AirSyncBase:Preview') ?? '', /^(My own words|New line)$/);
      assert.match(item.text('AirSyncBase:Body', 'AirSyncBase:Data') ?? '', /old words/);
    }
  });

  test('is cut to TruncationSize, does not exist before 14.1, and is HTML only (164)', async () => {
    await world.dovecot.deliver(address('emil'), mail('emil', 'quoted', 'html', HTML));
    const phone = await world.phone('emil', { version: '16.1' });
    const inbox = phone.folder(2);
    inbox.bodyPart = { type: 2, truncation: 20 };
    await phone.syncAll(inbox);
    const part = [...inbox.items.values()][0]?.child('AirSyncBase:BodyPart');
    assert.equal(part?.text('AirSyncBase:Truncated'), '1');
    assert.equal(part?.text('AirSyncBase:Data')?.length, 20);
    assert.ok(Number(part?.text('AirSyncBase:EstimatedDataSize')) > 20);
    inbox.bodyPart = { type: 1 };
    assert.equal((await phone.sync([inbox])).status, '164');
    const old = await world.phone('emil', { version: '14.0', deviceId: 'emilold' });
    old.folder(2).bodyPart = { type: 2 };
    await old.syncAll(old.folder(2));
    assert.equal([...old.folder(2).items.values()][0]?.child('AirSyncBase:BodyPart'), undefined);
  });
});
