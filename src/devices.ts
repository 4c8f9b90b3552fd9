import type { Device, DevicePatch } from './domain/devices/model.js';
import { tracedUntil, traceOrder } from './domain/devices/trace.js';
import { DomainError } from './domain/errors.js';
import { ACCOUNT, HIERARCHY } from './domain/notify/hub.js';
import type { Scope } from './domain/types.js';
import { PostgresBus } from './infra/bus/postgres.js';
import { RedisBus } from './infra/bus/redis.js';
import { PostgresAccountStore } from './infra/db/account-store.js';
import { openDatabase, poolOf } from './infra/db/data-source.js';
import { PostgresDeviceStore } from './infra/db/device-store.js';
import { createLog } from './log.js';

/** What an operator can order, by the word on the command line. */
const ORDERS: Readonly<Record<string, (details: readonly string[]) => DevicePatch>> = {
  wipe: () => ({ wipe: 'pending', policyKey: 0 }),
  'wipe-account': () => ({ wipe: 'account-pending', policyKey: 0 }),
  block: () => ({ blocked: true }),
  allow: () => ({ blocked: false, wipe: 'none' }),
  trace: traceOf,
};

/** `on [--minutes N]` or `off`. @throws DomainError `invalid` */
function traceOf([word = '', option, minutes = '']: readonly string[]): { readonly traceUntil: Date } {
  if (word === 'off' && option === undefined) return traceOrder(false, new Date());
  if (word === 'on' && option === undefined) return traceOrder(true, new Date());
  if (word !== 'on' || option !== '--minutes' || !/^\d{1,6}$/.test(minutes)) {
    throw new DomainError('invalid', 'trace on [--minutes N] | trace off');
  }
  return traceOrder(true, new Date(), Number(minutes));
}

/**
 * `gateway devices ADDRESS [DEVICE [wipe|wipe-account|block|allow|trace on|trace off]]`: lists a user's devices, shows one with
 * what it could not be given, or orders something. A device that waits for changes hears of it at once.
 */
export async function devicesCommand(
  url: string,
  [address = '', id, order, ...details]: readonly string[],
): Promise<readonly string[]> {
  const database = await openDatabase(url, { poolSize: 2 });
  try {
    const user = await new PostgresAccountStore(database).byAddress(address.toLowerCase());
    if (!user) throw new DomainError('not-found', `no account ${address}`);
    const scope: Scope = { account: user.id, origin: 'operator' };
    const store = new PostgresDeviceStore(poolOf(database));
    const devices = await store.list(scope);
    if (id === undefined) return devices.map(line);
    const device = devices.find((one) => one.id === id);
    if (!device) throw new DomainError('not-found', `no device ${id}`);
    if (order === undefined) return [line(device), ...(await leftOutLines(store, scope, id))];
    const patchOf = ORDERS[order];
    if (!patchOf) throw new DomainError('invalid', `unknown word ${order}`);
    const changed = await store.save(scope, id, patchOf(details));
    await wake(url, scope);
    return [line(changed)];
  } finally {
    await database.destroy();
  }
}

function line(device: Device): string {
  const { id, type, protocol, information, compliance, wipe, blocked, userAgent } = device;
  const traced = tracedUntil(device, new Date());
  const standing = blocked ? 'blocked' : wipe === 'none' ? 'allowed' : `wipe ${wipe}`;
  const model = information.Model ?? userAgent;
  const columns = [id, type, protocol, model, `policy ${compliance || 'not acknowledged'}`, standing];
  return [...columns, ...(traced ? [`traced until ${traced.toISOString()}`] : [])].join('\t');
}

async function leftOutLines(store: PostgresDeviceStore, scope: Scope, id: string): Promise<string[]> {
  const items = await store.leftOut(scope, id);
  return items.map(({ collection, item, reason, at }) => ['left out', collection, item, reason, at.toISOString()].join('\t'));
}

/**
 * `gateway trace ADDRESS [on [--minutes N]|off]`: what the CalDAV and CardDAV programs of an account ask goes into the log for a
 * while, or no more. Without a word it tells.
 */
export async function traceCommand(url: string, [address = '', ...words]: readonly string[]): Promise<readonly string[]> {
  const database = await openDatabase(url, { poolSize: 2 });
  try {
    const accounts = new PostgresAccountStore(database);
    const user = await accounts.byAddress(address.toLowerCase());
    if (!user) throw new DomainError('not-found', `no account ${address}`);
    const patch = words.length > 0 ? traceOf(words) : undefined;
    if (patch) {
      await accounts.update(user.id, patch);
      await wake(url, { account: user.id, origin: 'operator' }, `${ACCOUNT}:changed`);
    }
    const until = tracedUntil(patch ?? user, new Date());
    return [`${user.address}\t${until ? `traced until ${until.toISOString()}` : 'not traced'}`];
  } finally {
    await database.destroy();
  }
}

/** Over the bus that the gateway listens to. */
async function wake(url: string, { account }: Scope, word = HIERARCHY): Promise<void> {
  const redis = process.env.REDIS_URL?.trim();
  const log = createLog('warn');
  const bus = redis ? new RedisBus(redis, log) : new PostgresBus(url, log);
  await bus.start();
  bus.send(account, word);
  await bus.stop();
}
