import type { Pool, PoolClient } from 'pg';
import { DomainError } from '../../domain/errors.js';
import { Breaker } from '../../domain/overload/breaker.js';

type Release = (release?: unknown) => void;
type Callback = (error: Error | undefined, client?: PoolClient, done?: Release) => void;

export interface PoolGuard {
  /** Whether the database does not answer at present. */
  readonly away: boolean;
}

/**
 * Bounds what waits for a database that is slow or away: with so many in the queue more are refused at once, and after failures
 * one after the other everybody is, but for one try after each pause. Every way to a connection leads through `connect`.
 */
export function guardPool(pool: Pool, longestQueue: number): PoolGuard {
  const heard = new WeakSet<PoolClient>();
  const breaker = new Breaker('the database', { failures: 5, pauseMs: 500, longestMs: 5_000 });
  const connect = pool.connect.bind(pool) as (callback: Callback) => void;
  const guarded = (callback?: Callback): Promise<PoolClient> | undefined => {
    if (!callback)
      return new Promise((resolve, reject) => guarded((error, client) => (client ? resolve(client) : reject(error))));
    const refusal = pool.waitingCount >= longestQueue ? busy() : breaker.enter();
    if (refusal) {
      process.nextTick(callback, refusal);
      return undefined;
    }
    connect((error, client, done) => {
      if (error) breaker.failure();
      else breaker.succeeded();
      if (client && !heard.has(client)) {
        // One that breaks while it is lent has no other listener, and an error without one ends the process.
        heard.add(client.on('error', () => undefined));
      }
      callback(error && unreachable(error), client, done);
    });
    return undefined;
  };
  pool.connect = guarded as Pool['connect'];
  return {
    get away() {
      return breaker.isOpen;
    },
  };
}

function busy(): DomainError {
  return new DomainError('unavailable', 'too many wait for the database', { retryAfter: 5 });
}

function unreachable(cause: Error): DomainError {
  return new DomainError('unavailable', 'the database is not reachable', { cause, retryAfter: 10 });
}
