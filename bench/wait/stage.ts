import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { freshDatabase } from '../../test/support/cluster.js';
import { PASSWORD } from '../../test/support/dovecot.js';
import { EasPhone, type PhoneFolder } from '../../test/support/eas-phone.js';
import { encodeTag, t } from '../../test/support/eas-phone-wbxml.js';
import { type Gateway, startGateway } from '../../test/support/gateway.js';
import { builtPath } from '../../test/support/paths.js';
import { type CountingProxy, postgresRoundTrips, startCountingProxy } from '../support/counting-proxy.js';
import { type Fleet, type LeanImap, startFleet, startLeanImap } from './children.js';
import { copyAccount } from './populate.js';

export const PUSH_SECRET = 'a secret of the bench';
const DEVICE = 'waitphone';
const TEMPLATE = 'template@example.test';
export const waiterAddress = (n: number): string => `w${n}@example.test`;

/** Gateway processes on one database and one lean mail server, and accounts with a phone each that are ready to wait. */
export interface Stage {
  readonly gateways: readonly Gateway[];
  /** Another one with a database of its own, where nobody waits: what it takes there is what anything takes just now. */
  readonly twin: Gateway;
  readonly imap: LeanImap;
  readonly fleet: Fleet;
  readonly databaseUrl: string;
  /** Statements of all processes since the last call. */
  readonly statements: CountingProxy;
  readonly folder: { readonly inbox: string; readonly calendar: string };
  /** The wire form of a phone's Ping for its INBOX, calendar or both. */
  request(n: number, wish: Wish): { readonly port: number; readonly ping: string };
}

export interface Wish {
  readonly folders: 'inbox' | 'calendar' | 'both';
  readonly seconds: number;
}

export interface StageOptions {
  readonly accounts: number;
  readonly processes: number;
  /** Whether the mail server pushes, so that no connection waits. */
  readonly push: boolean;
  /** Instead of the lean mail server. */
  readonly imapUrl?: string;
}

export async function setStage(options: StageOptions): Promise<Stage> {
  const database = new URL(await freshDatabase());
  const socket = database.searchParams.get('host');
  const port = Number(database.searchParams.get('port') ?? (database.port || 5432));
  const target = socket ? { path: `${socket}/.s.PGSQL.${port}` } : { host: database.hostname, port };
  const statements = await startCountingProxy(target, postgresRoundTrips);
  const counted = new URL(database);
  counted.searchParams.delete('host');
  counted.searchParams.delete('port');
  counted.hostname = '127.0.0.1';
  counted.port = String(statements.port);
  const imap = await startLeanImap();
  const settings = {
    databaseUrl: counted.href,
    imapUrl: options.imapUrl ?? imap.url,
    env: {
      LOG_LEVEL: 'warn',
      // As delivered: what it remembers of each phone is to be counted.
      EAS_DAMPING: 'on',
      ...nodeOptions(),
      ...(options.push && { PUSH_SECRET }),
    },
  };
  const gateways = await Promise.all(Array.from({ length: options.processes }, () => startGateway(settings)));
  const twin = await startGateway({ ...settings, databaseUrl: await freshDatabase() });
  const folder = await makeTemplate(gateways[0] as Gateway);
  await copyAccount(database.href, TEMPLATE, 'w', options.accounts);
  const phone = folder.phone;
  return {
    gateways,
    twin,
    imap,
    fleet: startFleet(),
    databaseUrl: database.href,
    statements,
    folder: { inbox: folder.inbox.id, calendar: folder.calendar.id },
    request: (n, wish) => requestOf(gateways[n % gateways.length] as Gateway, phone, folder, n, wish),
  };
}

/** WAIT_NODE_OPTIONS for the gateway, which tidies its memory when asked; with BENCH_PROFILE a folder into which it writes a CPU profile. */
function nodeOptions(): Record<string, string> {
  const { WAIT_NODE_OPTIONS = '', BENCH_PROFILE } = process.env;
  const hooks = ['collect-hook.js', ...(BENCH_PROFILE ? ['profile-hook.js'] : [])];
  const imports = hooks.map((hook) => `--import=${builtPath('bench', 'support', hook)}`);
  return { ...(BENCH_PROFILE && { BENCH_PROFILE }), NODE_OPTIONS: [WAIT_NODE_OPTIONS, ...imports].join(' ').trim() };
}

