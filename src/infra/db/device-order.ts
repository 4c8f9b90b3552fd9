import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { DeviceOrder } from '../../domain/devices/order.js';
import { DomainError } from '../../domain/errors.js';
import type { Id, Scope } from '../../domain/types.js';

/** Longest wait for another process in milliseconds: a phone repeats its request when it is refused. */
const PATIENCE = 30_000;
/** Between two tries; each is half to one and a half times as long. */
const PAUSE = 25;

/** A process that vanished without closing its connection is given up by the database after about 25 seconds. */
const SETTINGS = 'SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3';
const TRY = {
  name: 'try_enter',
  text: 'SELECT key::text, pg_try_advisory_lock(key) AS got FROM unnest($1::bigint[]) AS t (key)',
};
const LEAVE = { name: 'leave', text: 'SELECT pg_advisory_unlock(key) FROM unnest($1::bigint[]) AS t (key)' };

/**
 * Session locks of PostgreSQL on one connection of the process: they end with it, so kill -9 leaves none behind. All requests
 * of the process share the connection, which is why they try and never wait in the database.
 */
export class PostgresDeviceOrder implements DeviceOrder {
  private line: Promise<Line> | undefined;
  private closed = false;

  constructor(
    private readonly url: string,
    private readonly patience = PATIENCE,
  ) {}

  async enter(s: Scope, device: string, collections: readonly Id[]): Promise<Disposable> {
    const keys = [...new Set(collections.map((collection) => keyOf(s.account, device, collection)))].sort();
    const until = Date.now() + this.patience;
    for (;;) {
      const line = await this.connected();
      if (await take(line, keys)) return { [Symbol.dispose]: () => void give(line, keys) };
      if (Date.now() > until || s.signal?.aborted)
        throw new DomainError('unavailable', 'another request of the device is under way', { retryAfter: 5 });
      await sleep(PAUSE * (0.5 + Math.random()));
    }
  }

  async stop(): Promise<void> {
    this.closed = true;
    await this.line?.then((line) => line.end()).catch(() => undefined);
  }

  private async connected(): Promise<Line> {
    if (this.closed) throw unreachable(undefined);
    this.line ??= this.connect();
    try {
      return await this.line;
    } catch (error) {
      throw unreachable(error);
    }
  }

  private async connect(): Promise<Line> {
    const client = new pg.Client({
      connectionString: this.url,
      application_name: 'gateway-order',
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
    });
    const forget = () => {
      this.line = undefined;
    };
    client.on('error', forget).on('end', forget);
    try {
      await client.connect();
      await client.query(SETTINGS);
      return new Line(client);
    } catch (error) {
      forget();
      await client.end().catch(() => undefined);
      throw error;
    }
  }
}

/** One statement after the other on a connection. */
class Line {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly client: pg.Client) {}

  query<R extends pg.QueryResultRow>(statement: typeof TRY, keys: readonly string[]): Promise<R[]> {
    const run = () => this.client.query<R>({ ...statement, values: [keys] }).then(({ rows }) => rows);
    const mine = this.last.then(run, run);
    this.last = mine.catch(() => undefined);
    return mine;
  }

  end(): Promise<void> {
    return this.client.end();
  }
}

/** All keys or none. */
async function take(line: Line, keys: readonly string[]): Promise<boolean> {
  const rows = await line.query<{ key: string; got: boolean }>(TRY, keys).catch((error: unknown) => {
    throw unreachable(error);
  });
  const got = rows.filter((row) => row.got).map((row) => row.key);
  if (got.length === keys.length) return true;
  if (got.length > 0) await give(line, got);
  return false;
}

/** Where the connection is gone, so are its locks. */
async function give(line: Line, keys: readonly string[]): Promise<void> {
  await line.query(LEAVE, keys).catch(() => undefined);
}

function unreachable(cause: unknown): DomainError {
  return new DomainError('unavailable', 'the database is not reachable', { cause, retryAfter: 10 });
}

/** 64 bits of a hash: that two devices meet in one costs them a wait, nothing else. */
function keyOf(account: Id, device: string, collection: Id): string {
  return createHash('sha256').update(`${account}/${device}/${collection}`).digest().readBigInt64BE().toString();
}
