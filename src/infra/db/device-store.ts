import type { Pool, PoolClient } from 'pg';
import type {
  Compliance,
  Device,
  DevicePatch,
  DeviceSnapshot,
  DeviceStore,
  LeftOut,
  StateCommit,
  SyncStates,
  WipeState,
} from '../../domain/devices/model.js';
import { DomainError } from '../../domain/errors.js';
import type { Id, Scope } from '../../domain/types.js';
import { row, rows, type Statement, transaction } from './sql.js';

interface DeviceRow {
  id: string;
  type: string;
  user_agent: string;
  protocol: string;
  information: Record<string, string>;
  policy_key: string;
  pending_policy_key: string;
  policy: string;
  compliance: Compliance | '';
  versions: string;
  wipe: WipeState;
  blocked: boolean;
  trace_until: Date | null;
  cache: Record<string, unknown>;
}

interface SnapshotRow extends DeviceRow {
  collection_id: string | null;
  current_key: string;
  current_data: unknown;
  previous_key: string | null;
  previous_data: unknown;
  looked_at: string;
}

interface LeftOutRow {
  collection_id: string;
  item: string;
  reason: string;
  left_out_at: Date;
}

const COLUMNS =
  'id, type, user_agent, protocol, information, policy_key, pending_policy_key, policy, compliance, versions, wipe, blocked, trace_until, cache';
const QUALIFIED = COLUMNS.replace(/\w+/g, 'd.$&');

const statement = (name: string, text: string): Statement => ({ name, text });

const OPEN = statement(
  'open_device',
  `SELECT ${QUALIFIED}, s.collection_id, s.current_key, s.current_data, s.previous_key, s.previous_data,
     (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS looked_at
   FROM devices d LEFT JOIN sync_states s
     ON s.account_id = $1 AND s.device_id = $2 AND s.collection_id = ANY($3::text[])
   WHERE d.account_id = $1 AND d.id = $2`,
);

const LIST = statement('list_devices', `SELECT ${COLUMNS} FROM devices WHERE account_id = $1 ORDER BY changed_at DESC`);

/** Absent fields come as null and keep what is stored. */
const SAVE = statement(
  'save_device',
  `INSERT INTO devices AS d (account_id, id, type, user_agent, protocol, information, policy_key, pending_policy_key, wipe, blocked, cache,
     policy, compliance, versions, trace_until)
   VALUES ($1, $2, coalesce($3, ''), coalesce($4, ''), coalesce($5, ''), coalesce($6::jsonb, '{}'), coalesce($7::bigint, 0),
           coalesce($8::bigint, 0), coalesce($9, 'none'), coalesce($10::boolean, false), coalesce($11::json, '{}'),
           coalesce($12, ''), coalesce($13, ''), coalesce($14, ''), $15)
   ON CONFLICT (account_id, id) DO UPDATE SET
     type = coalesce($3, d.type), user_agent = coalesce($4, d.user_agent), protocol = coalesce($5, d.protocol),
     information = coalesce($6::jsonb, d.information), policy_key = coalesce($7::bigint, d.policy_key),
     pending_policy_key = coalesce($8::bigint, d.pending_policy_key), wipe = coalesce($9, d.wipe),
     blocked = coalesce($10::boolean, d.blocked), cache = coalesce($11::json, d.cache),
     policy = coalesce($12, d.policy), compliance = coalesce($13, d.compliance), versions = coalesce($14, d.versions),
     trace_until = coalesce($15, d.trace_until),
     changed_at = now()
   RETURNING ${COLUMNS}`,
);

const INSERT_STATE = statement(
  'insert_state',
  `INSERT INTO sync_states (account_id, device_id, collection_id, current_key, current_data) VALUES ($1, $2, $3, $4, $5)
   ON CONFLICT DO NOTHING RETURNING current_key`,
);

const RESET_STATE = statement(
  'reset_state',
  `UPDATE sync_states SET current_key = $4, current_data = $5, previous_key = NULL, previous_data = NULL, changed_at = now()
   WHERE account_id = $1 AND device_id = $2 AND collection_id = $3 AND current_key = $6 RETURNING current_key`,
);

