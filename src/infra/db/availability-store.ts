import type { Pool } from 'pg';
import type { AvailabilityStore } from '../../domain/scheduling/availability.js';
import type { Id } from '../../domain/types.js';
import { row, type Statement } from './sql.js';

const statement = (name: string, text: string): Statement => ({ name, text });

const READ = statement('availability', 'SELECT text FROM availability WHERE account_id = $1');
const WRITE = statement(
  'set_availability',
  'INSERT INTO availability (account_id, text) VALUES ($1, $2) ON CONFLICT (account_id) DO UPDATE SET text = $2',
);
const REMOVE = statement('remove_availability', 'DELETE FROM availability WHERE account_id = $1');

/** Availability of accounts in PostgreSQL. */
export class PostgresAvailability implements AvailabilityStore {
  constructor(private readonly pool: Pool) {}

  async read(account: Id): Promise<string | null> {
    return (await row<{ text: string }>(this.pool, READ, [account]))?.text ?? null;
  }

  async write(account: Id, text: string | null): Promise<void> {
    if (text === null) await row(this.pool, REMOVE, [account]);
    else await row(this.pool, WRITE, [account, text]);
  }
}
