import type { ImapFlow } from 'imapflow';
import type { EasPhone } from '../../test/support/eas-phone.js';
import { startGateway } from '../../test/support/gateway.js';
import { type CountingProxy, imapCommands, postgresRoundTrips, startCountingProxy } from '../support/counting-proxy.js';
import { message } from '../support/data.js';
import { LeanSync } from '../support/lean-sync.js';
import { format, type Report } from '../support/report.js';
import { rig } from '../support/rig.js';
import { interleaved } from '../support/timing.js';

const MESSAGES = 1_000;
const ROUNDS = 5;
const HEADERS = ['references', 'thread-topic', 'thread-index', 'importance', 'x-priority'];

/** The first Sync of an INBOX of 1,000 messages against a bare imapflow loop that fetches the same parts. */
export async function firstSyncAgainstImap(): Promise<Report> {
  const world = await rig();
  await fill('firstsync', MESSAGES);
  const imap = await world.imap('firstsync');
  const phone = await world.phone('firstsync', { deviceId: 'firstsync' });
  const client = new LeanSync(phone, phone.folder(2).id);
  const sync = async () => {
    const items = await client.first();
    if (items !== MESSAGES) throw new Error(`${items} messages`);
  };
  const [served = 1, bare = 0] = await interleaved([sync, () => bareLoop(imap)], ROUNDS);
  return {
    name: `eas first Sync of ${MESSAGES} messages, rate / rate of a bare IMAP loop`,
    value: bare / served,
    unit: '×',
    aim: { operator: '>=', value: 0.5 },
    detail: `${format((MESSAGES / served) * 1000)} messages/s, ${format((MESSAGES / bare) * 1000)} messages/s bare, median of ${ROUNDS} interleaved rounds`,
  };
}

/** What the Sync needs: envelope, structure, flags, some header fields, and the HTML part, in two passes. */
async function bareLoop(imap: ImapFlow): Promise<void> {
  const lock = await imap.getMailboxLock('INBOX');
  try {
    const query = {
      uid: true,
      flags: true,
      envelope: true,
      bodyStructure: true,
      internalDate: true,
      size: true,
      headers: HEADERS,
    };
    const bySection = new Map<string, number[]>();
    for (const { uid, bodyStructure } of await imap.fetchAll('1:*', query)) {
      const section = bodyStructure?.type === 'multipart/mixed' ? '1.2' : '2';
      bySection.set(section, [...(bySection.get(section) ?? []), uid]);
    }
    let parts = 0;
    for (const [section, uids] of bySection) {
      const bodyParts = [{ key: section, start: 0, maxLength: 200_000 }];
      for await (const { bodyParts: found } of imap.fetch(uids.join(','), { uid: true, bodyParts }, { uid: true })) {
        parts += found?.size ?? 0;
      }
    }
    if (parts !== MESSAGES) throw new Error(`${parts} parts`);
  } finally {
    lock.release();
  }
}

/** SQL round trips of a Sync without changes. */
export async function noChangeRoundTrips(): Promise<Report> {
  const { sql } = await countedSync();
  return {
    name: 'eas Sync without changes, SQL round trips',
    value: sql.length,
    unit: '',
    aim: { operator: '<=', value: 1 },
    detail: `seen at a proxy before PostgreSQL, INBOX of ${MESSAGES} messages`,
  };
}

/** IMAP commands of a Sync without changes. */
export async function noChangeCommands(): Promise<Report> {
  const { imap } = await countedSync();
  return {
    name: 'eas Sync without changes, IMAP commands',
    value: imap.length,
    unit: '',
    aim: { operator: '<=', value: 2 },
    detail: `seen at a proxy before Dovecot: ${imap.join(', ') || 'none'}`,
  };
}

let counted: Promise<{ sql: string[]; imap: string[] }> | undefined;

function countedSync(): Promise<{ sql: string[]; imap: string[] }> {
  counted ??= countSync();
  return counted;
}

async function countSync(): Promise<{ sql: string[]; imap: string[] }> {
  const world = await rig();
  await fill('counted', MESSAGES);
  const target = new URL(world.databaseUrl);
  const sql = await startCountingProxy(postgresAddress(target), postgresRoundTrips);
  const imap = await startCountingProxy({ host: '127.0.0.1', port: world.dovecot.ports.imap }, imapCommands);
  const gateway = await startGateway({
    databaseUrl: `postgres://${target.username || 'postgres'}@127.0.0.1:${sql.port}${target.pathname}`,
    imapUrl: `imap://127.0.0.1:${imap.port}?tls=off`,
    env: { LOG_LEVEL: 'warn' },
  });
  const phone = await world.phone('counted', { url: gateway.url, deviceId: 'counted' });
  const inbox = phone.folder(2);
  await phone.syncAll(inbox);
  const result = await leastOf(phone, sql, imap);
  await gateway.stop();
  return result;
}

/** Where the server of a connection URL listens: host and port, or the socket in the folder that `host` names. */
function postgresAddress(url: URL): { host: string; port: number } | { path: string } {
  const folder = url.searchParams.get('host');
  const port = url.port || url.searchParams.get('port') || '5432';
  return folder ? { path: `${folder}/.s.PGSQL.${port}` } : { host: url.hostname, port: Number(port) };
}

/** The cheapest of some requests: pooled connections also say hello and goodbye now and then. */
async function leastOf(phone: EasPhone, sql: CountingProxy, imap: CountingProxy): Promise<{ sql: string[]; imap: string[] }> {
  const runs: { sql: string[]; imap: string[] }[] = [];
  for (let run = 0; run < 5; run++) {
    sql.take();
    imap.take();
    await phone.sync([phone.folder(2)]);
    runs.push({ sql: sql.take(), imap: imap.take() });
  }
  return runs.sort((a, b) => a.sql.length + a.imap.length - b.sql.length - b.imap.length)[0] as (typeof runs)[0];
}

async function fill(user: string, messages: number): Promise<void> {
  const imap = await (await rig()).imap(user);
  for (let n = 0; n < messages; n++) {
    await imap.append('INBOX', message(n, `${user}@example.test`), [], new Date(Date.UTC(2026, 9, 1) + n * 60_000));
  }
}