const ADVANCE_STATE = statement(
  'advance_state',
  `UPDATE sync_states SET previous_key = current_key, previous_data = current_data, current_key = $4, current_data = $5, changed_at = now()
   WHERE account_id = $1 AND device_id = $2 AND collection_id = $3 AND current_key = $6 RETURNING current_key`,
);

const REPLACE_CURRENT = statement(
  'replace_current',
  `UPDATE sync_states SET current_key = $4, current_data = $5, changed_at = now()
   WHERE account_id = $1 AND device_id = $2 AND collection_id = $3 AND current_key = $6 RETURNING current_key`,
);

const DROP_STATES = statement(
  'drop_states',
  'DELETE FROM sync_states WHERE account_id = $1 AND device_id = $2 AND collection_id = ANY($3::text[])',
);

/** A reservation whose request did not come to an end is void after a minute. */
const RESERVE_SEND = statement(
  'reserve_send',
  `INSERT INTO sent_messages AS m (account_id, device_id, client_id) VALUES ($1, $2, $3)
   ON CONFLICT (account_id, device_id, client_id) DO UPDATE SET begun_at = now()
     WHERE m.sent_at IS NULL AND m.begun_at < now() - interval '1 minute' RETURNING client_id`,
);

const SEND_STATE = statement(
  'send_state',
  'SELECT sent_at IS NOT NULL AS sent FROM sent_messages WHERE account_id = $1 AND device_id = $2 AND client_id = $3',
);

const CONFIRM_SEND = statement(
  'confirm_send',
  'UPDATE sent_messages SET sent_at = now() WHERE account_id = $1 AND device_id = $2 AND client_id = $3',
);

const RELEASE_SEND = statement(
  'release_send',
  'DELETE FROM sent_messages WHERE account_id = $1 AND device_id = $2 AND client_id = $3',
);

const NOTE_LEFT_OUT = statement(
  'note_left_out',
  `WITH old AS (DELETE FROM left_out WHERE account_id = $1 AND device_id = $2 AND left_out_at < now() - interval '1 month')
   INSERT INTO left_out (account_id, device_id, collection_id, item, reason)
   SELECT $1, $2, c, i, r FROM unnest($3::text[], $4::text[], $5::text[]) AS t(c, i, r)
   ON CONFLICT (account_id, device_id, collection_id, item) DO UPDATE SET reason = excluded.reason, left_out_at = now()`,
);

const LEFT_OUT = statement(
  'left_out',
  `SELECT collection_id, item, reason, left_out_at FROM left_out WHERE account_id = $1 AND device_id = $2
   ORDER BY left_out_at DESC, collection_id, item LIMIT 1000`,
);

/** Which statement makes the new generation, by the one it was computed from. */
const COMMIT: Record<NonNullable<StateCommit['base']> | 'fresh', Statement> = {
  current: ADVANCE_STATE,
  previous: REPLACE_CURRENT,
  fresh: RESET_STATE,
};

/** Devices and their sync states in PostgreSQL. */
export class PostgresDeviceStore implements DeviceStore {
  constructor(private readonly pool: Pool) {}

  async open(s: Scope, device: string, collections: readonly Id[]): Promise<DeviceSnapshot | null> {
    const found = await rows<SnapshotRow>(this.pool, OPEN, [s.account, device, collections]);
    const [first] = found;
    if (!first) return null;
    const states = found.flatMap((state): [Id, SyncStates][] =>
      state.collection_id === null ? [] : [[state.collection_id, toStates(state)]],
    );
    return { device: toDevice(first), states: new Map(states), at: Number(first.looked_at) };
  }

