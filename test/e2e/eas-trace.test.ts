import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { PASSWORD } from '../support/dovecot.js';
import { type EasPhone, t } from '../support/eas-phone.js';
import { contact, event } from '../support/eas-phone-items.js';
import { address, eventually, message, startWorld, type World } from '../support/eas-phone-world.js';
import type { Gateway } from '../support/gateway.js';
import { builtPath } from '../support/paths.js';

/** A line of the log about a traced request. */
interface TraceLine {
  readonly device: string;
  readonly command: string;
  readonly direction: 'request' | 'answer';
  readonly http?: number;
  readonly bytes?: number;
  readonly ms?: number;
  readonly document?: object;
  readonly requestId: string;
}

const DEVICE = 'tracedphone';
const word = 'zwiebelkuchen';
/** What people wrote, by place: none of it may be in a log. */
const SECRETS = [
  'subject',
  'body',
  'html',
  'sender',
  'attachment',
  'event',
  'notes',
  'place',
  'surname',
  'query',
  'reply',
  'pin',
].map((place) => `${word}-${place}`);

let world: World;
let other: Gateway;
let phone: EasPhone;
before(async () => {
  world = await startWorld();
  other = await world.secondGateway();
  phone = await world.phone('alice', { deviceId: DEVICE });
});

function linesOf(gateway: Gateway): TraceLine[] {
  const lines = gateway.logs().split('\n').filter((line) => line.includes('"trace":true')); // biome-ignore format: one line
  return lines.map((line) => JSON.parse(line) as TraceLine);
}

/** The answer's line is written when the last byte is out: after the phone has it. */
const answersAt = (gateway: Gateway, count: number) =>
  eventually(
    'the lines of the answers',
    async () => linesOf(gateway),
    (lines) => lines.filter(({ direction }) => direction === 'answer').length >= count,
  );

async function order(...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [builtPath('src', 'cli.js'), 'devices', address('alice'), DEVICE, ...words], {
    env: { PATH: process.env.PATH, DATABASE_URL: world.databaseUrl, IMAP_URL: world.dovecot.url },
  }); // biome-ignore format: one call
  return stdout;
}

/** Everything a phone does with what people write. */
async function liveADay(): Promise<void> {
  const [body, html] = [`${word}-body`, `<p>${word}-html</p>`];
  const attachment = { name: `${word}-attachment.txt`, type: 'text/plain', data: Buffer.from(`${word}-attachment`) };
  const from = `"${word}-sender" <${word}-sender@example.test>`;
  await world.dovecot.deliver(address('alice'), message({ subject: `${word}-subject`, from, html, attachment }));
  const [inbox, calendar, contacts] = [2, 8, 9].map((type) => phone.folder(type)) as [never, never, never];
  const { added } = await phone.syncAll(inbox);
  await phone.fetchItem(inbox, added[0]!, { body: 4, mimeSupport: 2 });
  phone.add(calendar, ...event('16.1', { subject: `${word}-event`, start: '20270301T090000Z', end: '20270301T100000Z', location: `${word}-place`, body: `${word}-notes` })); // biome-ignore format: one line
  await phone.sync([calendar]);
  phone.add(contacts, ...contact({ first: 'A', last: `${word}-surname` }));
  await phone.sync([contacts]);
  await phone.sendMail(message({ to: address('bob'), subject: `${word}-reply`, text: body }));
  await phone.search('Mailbox', [t('Search:And', t('AirSync:Class', 'Email'), t('Search:FreeText', `${word}-query`))]);
  await phone.settings(t('Settings:DevicePassword', t('Settings:Set', t('Settings:Password', `${word}-pin`))));
}

