import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { ImapFlow } from 'imapflow';
import { type EasPhone, LostAnswer, type PhoneFolder, type Tag, t } from '../support/eas-phone.js';
import { address, eventually, message, startWorld, type World } from '../support/eas-phone-world.js';

let world: World;
before(async () => {
  world = await startWorld();
});

const body = (type: 1 | 2 | 4, data: string): Tag => {
  const value = type === 4 ? new Uint8Array(Buffer.from(data)) : data;
  return t('AirSyncBase:Body', t('AirSyncBase:Type', type), t('AirSyncBase:Data', value));
};

const file = (clientId: string, name: string, bytes: Buffer, ...more: Tag[]): Tag =>
  t(
    'AirSyncBase:Add',
    t('AirSyncBase:ClientId', clientId),
    t('AirSyncBase:Content', new Uint8Array(bytes)),
    t('AirSyncBase:ContentType', 'application/octet-stream'),
    t('AirSyncBase:DisplayName', name),
    t('AirSyncBase:Method', 1),
    more,
  );

/** The messages of a mailbox as IMAP shows them, oldest first. */
async function inMailbox(imap: ImapFlow, path: string) {
  const lock = await imap.getMailboxLock(path);
  try {
    await imap.noop();
    const found: { uid: number; raw: string; flags: Set<string> }[] = [];
    for await (const one of imap.fetch('1:*', { uid: true, source: true, flags: true }))
      found.push({ uid: one.uid, raw: one.source!.toString('latin1'), flags: one.flags! });
    return found;
  } finally {
    lock.release();
  }
}

async function drafter(user: string, version = '16.1'): Promise<{ phone: EasPhone; drafts: PhoneFolder; imap: ImapFlow }> {
  const phone = await world.phone(user, { version, deviceId: `${user}phone` });
  const drafts = phone.folder(3);
  await phone.syncAll(drafts);
  return { phone, drafts, imap: await world.imap(user) };
}

const only = (folder: PhoneFolder): [string, Tag] => {
  assert.equal(folder.items.size, 1);
  return [...folder.items][0] as [string, Tag];
};

const pattern = (size: number): Buffer => Buffer.from(Array.from({ length: size }, (_, n) => (n * 7 + (n >> 8)) & 0xff));