interface Template {
  readonly phone: EasPhone;
  readonly inbox: PhoneFolder;
  readonly calendar: PhoneFolder;
}

async function makeTemplate(gateway: Gateway): Promise<Template> {
  const phone = new EasPhone({ url: gateway.url, user: TEMPLATE, password: PASSWORD, deviceId: DEVICE });
  await phone.provision();
  await phone.folderSync();
  const [inbox, calendar] = [phone.folder(2), phone.folder(8)];
  for (const folder of [inbox, calendar]) await phone.syncAll(folder);
  // What a Ping leaves behind is copied, too: a phone that waits again writes nothing.
  for (const folders of [[inbox], [calendar], [inbox, calendar]])
    await phone.ping(folders, 3540, { signal: AbortSignal.timeout(1_500) }).catch(() => undefined);
  phone.close();
  return { phone, inbox, calendar };
}

function requestOf({ port }: Gateway, phone: EasPhone, { inbox, calendar }: Template, n: number, wish: Wish) {
  const folders = { inbox: [inbox], calendar: [calendar], both: [inbox, calendar] }[wish.folders];
  const ping = t(
    'Ping:Ping',
    t('Ping:HeartbeatInterval', wish.seconds),
    t(
      'Ping:Folders',
      folders.map(({ id, kind }) => t('Ping:Folder', t('Ping:Id', id), t('Ping:Class', kind ?? 'Email'))),
    ),
  );
  return {
    port,
    ping: http(n, phone, 'Ping', encodeTag(ping)).toString('base64'),
  };
}

function http(n: number, phone: EasPhone, command: string, body: Buffer): Buffer {
  const user = waiterAddress(n);
  const query = new URLSearchParams({ Cmd: command, User: user, DeviceId: DEVICE, DeviceType: phone.wire.identity.deviceType });
  const head = [
    `POST /Microsoft-Server-ActiveSync?${query} HTTP/1.1`,
    'Host: 127.0.0.1',
    `Authorization: Basic ${Buffer.from(`${user}:${PASSWORD}`).toString('base64')}`,
    `User-Agent: ${phone.wire.identity.userAgent}`,
    'Content-Type: application/vnd.ms-sync.wbxml',
    `MS-ASProtocolVersion: ${phone.version}`,
    `X-MS-PolicyKey: ${phone.policyKey}`,
    `Content-Length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}

/** The sum of a gauge over the processes. */
export async function gauge({ gateways }: Pick<Stage, 'gateways'>, name: string): Promise<number> {
  const texts = await Promise.all(gateways.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
  const pattern = new RegExp(`^${name}(?:\\{[^}]*\\})? ([\\d.e+-]+)`, 'm');
  return texts.reduce((sum, text) => sum + Number(pattern.exec(text)?.[1] ?? 0), 0);
}

/** Lets the phones wait, besides so many that do, and returns when the gateway says that they do. */
export async function park(stage: Stage, phones: readonly number[], wish: Wish, besides = 0): Promise<void> {
  const failed = await stage.fleet.join(phones.map((n) => stage.request(n, wish)));
  if (failed > 0) throw new Error(`${failed} phones could not connect`);
  await untilGauge(stage, 'gateway_waiting_requests', besides + phones.length);
}

export async function untilGauge(stage: Pick<Stage, 'gateways'>, name: string, least: number, ms = 600_000): Promise<void> {
  const end = Date.now() + ms;
  let last = -1;
  while (last < least) {
    if (Date.now() > end) throw new Error(`${name} stays at ${last}, ${least} were wanted`);
    last = await gauge(stage, name);
    if (last < least) await sleep(500);
  }
}

/** Resident kilobytes of all gateway processes. */
export async function resident({ gateways }: Pick<Stage, 'gateways'>): Promise<number> {
  const sizes = await Promise.all(
    gateways.map(async ({ pid }) => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1])),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The same when the processes have collected their garbage and the figure stays. */
export async function settled(stage: Pick<Stage, 'gateways'>): Promise<number> {
  for (const { pid } of stage.gateways) process.kill(pid, 'SIGUSR2');
  let last = -1;
  for (let round = 0; round < 30; round++) {
    await sleep(1_000);
    const now = await resident(stage);
    if (round > 2 && Math.abs(now - last) < last * 0.002) return now;
    last = now;
  }
  return last;
}

export async function openFiles(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}