describe('the trace of a device', { concurrency: false }, () => {
  test('is off until an operator switches it on', async () => {
    await phone.folderSync();
    assert.deepEqual(linesOf(world.gateway), []);
    assert.match(await order('trace', 'on', '--minutes', '30'), /\ttraced until 20/);
    assert.match(await order(), /\ttraced until 20/);
    await assert.rejects(order('trace', 'on', '--minutes', '100000'), /1440 minutes/);
    await assert.rejects(order('trace', 'maybe'), /trace off/);
  });

  test('shows what was said and answered, and nothing of what people wrote', async () => {
    await liveADay();
    const commands = ['Sync', 'ItemOperations', 'SendMail', 'Search', 'Settings'];
    const lines = await answersAt(world.gateway, 8);
    for (const command of commands) {
      const own = lines.filter((line) => line.command === command);
      const [request] = own;
      const answer = own.find((line) => line.direction === 'answer' && line.requestId === request?.requestId);
      assert.equal(request?.direction, 'request', command);
      assert.ok((request?.bytes ?? 0) > 0 && request?.document, command);
      assert.ok(answer?.http === 200 && answer.ms !== undefined, command);
    }
    const text = JSON.stringify(lines);
    assert.match(text, /\{"AirSync:CollectionId":"\d+"\}.*\{"Email:Subject":"\(text \d+\)"\}/);
    assert.match(text, /\{"Email:DateReceived":"20/);
    assert.match(text, /\{"ComposeMail:Mime":"\((text|bytes) \d+\)"\}/);
    assert.ok(lines.every(({ device }) => device === DEVICE));
  });

  test('goes on at another process, also for what can not be read at all', async () => {
    const there = await world.phone('alice', { deviceId: DEVICE, url: other.url }, { fresh: true });
    there.policyKey = phone.policyKey;
    await there.raw({ command: 'FolderSync', body: t('FolderHierarchy:FolderSync', t('FolderHierarchy:SyncKey', 0)) });
    await there.raw({ command: 'Sync', body: Buffer.from(`\x03\x01\x6a\x00\x45${word}-garbage`) });
    const lines = await answersAt(other, 2);
    const [, , request, answer] = lines;
    assert.deepEqual([request?.command, request?.document, answer?.direction], ['Sync', undefined, 'answer']);
    assert.match(JSON.stringify(answer?.document ?? answer?.http), /AirSync:Status|400/);
  });

  test('a waiting request has its answer written when it comes', async () => {
    const before = linesOf(world.gateway).length;
    const inbox = phone.folder(2);
    await phone.syncAll(inbox);
    const waiting = phone.ping([inbox], 900);
    await eventually('the request', async () => linesOf(world.gateway).slice(before), (lines) => lines.some(({ command }) => command === 'Ping')); // biome-ignore format: one line
    await world.dovecot.deliver(address('alice'), message({ subject: `${word}-subject` }));
    await waiting;
    const ended = ({ command, direction }: TraceLine) => command === 'Ping' && direction === 'answer';
    const lines = await eventually('the answer', async () => linesOf(world.gateway), (all) => all.some(ended)); // biome-ignore format: one line
    assert.match(JSON.stringify(lines.find(ended)?.document), /"Ping:Status":"2"/);
  });

  test('no secret is in any log', () => {
    for (const gateway of [world.gateway, other]) {
      const text = gateway.logs();
      const hidden = [
        ...SECRETS,
        word,
        PASSWORD,
        Buffer.from(`${address('alice')}:${PASSWORD}`).toString('base64'),
        'Authorization',
      ];
      for (const secret of hidden) assert.ok(!text.includes(secret), `${secret} in the log`);
    }
  });

  test('ends when the user or the operator switches it off', async () => {
    const headers = {
      authorization: `Basic ${Buffer.from(`${address('alice')}:${PASSWORD}`).toString('base64')}`,
      'content-type': 'application/json',
    };
    const set = async (body: object) => {
      const answer = await fetch(`${other.url}/api/v1/devices/${DEVICE}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return [answer.status, ((await answer.json()) as { traceUntil?: string | null }).traceUntil];
    };
    assert.equal((await set({ trace: 5 }))[0], 200);
    assert.equal((await set({ trace: 'yes' }))[0], 400);
    assert.deepEqual(await set({ trace: false }), [200, null]);
    const before = linesOf(world.gateway).length;
    await phone.folderSync();
    const done = () => world.gateway.logs().trimEnd().split('\n').at(-1) ?? '';
    await eventually('the request', async () => done(), (line) => line.includes('"FolderSync"')); // biome-ignore format: one line
    assert.equal(linesOf(world.gateway).length, before);
  });
});