  async save(s: Scope, device: string, patch: DevicePatch): Promise<Device> {
    const saved = await row<DeviceRow>(this.pool, SAVE, [
      s.account,
      device,
      patch.type,
      patch.userAgent,
      patch.protocol,
      patch.information && JSON.stringify(patch.information),
      patch.policyKey,
      patch.pendingPolicyKey,
      patch.wipe,
      patch.blocked,
      patch.cache && JSON.stringify(patch.cache),
      patch.policy,
      patch.compliance,
      patch.versions,
      patch.traceUntil,
    ]);
    return toDevice(saved as DeviceRow);
  }

  async list(s: Scope): Promise<Device[]> {
    return (await rows<DeviceRow>(this.pool, LIST, [s.account])).map(toDevice);
  }

  async commit(s: Scope, device: string, commits: readonly StateCommit[]): Promise<void> {
    const [only, ...others] = commits;
    if (!only) return;
    // A single statement is a transaction of its own: two round trips less, which nearly every Sync gains.
    if (others.length === 0) await advance(this.pool, s, device, only);
    else
      await transaction(this.pool, async (client) => {
        for (const commit of inOrder(commits)) await advance(client, s, device, commit);
      });
  }

  async dropStates(s: Scope, device: string, collections: readonly Id[]): Promise<void> {
    await rows(this.pool, DROP_STATES, [s.account, device, collections]);
  }

  async reserveSend(s: Scope, device: string, clientId: string): Promise<'go' | 'sent' | 'underway'> {
    const key = [s.account, device, clientId];
    if (await row(this.pool, RESERVE_SEND, key)) return 'go';
    return (await row<{ sent: boolean }>(this.pool, SEND_STATE, key))?.sent ? 'sent' : 'underway';
  }

  async confirmSend(s: Scope, device: string, clientId: string): Promise<void> {
    await rows(this.pool, CONFIRM_SEND, [s.account, device, clientId]);
  }

  async releaseSend(s: Scope, device: string, clientId: string): Promise<void> {
    await rows(this.pool, RELEASE_SEND, [s.account, device, clientId]);
  }

  async noteLeftOut(s: Scope, device: string, items: readonly Omit<LeftOut, 'at'>[]): Promise<void> {
    if (items.length === 0) return;
    const columns = [items.map((one) => one.collection), items.map((one) => one.item), items.map((one) => one.reason)];
    await rows(this.pool, NOTE_LEFT_OUT, [s.account, device, ...columns]);
  }

  async leftOut(s: Scope, device: string): Promise<LeftOut[]> {
    const found = await rows<LeftOutRow>(this.pool, LEFT_OUT, [s.account, device]);
    return found.map((one) => ({ collection: one.collection_id, item: one.item, reason: one.reason, at: one.left_out_at }));
  }
}

/** Stores one generation. @throws DomainError `conflict` when another request of the device was quicker */
async function advance(db: Pool | PoolClient, s: Scope, device: string, commit: StateCommit): Promise<void> {
  const { collection, expected, base, next } = commit;
  const values = [s.account, device, collection, next.key, JSON.stringify(next.data)];
  const done =
    expected === null ? await row(db, INSERT_STATE, values) : await row(db, COMMIT[base ?? 'fresh'], [...values, expected]);
  if (!done) throw new DomainError('conflict', 'another request of the device was quicker');
}

/** One order for all requests, so that two of one device can't block each other. */
function inOrder(commits: readonly StateCommit[]): StateCommit[] {
  return [...commits].sort((a, b) => (a.collection < b.collection ? -1 : 1));
}

function toDevice(found: DeviceRow): Device {
  return {
    id: found.id,
    type: found.type,
    userAgent: found.user_agent,
    protocol: found.protocol,
    information: found.information,
    policyKey: Number(found.policy_key),
    pendingPolicyKey: Number(found.pending_policy_key),
    policy: found.policy,
    compliance: found.compliance,
    versions: found.versions,
    wipe: found.wipe,
    blocked: found.blocked,
    traceUntil: found.trace_until,
    cache: found.cache,
  };
}

function toStates(found: SnapshotRow): SyncStates {
  return {
    current: { key: found.current_key, data: found.current_data },
    previous: found.previous_key === null ? null : { key: found.previous_key, data: found.previous_data },
  };
}
