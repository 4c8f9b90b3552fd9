import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { alive, damaged, Mutator, seeds } from '../support/eas-fuzz.js';
import { type EasPhone, LostAnswer, type Tag } from '../support/eas-phone.js';
import { random } from '../support/eas-phone-chaos.js';
import { encodeTag } from '../support/eas-phone-wbxml.js';
import type { WireAnswer } from '../support/eas-phone-wire.js';
import { type EasServer, startEasServer } from '../support/eas-server.js';

/** The gateway's own endpoint over PostgreSQL gets documents that no phone sends. */
const SEED = Number(process.env.EAS_FUZZ_SEED ?? 20261126);
const CASES = Number(process.env.EAS_FUZZ_CASES ?? 10_000);
const VERSIONS = ['2.5', '12.1', '14.1', '16.1'] as const;
/** A document that changes is followed by so many cases with the keys that the answer gave. */
const ROUND = 250;

let server: EasServer;
let phone: EasPhone;
const keys = new Map<string, string>();
let roll: () => number;

before(async () => {
  server = await startEasServer();
  roll = random(SEED);
  for (let n = 1; n <= 30; n++) server.mail.deliver('INBOX', { subject: `Message ${n}` });
  await begin();
});
after(() => server.close());

/** A phone that is set up, and knows the keys of its folders. */
async function begin(): Promise<void> {
  phone?.close();
  const version = VERSIONS[Math.floor(roll() * VERSIONS.length)]!;
  const identity = { version, deviceId: `fuzz${Math.floor(roll() * 1e9)}`, base64: roll() < 0.3 };
  phone = await server.ready(identity);
  keys.clear();
  for (const folder of phone.folders.values()) {
    if (!folder.kind || !['2', '8', '9'].includes(folder.type)) continue;
    await phone.syncAll(folder);
    keys.set(folder.id, folder.syncKey);
  }
}

/** Ids and keys as they are now; the key fits to the folder that was named last. */
function live(): ReadonlyMap<string, () => string> {
  const any = <T>(values: readonly T[]): T => values[Math.floor(roll() * values.length)] as T;
  const folder = any([...keys.keys()]);
  const items = [...(phone.folders.get(folder)?.items.keys() ?? [])];
  const id = () => any(items) ?? `${folder}:1`;
  return new Map<string, () => string>([
    ['AirSync:CollectionId', () => folder],
    ['AirSync:SyncKey', () => keys.get(folder) ?? '0'],
    ['AirSync:ServerId', id],
    ['FolderHierarchy:SyncKey', () => phone.folderKey],
    ['GetItemEstimate:CollectionId', () => folder],
    ['Ping:Id', () => folder],
    ['Move:SrcMsgId', id],
    ['Move:SrcFldId', () => folder],
    ['Move:DstFldId', () => any([...phone.folders.keys()])],
    ['ComposeMail:FolderId', () => folder],
    ['ComposeMail:ItemId', id],
    ['MeetingResponse:CollectionId', () => folder],
    ['MeetingResponse:RequestId', id],
    ['Provision:PolicyKey', () => phone.policyKey ?? '0'],
  ]);
}

/** Keeps the keys that an answer gave, so that the next documents are taken for more than a wrong key. */
function learn(tree: Tag | undefined): void {
  for (const tag of tree ? [tree, ...tree.walk()] : []) {
    if (tag.local === 'Collection') {
      const [id, key] = [tag.text('AirSync:CollectionId'), tag.text('AirSync:SyncKey')];
      if (id && key && key !== '0' && keys.has(id)) keys.set(id, key);
    }
    if (tag.name === 'FolderHierarchy:SyncKey' && typeof tag.value === 'string' && tag.value !== '0') phone.folderKey = tag.value;
  }
}

/** Before 14.0 the specification has no other word for a message that can't be sent than 500 (MS-ASCMD 2.2.2). */
const mayBe500 = (command: string) => Number(phone.version) < 14 && /^(SendMail|Smart)/.test(command);

/** No 5xx (but 501 for what does not exist, and 503 for what is repeated too often), an answer that can be read, within its time. */
async function survive(command: string, what: () => string, send: () => Promise<WireAnswer>): Promise<WireAnswer | undefined> {
  try {
    const answer = await send();
    const damped = answer.status === 503 && answer.headers['x-ms-asthrottle'] !== undefined;
    const allowed = answer.status < 500 || answer.status === 501 || damped || (answer.status === 500 && mayBe500(command));
    assert.ok(allowed, `HTTP ${answer.status}`);
    return answer;
  } catch (error) {
    throw new Error(`${what()} (EAS_FUZZ_SEED=${SEED}): ${error instanceof LostAnswer ? 'the line was cut' : error}`, {
      cause: error,
    });
  }
}

describe(`${CASES} documents of a fuzzer (EAS_FUZZ_CASES, EAS_FUZZ_SEED)`, { concurrency: false }, () => {
  test('bring no 5xx, no cut line, no answer that can’t be read, no hang', { timeout: 550_000 }, async (context) => {
    const all = seeds();
    const mutator = new Mutator(roll, all);
    const statuses = new Map<string, number>();
    for (let n = 0; n < CASES; n++) {
      if (n % ROUND === ROUND - 1) await begin();
      const { command, document } = all[Math.floor(roll() * all.length)]!;
      const mutant = mutator.document(alive(document, live()), 1 + Math.floor(roll() * 3));
      const raw = roll() < 0.5;
      const body = raw ? damaged(encodeTag(mutant), roll) : encodeTag(mutant);
      const what = () => `case ${n}, ${command} ${phone.version} ${raw ? body.toString('hex').slice(0, 2000) : mutant}`;
      const answer = await survive(command, what, () => phone.raw({ command, body, timeout: 60_000 }));
      learn(answer?.tree);
      const status = `${answer?.status} ${answer?.body.length === 0 ? 'empty' : ''}`;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    context.diagnostic([...statuses].map(([status, count]) => `${count}× ${status}`).join(', '));
    assert.deepEqual(server.errors, [], 'nothing was logged as an error');
  });

  test('bad queries are 400 or the Status of the specification', async () => {
    const { url } = phone.wire.identity;
    const authorization = `Basic ${Buffer.from('alice@example.test:secret').toString('base64')}`;
    const good = 'jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l';
    for (let n = 0; n < CASES / 20; n++) {
      const query =
        roll() < 0.5 ? good.slice(0, Math.floor(roll() * good.length)) : damaged(Buffer.from(good), roll).toString('latin1');
      const answer = await fetch(`${url}/Microsoft-Server-ActiveSync?${encodeURIComponent(query)}`, {
        method: 'POST',
        headers: { authorization, 'ms-asprotocolversion': roll() < 0.5 ? '16.1' : query.slice(0, 8).replace(/[^!-~]/g, '?') },
      });
      assert.ok(answer.status < 500 || answer.status === 501, `query ${query}: ${answer.status}`);
      await answer.arrayBuffer();
    }
  });

  test('leave nothing half behind: a new phone sees every folder and item in order', async () => {
    for (const version of ['14.1', '16.1']) {
      const fresh = await server.ready({ deviceId: `after${version.replace('.', '')}`, version });
      for (const folder of fresh.folders.values()) if (folder.kind) await fresh.syncAll(folder);
      assert.ok(
        [...fresh.folders.values()].some(({ items }) => items.size > 0),
        'there is something to see',
      );
    }
    assert.deepEqual(server.errors, []);
  });
});
