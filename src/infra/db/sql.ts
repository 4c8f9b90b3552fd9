import type { Pool, PoolClient, QueryResultRow } from 'pg';
import { DomainError } from '../../domain/errors.js';

/** A statement with a name: parsed and planned once per connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

type Runner = Pool | PoolClient;

/** Runs a named statement and gives its rows. @throws DomainError `unavailable` when the server can't be reached */
export async function rows<R extends QueryResultRow>(db: Runner, statement: Statement, values: readonly unknown[]): Promise<R[]> {
  try {
    const result = await db.query<R>({ name: statement.name, text: statement.text, values: [...values] });
    return result.rows;
  } catch (error) {
    throw translate(error);
  }
}

/** The only row, or undefined. */
export async function row<R extends QueryResultRow>(
  db: Runner,
  statement: Statement,
  values: readonly unknown[],
): Promise<R | undefined> {
  return (await rows<R>(db, statement, values))[0];
}

const RETRIES = 3;
const RETRYABLE = new Set(['40001', '40P01']); // serialisation failure, deadlock

/** Runs `work` in one transaction, again from the start when the server chose it as the victim of a deadlock. */
export async function transaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const client = await pool.connect().catch((error: unknown) => {
      throw translate(error);
    });
    let broken: Error | undefined;
    try {
      await client.query('BEGIN');
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((failure: Error) => {
        broken = failure;
      });
      if (!RETRYABLE.has(codeOf(error)) || attempt === RETRIES) throw translate(error);
    } finally {
      client.release(broken);
    }
  }
}

/** SQLSTATE of an error of the server, or of the one it was wrapped in. */
export function codeOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return cause === undefined ? '' : codeOf(cause);
}

/** Connection troubles become `unavailable`; anything else stays what it is. */
function translate(error: unknown): unknown {
  if (error instanceof DomainError) return error;
  const code = codeOf(error);
  const lost = /^(08|57P|53)/.test(code) || /^(ECONN|EPIPE|ETIMEDOUT|ENOENT)/.test(code);
  const message = error instanceof Error ? error.message : '';
  if (lost || /timeout|terminated|Connection ended|not queryable|Client was closed/i.test(message)) {
    return new DomainError('unavailable', 'the database is not reachable', { cause: error, retryAfter: 10 });
  }
  return error;
}
