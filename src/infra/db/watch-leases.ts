import type { Pool } from 'pg';
import type { Lease, WatchLeases } from '../../domain/notify/leases.js';
import type { Id } from '../../domain/types.js';
import { rows, type Statement } from './sql.js';

const statement = (name: string, text: string): Statement => ({ name, text });

/** A process that has not shown itself for so long is dead. Its clock does not matter: the database's counts. */
const LIFE = `interval '15 seconds'`;

const HEARTBEAT = statement(
  'heartbeat',
  `INSERT INTO processes (id, expires_at) VALUES ($1, now() + ${LIFE}) ON CONFLICT (id) DO UPDATE SET expires_at = now() + ${LIFE}`,
);
const BURY = statement('bury', 'DELETE FROM processes WHERE expires_at < now()');
const LIVING = statement('living', 'SELECT id FROM processes WHERE expires_at >= now()');

/** $2 accounts, $3 their folders as one comma-separated text each. Rows are taken in one order, so that claims can't block each other. */
const CLAIM = statement(
  'claim_watches',
  `INSERT INTO watch_leases AS l (account_id, process_id, folders)
   SELECT account, $1, string_to_array(folders, ',') FROM unnest($2::uuid[], $3::text[]) AS wanted (account, folders) ORDER BY account
   ON CONFLICT (account_id) DO UPDATE SET
     folders = ARRAY(SELECT DISTINCT unnest(l.folders || excluded.folders) ORDER BY 1),
     process_id = CASE WHEN EXISTS (SELECT 1 FROM processes p WHERE p.id = l.process_id AND p.expires_at >= now())
       THEN l.process_id ELSE excluded.process_id END
   RETURNING account_id AS account, process_id AS process, folders`,
);

const RELEASE = statement('release_watches', 'DELETE FROM watch_leases WHERE process_id = $1 AND account_id = ANY($2::uuid[])');
const RELEASE_ALL = statement('release_all_watches', 'DELETE FROM watch_leases WHERE process_id = $1');
const LEAVE = statement('leave', 'DELETE FROM processes WHERE id = $1');

/** Watch leases in PostgreSQL: one row per account, one heartbeat per process. */
export class PostgresWatchLeases implements WatchLeases {
  constructor(private readonly pool: Pool) {}

  async heartbeat(process: Id): Promise<Id[]> {
    await rows(this.pool, HEARTBEAT, [process]);
    await rows(this.pool, BURY, []);
    return (await rows<{ id: string }>(this.pool, LIVING, [])).map(({ id }) => id);
  }

  claim(process: Id, wanted: readonly { readonly account: Id; readonly folders: readonly Id[] }[]): Promise<Lease[]> {
    const accounts = wanted.map(({ account }) => account);
    return rows<Lease>(this.pool, CLAIM, [process, accounts, wanted.map(({ folders }) => folders.join(','))]);
  }

  async release(process: Id, accounts: readonly Id[]): Promise<void> {
    await rows(this.pool, RELEASE, [process, accounts]);
  }

  async leave(process: Id): Promise<void> {
    await rows(this.pool, RELEASE_ALL, [process]);
    await rows(this.pool, LEAVE, [process]);
  }
}
