import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { type Submission, startSubmission } from '../../src/demo/submission.js';
import { findRunner } from '../../src/infra/unprivileged.js';
import { onEnd, temporaryFolder } from '../support/cleanup.js';
import { type EasPhone, type Tag, t } from '../support/eas-phone.js';
import { address, eventually, message, startWorld, type World } from '../support/eas-phone-world.js';

const me = address('otto');

let world: World;
let phone: EasPhone;
/** Takes what the mail server itself sends. */
let relay: Submission;

before(async () => {
  relay = await startSubmission({ deliver: (to, raw, from) => world.dovecot.deliver(to, raw, from), isLocal: () => true });
  onEnd(() => relay.stop());
  world = await startWorld({ dovecot: { managesieve: true, relay: relay.port } });
  phone = await world.phone('otto', { deviceId: 'settings1' });
});

const oof = async (content: Tag, who = phone) => {
  const answer = (await who.settings(t('Settings:Oof', content))).child('Settings:Oof')!;
  assert.equal(answer.kids[0]?.name, 'Settings:Status');
  return answer;
};
const set = async (...content: (Tag | undefined)[]) => (await oof(t('Settings:Set', content))).text('Settings:Status');
const get = async (type = 'Text') => {
  const answer = await oof(t('Settings:Get', t('Settings:BodyType', type)));
  assert.equal(answer.text('Settings:Status'), '1');
  const found = answer.child('Settings:Get')!;
  const messages = found
    .all('Settings:OofMessage')
    .map((each) => [
      each.kids[0]?.local.replace('AppliesTo', ''),
      each.text('Settings:Enabled'),
      each.text('Settings:ReplyMessage'),
      each.text('Settings:BodyType'),
    ]);
  return {
    state: found.text('Settings:OofState'),
    start: found.text('Settings:StartTime'),
    end: found.text('Settings:EndTime'),
    messages,
  };
};
const state = (value: number) => t('Settings:OofState', value);
const reply = (audience: string, enabled: number, text?: string, type = 'Text') =>
  t(
    'Settings:OofMessage',
    t(`Settings:AppliesTo${audience}`),
    t('Settings:Enabled', enabled),
    text === undefined ? undefined : t('Settings:ReplyMessage', text),
    text === undefined ? undefined : t('Settings:BodyType', type),
  );
const sieve = (...args: string[]) => world.dovecot.doveadm('sieve', ...args);

/** What the active script of the mail server would answer a sender: Pigeonhole itself carries it out. */
async function answered(from: string): Promise<string> {
  const dir = await temporaryFolder('gw-sieve');
  const runner = await findRunner();
  const list = await sieve('list', '-u', me);
  const active = /^(.*) ACTIVE/m.exec(list)?.[1]?.trim();
  const text = active ? await sieve('get', '-u', me, active) : 'keep;';
  const script = text.replace(/^sieve script:\s*/, '');
  await writeFile(join(dir, 'script.sieve'), script);
  await writeFile(join(dir, 'mail.eml'), message({ from, to: me, subject: 'Hello', text: 'x' }));
  await writeFile(
    join(dir, 'conf'),
    `mail_uid = 65534\nmail_gid = 65534\nfirst_valid_uid = 1\nmail_location = maildir:${dir}/mail\n`,
  );
  await mkdir(join(dir, 'mail'));
  const argv = ['sieve-test', '-c', join(dir, 'conf'), '-r', me, '-f', from, join(dir, 'script.sieve'), join(dir, 'mail.eml')];
  const [command, ...args] = runner.wrap(argv);
  const { stdout } = await promisify(execFile)(command, args, { cwd: dir });
  return /START MESSAGE\n([\s\S]*?)\nEND MESSAGE/.exec(stdout)?.[1] ?? '';
}

const COLLEAGUE = 'bob@example.test';
const STRANGER = 'someone@elsewhere.test';

