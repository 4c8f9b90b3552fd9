import express, { type Request, type Response, type Router } from 'express';
import type { Device } from '../../domain/devices/model.js';
import { type DevicePolicy, OPEN_POLICIES, type PolicyBook } from '../../domain/devices/policies.js';
import { MailSearches } from '../../domain/mail/search.js';
import type { Services } from '../../domain/services.js';
import type { Logger, Session } from '../../domain/types.js';
import { decode } from '../../formats/wbxml/decode.js';
import type { Element } from '../../formats/wbxml/tree.js';
import { COMMANDS, type Command, isIn, SERVED_COMMANDS } from './commands/index.js';
import { deviceKey, type EasAnswer, type EasContext, type Parked, type Runtime } from './context.js';
import { Damper, type DampingLimits, STAY_AWAY } from './damper.js';
import { Exchange } from './exchange.js';
import { checkPolicyKey, checkStanding, TRIAL_DEVICE } from './gate.js';
import { Locks } from './locks.js';
import { PULSE, type Pulse, type PulseTimes } from './pulse.js';
import { type EasQuery, MalformedQuery, parseQuery } from './query.js';
import { Responder } from './responder.js';
import { COMMON, HttpError, StatusError } from './status.js';
import { Told } from './told.js';
import { type Traced, Traces } from './trace/traces.js';
import { trialStore, unknownDevice } from './trial-store.js';
import { type EasVersion, has, isTold, versionsBetween } from './versions.js';
import { Waits } from './waits.js';

/** Major number 15: some clients choose by it what they dare to ask. */
const SERVER_VERSION = '15.1';

const SERVER_HEADERS = { 'Cache-Control': 'private', 'MS-Server-ActiveSync': SERVER_VERSION };

function versionHeaders(offered: readonly EasVersion[]) {
  return { 'MS-ASProtocolVersions': offered.join(','), 'MS-ASProtocolCommands': SERVED_COMMANDS.join(',') };
}

/** What operators and tests set. */
export interface EasOptions {
  readonly policies?: PolicyBook;
  readonly pulse?: PulseTimes;
  /** Null: a request may repeat itself for ever. */
  readonly damping?: DampingLimits | null;
}

/**
 * The ActiveSync face, to be mounted at `/Microsoft-Server-ActiveSync`. Expects `req.body` as a Buffer and
 * `res.locals.session`, `res.locals.log` from the HTTP layer. (MS-ASHTTP)
 */
export function easRouter(services: Services, options: EasOptions = {}): Router {
  const searches = new MailSearches(services.mail, services.clock);
  const runtime: Runtime = {
    locks: new Locks(),
    waits: new Waits(),
    damper: new Damper(options.damping),
    told: new Told(),
    traces: new Traces(services.clock),
    lastSync: new Map(),
    searches,
  };
  services.turns?.listen((account, { device, kind, at }) => runtime.waits.overtaken(`${account}/${device}`, kind, at));
  const router = express.Router();
  router.options('/', (req, res) => {
    const type = typeof req.query.DeviceType === 'string' ? req.query.DeviceType : '';
    const offered = versionsBetween(policyOf(options, res, req, type).versions);
    res.set({ ...SERVER_HEADERS, ...versionHeaders(offered), Allow: 'OPTIONS,POST', Public: 'OPTIONS,POST' });
    res.status(200).end();
  });
  router.post('/', (req, res) => post({ services, runtime, options }, req, res));
  router.all('/', (_req, res) => {
    res
      .set({ ...SERVER_HEADERS, Allow: 'OPTIONS,POST' })
      .status(405)
      .end();
  });
  return router;
}

function policyOf({ policies = OPEN_POLICIES }: EasOptions, res: Response, req: Request, type: string): DevicePolicy {
  const { address = '' } = (res.locals.session as Session | undefined)?.user ?? {};
  return policies.for({ type, userAgent: userAgentOf(req), address });
}

function userAgentOf(req: Request): string {
  return String(req.headers['user-agent'] ?? '').slice(0, 200);
}