describe('drafts of 16.x (MS-ASEMAIL Send, MS-ASCMD 2.2.1.21 Sync)', { concurrency: false }, () => {
  for (const version of ['16.0', '16.1'])
    test(`${version}: a draft made on the phone is a draft for IMAP, with recipients, text and flags`, async () => {
      const user = `made${version.replace('.', '')}`;
      const { phone, drafts, imap } = await drafter(user, version);
      const id = phone.add(
        drafts,
        t('Email:To', 'Bob Ümläut <bob@example.test>; carol@example.test'),
        t('Email:Cc', '"Doe, Dan" <dan@example.test>'),
        t('Email2:Bcc', 'eve@example.test'),
        t('Email:Subject', 'Grüße aus dem Entwurf'),
        t('Email:Importance', 2),
        t('Email:Read', 1),
        body(2, '<p>Hello <b>you</b></p>'),
      );
      const { outcomes, added } = await phone.syncAll(drafts);
      assert.equal(outcomes.get(id)?.status, '1');
      assert.ok(outcomes.get(id)?.data?.child('Email2:ConversationId'), 'ConversationId in the response');
      assert.deepEqual(added, [], 'the phone’s own draft is not sent back');
      const [stored] = await inMailbox(imap, 'Drafts');
      assert.ok(stored);
      assert.deepEqual([...stored.flags].sort(), ['\\Draft', '\\Seen']);
      assert.match(stored.raw, /^To: =\?UTF-8\?B\?[^?]+\?= <bob@example\.test>,\r\n carol@example\.test\r$/m);
      assert.match(stored.raw, /^Cc: "Doe, Dan" <dan@example\.test>\r$/m);
      assert.match(stored.raw, /^Bcc: eve@example\.test\r$/m);
      assert.match(stored.raw, /^Importance: high\r$/m);
      assert.match(stored.raw, /Content-Type: text\/html/);
      const other = await world.phone(user, { version, deviceId: `${user}other` });
      await other.syncAll(other.folder(3));
      const [, seen] = only(other.folder(3));
      assert.equal(seen.text('Email:Subject'), 'Grüße aus dem Entwurf');
      assert.equal(seen.text('Email2:IsDraft'), '1');
      assert.equal(seen.text('Email2:Bcc'), 'eve@example.test');
      assert.equal(seen.text('Email:Importance'), '2');
    });

  test('a draft changed on the phone replaces the old one; what is not named stays', async () => {
    const { phone, drafts, imap } = await drafter('changer');
    phone.add(drafts, t('Email:To', 'bob@example.test'), t('Email:Subject', 'first'), body(1, 'text one'));
    await phone.syncAll(drafts);
    const [id] = only(drafts);
    phone.change(drafts, id, t('Email:Subject', 'second'));
    const changed = await phone.syncAll(drafts);
    assert.deepEqual([changed.deleted, changed.added.length], [[id], 1]);
    const [stored, ...more] = await inMailbox(imap, 'Drafts');
    assert.equal(more.length, 0);
    assert.match(stored!.raw, /^Subject: second\r$/m);
    assert.match(stored!.raw, /^To: bob@example\.test\r$/m);
    assert.match(stored!.raw, /text one/);
    const [next, item] = only(drafts);
    assert.equal(item.text('Email:Subject'), 'second');
    phone.change(drafts, next, t('Email:To', ''), body(2, '<i>text two</i>'));
    await phone.syncAll(drafts);
    const [last] = await inMailbox(imap, 'Drafts');
    assert.doesNotMatch(last!.raw, /^To:/m);
    assert.match(last!.raw, /<i>text two<\/i>/);
    assert.doesNotMatch(last!.raw, /text one/);
  });

  test('attachments are added, named in the answer, fetched and deleted; those that stay keep their bytes', async () => {
    const { phone, drafts, imap } = await drafter('attacher');
    const one = pattern(30_000);
    const two = Buffer.from('second file');
    const id = phone.add(
      drafts,
      t('Email:Subject', 'with files'),
      body(1, 'see files'),
      t('AirSyncBase:Attachments', file('a1', 'one — ä.bin', one), file('a2', 'two.txt', two)),
    );
    const { outcomes } = await phone.syncAll(drafts);
    const named = outcomes.get(id)?.data?.child('AirSyncBase:Attachments')?.all('AirSyncBase:Attachment') ?? [];
    assert.deepEqual(
      named.map((each) => each.text('AirSyncBase:ClientId')),
      ['a1', 'a2'],
    );
    const fetched = await phone.fetchAttachment(named[0]!.text('AirSyncBase:FileReference')!);
    assert.deepEqual(fetched.data, one);
    const [draft] = only(drafts);
    phone.change(
      drafts,
      draft,
      t(
        'AirSyncBase:Attachments',
        t('AirSyncBase:Delete', t('AirSyncBase:FileReference', named[1]!.text('AirSyncBase:FileReference')!)),
        file('a3', 'three.bin', pattern(10)),
      ),
    );
    const changed = await phone.syncAll(drafts);
    assert.equal(changed.outcomes.get(draft)?.status, '1');
    const [, item] = only(drafts);
    const listed = item.child('AirSyncBase:Attachments')?.all('AirSyncBase:Attachment') ?? [];
    assert.deepEqual(
      listed.map((each) => each.text('AirSyncBase:DisplayName')),
      ['one — ä.bin', 'three.bin'],
    );
    assert.deepEqual((await phone.fetchAttachment(listed[0]!.text('AirSyncBase:FileReference')!)).data, one);
    assert.match((await inMailbox(imap, 'Drafts'))[0]!.raw, /see files/);
  });

  test('an attachment of another message can’t be deleted: item Status 6', async () => {
    const { phone, drafts } = await drafter('meddler');
    phone.add(drafts, t('Email:Subject', 'mine'), body(1, 'x'));
    await phone.syncAll(drafts);
    const [id] = only(drafts);
    const foreign = t('AirSyncBase:Delete', t('AirSyncBase:FileReference', `${id}1:2`));
    phone.change(drafts, id, t('AirSyncBase:Attachments', foreign));
    const { outcomes } = await phone.syncAll(drafts);
    assert.equal(outcomes.get(id)?.status, '6');
  });

  test('Send with an Add: the message goes out once, lies in Sent and no longer in Drafts', async () => {
    const { phone, drafts, imap } = await drafter('sender');
    const id = phone.nextClientId();
    const data = t(
      'AirSync:ApplicationData',
      t('Email:To', 'out@elsewhere.test'),
      t('Email:Subject', 'sent by Add'),
      body(1, 'hi'),
    );
    drafts.pending.push({ kind: 'Add', id, data, send: true });
    await assert.rejects(phone.sync([drafts], { lose: 'answer' }), LostAnswer);
    const { outcomes } = await phone.syncAll(drafts);
    assert.equal(outcomes.get(id)?.status, '1');
    assert.equal(drafts.items.size, 0);
    assert.equal(world.submission.messages.filter(({ raw }) => /^Subject: sent by Add\r$/m.test(String(raw))).length, 1);
    assert.equal((await inMailbox(imap, 'Drafts')).length, 0);
    const sent = await inMailbox(imap, 'Sent');
    assert.equal(sent.length, 1);
    assert.match(sent[0]!.raw, /^Subject: sent by Add\r$/m);
  });

  test('Send with a Change: the changed draft goes out, with its attachment and without Bcc in what others get', async () => {
    const { phone, drafts, imap } = await drafter('finisher');
    const bytes = pattern(5000);
    phone.add(
      drafts,
      t('Email:To', 'out@elsewhere.test'),
      t('Email2:Bcc', 'secret@elsewhere.test'),
      t('Email:Subject', 'draft of a mail'),
      body(2, '<p>soon</p>'),
      t('AirSyncBase:Attachments', file('a1', 'f.bin', bytes)),
    );
    await phone.syncAll(drafts);
    const [id] = only(drafts);
    const data = t('AirSync:ApplicationData', t('Email:Subject', 'finished mail'));
    drafts.pending.push({ kind: 'Change', id, data, send: true });
    await phone.syncAll(drafts);
    assert.equal(drafts.items.size, 0);
    const out = world.submission.messages.find(({ raw }) => /^Subject: finished mail\r$/m.test(String(raw)));
    assert.deepEqual([...out!.to].sort(), ['out@elsewhere.test', 'secret@elsewhere.test']);
    assert.doesNotMatch(String(out!.raw), /^Bcc:/m);
    assert.ok(String(out!.raw).replace(/\s/g, '').includes(bytes.toString('base64')));
    assert.equal((await inMailbox(imap, 'Drafts')).length, 0);
  });

  test('Send without a recipient is Status 183, and nothing is lost', async () => {
    const { phone, drafts, imap } = await drafter('nobody');
    phone.add(drafts, t('Email:Subject', 'to whom?'), body(1, 'x'));
    await phone.syncAll(drafts);
    const [id] = only(drafts);
    drafts.pending.push({ kind: 'Change', id, data: undefined, send: true });
    const { outcomes } = await phone.syncAll(drafts);
    assert.equal(outcomes.get(id)?.status, '183');
    assert.equal((await inMailbox(imap, 'Drafts')).length, 1);
  });

  test('a draft as MIME (Body Type 4) keeps its bytes', async () => {
    const { phone, drafts, imap } = await drafter('mimer');
    const mime = message({ from: address('mimer'), to: 'bob@example.test', subject: 'as MIME', text: 'raw  text\r\nhere' });
    const id = phone.add(drafts, body(4, mime));
    const { outcomes } = await phone.syncAll(drafts);
    assert.equal(outcomes.get(id)?.status, '1');
    const [stored] = await inMailbox(imap, 'Drafts');
    assert.match(stored!.raw, /^Subject: as MIME\r$/m);
    assert.ok(stored!.raw.endsWith(mime.slice(mime.indexOf('\r\n\r\n'))));
  });

  test('a draft made in another program comes to the phone, and so does its change', async () => {
    const { phone, drafts, imap } = await drafter('writer');
    await imap.append('Drafts', message({ subject: 'from the desk', text: 'one' }), ['\\Draft']);
    await eventually(
      'the draft',
      () => phone.syncAll(drafts),
      () => drafts.items.size === 1,
    );
    const [id, item] = only(drafts);
    assert.equal(item.text('Email2:IsDraft'), '1');
    phone.change(drafts, id, body(1, 'two'));
    await phone.syncAll(drafts);
    const [stored] = await inMailbox(imap, 'Drafts');
    assert.match(stored!.raw, /\r\n\r\ntwo/);
    assert.match(stored!.raw, /^Subject: from the desk\r$/m);
  });

  test('below 16.0, and outside Drafts, an Add of mail is item Status 6', async () => {
    const { phone, drafts } = await drafter('older', '14.1');
    const id = phone.add(drafts, t('Email:Subject', 'no'), body(1, 'x'));
    assert.equal((await phone.syncAll(drafts)).outcomes.get(id)?.status, '6');
    const { phone: newer } = await drafter('newer');
    const inbox = newer.folder(2);
    await newer.syncAll(inbox);
    const other = newer.add(inbox, t('Email:Subject', 'no'), body(1, 'x'));
    assert.equal((await newer.syncAll(inbox)).outcomes.get(other)?.status, '6');
  });

  test('two hundred drafts in one request, sent again after a lost answer, make two hundred drafts', async () => {
    const { phone, drafts, imap } = await drafter('hoarder');
    for (let n = 0; n < 200; n++) phone.add(drafts, t('Email:Subject', `draft ${n}`), body(1, `text ${n}`));
    await assert.rejects(phone.sync([drafts], { lose: 'answer', timeout: 120_000 }), LostAnswer);
    await phone.syncAll(drafts, { timeout: 120_000 });
    assert.equal(drafts.items.size, 200);
    const stored = await inMailbox(imap, 'Drafts');
    assert.equal(new Set(stored.map(({ raw }) => /^Subject: (.*)\r$/m.exec(raw)?.[1])).size, 200);
    assert.equal(stored.length, 200);
  });

  test('a gateway that is killed amid many drafts makes none twice', async () => {
    const { phone, drafts, imap } = await drafter('crasher');
    for (let n = 0; n < 120; n++) phone.add(drafts, t('Email:Subject', `draft ${n}`), body(1, `text ${n}`));
    const lost = assert.rejects(phone.sync([drafts], { timeout: 120_000 }));
    await eventually(
      'some drafts',
      () => inMailbox(imap, 'Drafts'),
      (stored) => stored.length >= 20,
    );
    await world.gateway.kill('SIGKILL');
    await lost;
    world.gateway = await world.gateway.restart();
    await phone.syncAll(drafts, { timeout: 120_000 });
    assert.equal(drafts.items.size, 120);
    assert.equal((await inMailbox(imap, 'Drafts')).length, 120);
  });
});