describe('Settings Oof (MS-ASCMD 2.2.1.18, Oof) through ManageSieve', { concurrency: false }, () => {
  test('is off at first, with a message for each audience', async () => {
    const { state: now, messages } = await get();
    assert.equal(now, '0');
    assert.deepEqual(
      messages.map(([audience]) => audience),
      ['Internal', 'ExternalKnown', 'ExternalUnknown'],
    );
    assert.deepEqual(
      messages.map(([, enabled]) => enabled),
      ['0', '0', '0'],
    );
  });

  test('switched on, the mail server answers: colleagues with one text, others with another', async () => {
    const inside = 'In den Ferien.\r\n"Bis" bald \\o/';
    assert.equal(
      await set(state(1), reply('Internal', 1, inside), reply('ExternalKnown', 1, 'Away'), reply('ExternalUnknown', 1, 'Away')),
      '1',
    );
    const { state: now, messages } = await get();
    assert.equal(now, '1');
    assert.deepEqual(messages, [
      ['Internal', '1', inside, 'Text'],
      ['ExternalKnown', '1', 'Away', 'Text'],
      ['ExternalUnknown', '1', 'Away', 'Text'],
    ]);
    assert.equal((await answered(COLLEAGUE)).replace(/\r/g, ''), inside.replace(/\r/g, ''));
    assert.equal(await answered(STRANGER), 'Away');
  });

  test('the reply arrives, from the user, once', async () => {
    const colleague = await world.imap('bob');
    for (const subject of ['Question', 'Another'])
      await world.dovecot.deliver(me, message({ from: COLLEAGUE, to: me, subject, text: '?' }), COLLEAGUE);
    const inbox = () =>
      world.dovecot.doveadm('fetch', '-u', COLLEAGUE, 'hdr.from hdr.auto-submitted body', 'mailbox', 'INBOX', 'all');
    const replies = await eventually('the reply', inbox, (found) => found.includes('Ferien'));
    assert.match(replies, new RegExp(`hdr.from: .*${me}`));
    assert.match(replies, /hdr.auto-submitted: auto-replied/);
    assert.equal(replies.split('Ferien').length, 2);
    colleague.close();
  });

  test('an audience that is switched off gets no answer; what is not named stays', async () => {
    assert.equal(await set(state(1), reply('ExternalKnown', 0), reply('ExternalUnknown', 0)), '1');
    const { messages } = await get();
    assert.deepEqual(messages[2], ['ExternalUnknown', '0', 'Away', 'Text']);
    assert.equal(await answered(STRANGER), '');
    assert.match(await answered(COLLEAGUE), /Ferien/);
  });

  test('known senders are those of the own address books', async () => {
    const dav = await world.dav('otto');
    const card = ['BEGIN:VCARD', 'VERSION:3.0', 'UID:k', 'FN:Kim', 'N:Kim;;;;', 'EMAIL:kim@elsewhere.test', 'END:VCARD', ''];
    await dav.put(`${dav.contacts}k.vcf`, card.join('\r\n'));
    assert.equal(await set(state(1), reply('ExternalKnown', 1, 'For friends'), reply('ExternalUnknown', 0)), '1');
    assert.equal(await answered('kim@elsewhere.test'), 'For friends');
    assert.equal(await answered(STRANGER), '');
  });

  test('HTML is sent as such, and shown in the form asked for', async () => {
    assert.equal(await set(state(1), reply('Internal', 1, '<p>Away &amp; <b>gone</b></p>', 'HTML')), '1');
    assert.match(await answered(COLLEAGUE), /Content-Type: text\/html[\s\S]*<p>Away &amp; <b>gone<\/b><\/p>/);
    assert.equal((await get('HTML')).messages[0]?.[2], '<p>Away &amp; <b>gone</b></p>');
    assert.match((await get('Text')).messages[0]?.[2] ?? '', /^Away & gone\s*$/);
  });

  test('between two dates only (OofState 2)', async () => {
    const times = (start: string, end: string) => [t('Settings:StartTime', start), t('Settings:EndTime', end)];
    const text = reply('Internal', 1, 'Planned');
    assert.equal(await set(state(2), ...times('2020-01-01T00:00:00.000Z', '2099-01-01T00:00:00.000Z'), text), '1');
    const { state: now, start, end } = await get();
    assert.deepEqual([now, start, end], ['2', '2020-01-01T00:00:00.000Z', '2099-01-01T00:00:00.000Z']);
    assert.equal(await answered(COLLEAGUE), 'Planned');
    assert.equal(await set(state(2), ...times('2098-01-01T00:00:00.000Z', '2099-01-01T00:00:00.000Z')), '1');
    assert.equal(await answered(COLLEAGUE), '', 'not yet');
    assert.equal(await set(state(2), ...times('2020-01-01T00:00:00.000Z', '2020-02-01T00:00:00.000Z')), '1');
    assert.equal(await answered(COLLEAGUE), '', 'no more');
    assert.equal((await get()).state, '0', 'what is over is off');
  });

  test('switched off, nobody gets an answer, and the texts are kept', async () => {
    assert.equal(await set(state(1)), '1');
    assert.equal(await answered(COLLEAGUE), 'Planned');
    assert.equal(await set(state(0)), '1');
    assert.equal(await answered(COLLEAGUE), '');
    assert.doesNotMatch(await sieve('list', '-u', me), /ACTIVE/);
    const { state: now, messages } = await get();
    assert.equal(now, '0');
    assert.equal(messages[0]?.[2], 'Planned');
  });

  test("the user's own active script goes on working, and is active alone again afterwards", async () => {
    const script = 'require "fileinto"; if header :contains "subject" "invoice" { fileinto "Trash"; }';
    await putScript('my filters', script);
    await sieve('activate', '-u', me, 'my filters');
    assert.equal(await set(state(1), reply('Internal', 1, 'Both')), '1');
    assert.match(await sieve('list', '-u', me), /out-of-office ACTIVE/);
    await world.dovecot.deliver(me, message({ to: me, from: STRANGER, subject: 'Your invoice', text: 'x' }));
    await eventually(
      'the own filter',
      () => world.dovecot.doveadm('-f', 'tab', 'fetch', '-u', me, 'hdr.subject', 'mailbox', 'Trash'),
      (found) => found.includes('Your invoice'),
    );
    assert.equal((await get()).state, '1');
    assert.equal(await set(state(0)), '1');
    assert.match(await sieve('list', '-u', me), /^my filters ACTIVE/m);
  });

  test('a script that the user activates elsewhere switches it off', async () => {
    assert.equal(await set(state(1)), '1');
    await sieve('activate', '-u', me, 'my filters');
    assert.equal((await get()).state, '0');
    await sieve('deactivate', '-u', me);
  });

  test('statuses: 2 neither Get nor Set, 5 invalid, 6 two messages for one audience', async () => {
    assert.equal((await phone.settings(t('Settings:Oof'))).text('Settings:Oof', 'Settings:Status'), '2');
    assert.equal(await set(state(3)), '5');
    assert.equal(await set(state(2), t('Settings:StartTime', '2026-01-01T00:00:00.000Z')), '5');
    assert.equal(await set(state(2), t('Settings:StartTime', 'x'), t('Settings:EndTime', 'y')), '5');
    assert.equal(
      await set(state(2), t('Settings:StartTime', '2026-02-01T00:00:00.000Z'), t('Settings:EndTime', '2026-01-01T00:00:00.000Z')),
      '5',
    );
    assert.equal(await set(state(1), reply('Internal', 1, 'a'), reply('Internal', 1, 'b')), '6');
    assert.equal(await set(state(1), reply('Internal', 1, 'x', 'RTF')), '5');
    assert.equal(await set(state(1), reply('Internal', 1, 'x'.repeat(200_000))), '5');
    const untyped = t('Settings:OofMessage', t('Settings:AppliesToInternal'), t('Settings:ReplyMessage', 'x'));
    assert.equal(await set(state(1), untyped), '5');
    const answer = await oof(t('Settings:Get', t('Settings:BodyType', 'RTF')));
    assert.equal(answer.text('Settings:Status'), '5');
  });

  test('where the mail server has no filters it is not available: Status 7; where it is away: 4', async () => {
    for (const [env, code] of [
      [{}, '7'],
      [{ SIEVE_URL: 'sieve://127.0.0.1:1?tls=off' }, '4'],
    ] as const) {
      const gateway = await world.secondGateway(env);
      const other = await world.phone('otto', { deviceId: 'settings2', url: gateway.url });
      const answer = await oof(t('Settings:Get', t('Settings:BodyType', 'Text')), other);
      assert.equal(answer.text('Settings:Status'), code);
      await gateway.stop();
    }
  });
});