/** What all requests share. */
interface Face {
  readonly services: Services;
  readonly runtime: Runtime;
  readonly options: EasOptions;
}

async function post(face: Face, req: Request, res: Response): Promise<void> {
  const { services, options } = face;
  res.set(SERVER_HEADERS);
  const log: Logger = res.locals.log ?? services.log;
  let query: EasQuery;
  try {
    query = parseQuery(req.originalUrl.slice(req.originalUrl.indexOf('?') + 1), req.headers);
  } catch (error) {
    if (!(error instanceof MalformedQuery)) throw error;
    log.info({ reason: error.message }, 'unreadable ActiveSync query');
    res.status(400).end();
    return;
  }
  res.locals.command = COMMANDS.has(query.command) ? query.command : undefined;
  res.locals.device = query.deviceId;
  const policy = policyOf(options, res, req, query.deviceType);
  const offered = versionsBetween(policy.versions);
  const version = offered.find((one) => one === query.version);
  if (!version) return refuseVersion(res, query, offered);
  const command = COMMANDS.get(query.command);
  const pulse = command?.pulse && !query.acceptMultipart ? (options.pulse ?? PULSE) : null;
  const responder = new Responder(res, { gzip: acceptsGzip(req), pulse });
  const exchange = new Exchange({ req, res, responder, version, command, log, spans: res.locals.spans });
  const changed = () => void res.set({ ...versionHeaders(offered), 'X-MS-RP': offered.join(',') });
  const session = sessionOf(res, query, version, exchange.signal);
  const bytes = Number(req.headers['content-length'] ?? 0);
  const traced: Traced = { account: session.account, query, bytes, res, responder, log };
  const way: Way = { policy, offered, changed, pulse: responder.pulse, exchange, traced, log };
  const making = run(face, query, version, command, req, session, way);
  making.catch(() => face.runtime.traces.refused(traced));
  return exchange.answer(making);
}

/** RFC 9110 §12.5.3; a weight of 0 refuses. */
function acceptsGzip(req: Request): boolean {
  const accepted = String(req.headers['accept-encoding'] ?? '').split(',');
  return accepted.some((one) => /^\s*(gzip|\*)\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/i.test(one));
}

function refuseVersion(res: Response, query: EasQuery, offered: readonly EasVersion[]): void {
  res.locals.log?.info({ version: query.version ?? null }, 'protocol version is not offered');
  res
    .set({ ...versionHeaders(offered), 'X-MS-RP': offered.join(',') })
    .status(400)
    .end();
}

function sessionOf(res: Response, query: EasQuery, version: EasVersion, signal: AbortSignal): Session {
  const session: Session = res.locals.session;
  // Up to 14.1 a phone mails invitations and answers itself (MS-ASCMD 2.2.1.11 MeetingResponse).
  const scheduling = has(version, 'serverSchedules') ? 'server' : 'client';
  return { ...session, origin: `eas:${query.deviceId}`, signal, scheduling };
}

/** What the request's own line and headers decide. */
interface Way {
  readonly policy: DevicePolicy;
  readonly offered: readonly EasVersion[];
  /** Tells the device that other versions are offered than it knows. */
  changed(): void;
  readonly pulse: Pulse;
  readonly exchange: Exchange;
  readonly traced: Traced;
  readonly log: Logger;
}

