import type { Device, DevicePatch } from './domain/devices/model.js';
import { DomainError } from './domain/errors.js';
import { HIERARCHY } from './domain/notify/hub.js';
import type { Scope } from './domain/types.js';
import { PostgresBus } from './infra/bus/postgres.js';
import { PostgresAccountStore } from './infra/db/account-store.js';
import { openDatabase, poolOf } from './infra/db/data-source.js';
import { PostgresDeviceStore } from './infra/db/device-store.js';
import { createLog } from './log.js';

/** What an operator can order, by the word on the command line. */
const ORDERS: Readonly<Record<string, DevicePatch>> = {
  wipe: { wipe: 'pending', policyKey: 0 },
  'wipe-account': { wipe: 'account-pending', policyKey: 0 },
  block: { blocked: true },
  allow: { blocked: false, wipe: 'none' },
};

/**
 * `gateway devices ADDRESS [DEVICE [wipe|wipe-account|block|allow]]`: lists a user's devices, shows one with what it could not
 * be given, or orders something. A device that waits for changes hears of it at once.
 */
export async function devicesCommand(url: string, [address = '', id, order]: readonly string[]): Promise<readonly string[]> {
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
    const patch = ORDERS[order];
    if (!patch) throw new DomainError('invalid', `unknown word ${order}`);
    const changed = await store.save(scope, id, patch);
    await wake(url, scope);
    return [line(changed)];
  } finally {
    await database.destroy();
  }
}

function line({ id, type, protocol, information, compliance, wipe, blocked, userAgent }: Device): string {
  const standing = blocked ? 'blocked' : wipe === 'none' ? 'allowed' : `wipe ${wipe}`;
  const model = information.Model ?? userAgent;
  return [id, type, protocol, model, `policy ${compliance || 'not acknowledged'}`, standing].join('\t');
}

async function leftOutLines(store: PostgresDeviceStore, scope: Scope, id: string): Promise<string[]> {
  const items = await store.leftOut(scope, id);
  return items.map(({ collection, item, reason, at }) => ['left out', collection, item, reason, at.toISOString()].join('\t'));
}

async function wake(url: string, { account }: Scope): Promise<void> {
  const bus = new PostgresBus(url, createLog('warn'));
  await bus.start();
  bus.send(account, HIERARCHY);
  await bus.stop();
}