describe('Settings of device and user (MS-ASCMD 2.2.1.18)', () => {
  const status = async (property: Tag) => (await phone.settings(property)).kids[1]?.text('Settings:Status');

  test('DevicePassword: the policy keeps none (7), 5 too long, 2 none', async () => {
    const password = (...content: Tag[]) => t('Settings:DevicePassword', content);
    assert.equal(await status(password(t('Settings:Set', t('Settings:Password', 'secret')))), '7');
    assert.equal(await status(password(t('Settings:Set', t('Settings:Password', 'x'.repeat(256))))), '5');
    assert.equal(await status(password()), '2');
  });

  test('RightsManagementInformation is answered as disabled (168) with no templates', async () => {
    const answer = await phone.settings(t('Settings:RightsManagementInformation', t('Settings:Get')));
    const information = answer.child('Settings:RightsManagementInformation');
    assert.equal(information?.text('Settings:Status'), '168');
    assert.equal(information?.child('Settings:Get', 'RightsManagement:RightsManagementTemplates')?.kids.length, 0);
  });

  test('properties are answered in their order, each with its Status', async () => {
    const answer = await phone.settings(
      t('Settings:UserInformation', t('Settings:Get')),
      t('Settings:DevicePassword'),
      phone.deviceInformation(),
    );
    assert.deepEqual(
      answer.kids.map(({ local }) => local),
      ['Status', 'UserInformation', 'DevicePassword', 'DeviceInformation'],
    );
  });
});

async function putScript(name: string, text: string): Promise<void> {
  const { SieveClient } = await import('../../src/infra/sieve/client.js');
  const server = {
    host: '127.0.0.1',
    port: world.dovecot.ports.managesieve!,
    security: 'none',
    verifyCertificate: true,
  } as const;
  const client = await SieveClient.connect(server, { username: me, password: 'demo' });
  await client.put(name, text);
  client.close();
}