async function run(
  { services, runtime }: Face,
  query: EasQuery,
  version: EasVersion,
  command: Command | undefined,
  req: Request,
  session: Session,
  { policy, offered: versions, changed, pulse, exchange, traced, log }: Way,
): Promise<EasAnswer | Parked> {
  if (!command) throw new HttpError(501, `unknown command ${query.command.slice(0, 40)}`);
  if (query.deviceId === '') throw new StatusError(COMMON.DeviceIdMissingOrInvalid, 'no usable device id');
  if (!isIn(command, version)) throw new StatusError(COMMON.VersionNotSupported, `${version} has no ${query.command}`);
  const raw: Uint8Array = Buffer.isBuffer(req.body) ? req.body : new Uint8Array();
  req.body = undefined;
  const times = await damp(runtime, session, query, req, raw, log);
  const body = command.opaqueBody?.(version) ? null : documentOf(raw, command);
  const userAgent = userAgentOf(req);
  const trial = query.deviceId === TRIAL_DEVICE ? trialStore(unknownDevice(query, userAgent)) : undefined;
  const store = trial ?? services.devices;
  const remembered = runtime.lastSync.get(deviceKey({ session, query }))?.collections.map((collection) => collection.id);
  const wanted = command.collections(body, remembered ?? []);
  const snapshot = await store.open(session, query.deviceId, wanted);
  const known = snapshot?.device ?? unknownDevice(query, userAgent);
  runtime.traces.begin(known, body, traced);
  checkStanding(known, version, query.command);
  const offered = versions.join(',');
  // Until the device has begun anew it may not have seen it (MS-ASHTTP X-MS-RP).
  if (snapshot && !isTold(known, offered)) changed();
  if (command.needsPolicy) checkPolicyKey(known, query, policy);
  const device = await seen(known, snapshot !== null, { session, query, userAgent, store }, offered);
  const states = snapshot?.states ?? new Map();
  // A Sync that brought something is no loop; the empty request looks the same each time.
  if (query.command === 'Sync' && (times === 1 || raw.length === 0))
    exchange.onAnswer = progress(runtime.damper, deviceKey({ session, query }));
  return command.run({
    services,
    runtime,
    session,
    query,
    version,
    body,
    raw,
    device,
    policy,
    offered,
    states,
    asked: new Set(wanted),
    store,
    openedAt: snapshot?.at,
    log,
    pulse,
  });
}

const progress = (damper: Damper, device: string) => (answer: EasAnswer) => {
  if (answer.kind !== 'empty') damper.forget(device);
};

/** Holds back, and then refuses, what a device asks over and over; tells how often it did. @throws HttpError 503 */
async function damp(runtime: Runtime, session: Session, query: EasQuery, req: Request, raw: Uint8Array, log: Logger) {
  const path = req.originalUrl.slice(0, MAX_URL);
  const { count, hold, refused } = runtime.damper.note(deviceKey({ session, query }), path, raw);
  if (hold === 0) return count;
  if (count % LOGGED_EVERY === 1) log.warn({ device: query.deviceId, command: query.command, count }, 'device repeats itself');
  if (refused) throw new HttpError(503, 'the device repeats itself', throttled(query.command));
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, hold);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    session.signal?.addEventListener('abort', end, { once: true });
  });
  return count;
}

const MAX_URL = 4096;
const LOGGED_EVERY = 10;

function throttled(command: string): Record<string, string> {
  return { 'Retry-After': String(STAY_AWAY), 'X-MS-ASThrottle': `${command}Commands` };
}

/** Creates the device at its first accepted command, and keeps type, program and version as last seen. */
async function seen(
  device: Device,
  exists: boolean,
  { session, query, userAgent, store }: Pick<EasContext, 'session' | 'query' | 'store'> & { userAgent: string },
  offered: string,
): Promise<Device> {
  const now = { type: query.deviceType, userAgent, protocol: query.version ?? '' };
  const same = device.type === now.type && device.userAgent === now.userAgent && device.protocol === now.protocol;
  if (exists && same) return device;
  return store.save(session, query.deviceId, exists || isTold(device, offered) ? now : { ...now, versions: offered });
}

function documentOf(raw: Uint8Array, command: Command): Element | null {
  if (raw.length === 0) return null;
  let root: Element;
  try {
    root = decode(raw);
  } catch (error) {
    throw new StatusError(COMMON.InvalidWBXML, error instanceof Error ? error.message : 'unreadable document');
  }
  if (root.tag !== command.root) throw new StatusError(COMMON.InvalidXML, `${root.tag} is not the command's element`);
  return root;
}
