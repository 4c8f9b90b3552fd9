import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { DomainError } from '../../domain/errors.js';
import type { Lock, LockStore, NewLock } from '../../domain/locks/model.js';
import type { Id, Scope } from '../../domain/types.js';
import { row, rows, type Statement, transaction } from './sql.js';

interface LockRow {
  token: string;
  path: string;
  infinite: boolean;
  exclusive: boolean;
  principal: string;
  owner: string;
  expires_at: Date;
}

const COLUMNS = 'token, path, infinite, exclusive, principal, owner, expires_at';
const MAX_LOCKS_OF_PRINCIPAL = 1_000;

const statement = (name: string, text: string): Statement => ({ name, text });

/** $2 is the path, $3 all paths above it, $4 whether what is beneath counts. */
const COVERING = statement(
  'covering_locks',
  `SELECT ${COLUMNS} FROM locks WHERE account_id = $1 AND expires_at > now()
   AND (path = $2 OR (infinite AND path = ANY($3::text[])) OR ($4 AND starts_with(path, $2 || '/')))`,
);

/** One lock request of an account after the other: two can't both find the path free. */
const SERIALISE = statement('serialise_locks', 'SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE');

const COUNT = statement(
  'count_locks',
  'SELECT count(*)::integer AS held FROM locks WHERE account_id = $1 AND principal = $2 AND expires_at > now()',
);

const INSERT = statement(
  'insert_lock',
  `INSERT INTO locks (account_id, token, path, infinite, exclusive, principal, owner, expires_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8)) RETURNING ${COLUMNS}`,
);

const EXPIRE = statement('expire_locks', 'DELETE FROM locks WHERE account_id = $1 AND expires_at <= now()');

const REFRESH = statement(
  'refresh_lock',
  `UPDATE locks SET expires_at = now() + make_interval(secs => $4)
   WHERE account_id = $1 AND token = $2 AND principal = $3 AND expires_at > now() RETURNING ${COLUMNS}`,
);

const REMOVE = statement('remove_lock', 'DELETE FROM locks WHERE account_id = $1 AND token = $2 RETURNING token');

const REMOVE_UNDER = statement(
  'remove_locks_under',
  `DELETE FROM locks WHERE account_id = $1 AND (path = $2 OR starts_with(path, $2 || '/'))`,
);

/** WebDAV locks in PostgreSQL. */
export class PostgresLockStore implements LockStore {
  constructor(private readonly pool: Pool) {}

  covering(_s: Scope, account: Id, path: string, below: boolean): Promise<Lock[]> {
    return covering(this.pool, account, path, below);
  }

  create(_s: Scope, account: Id, lock: NewLock): Promise<Lock> {
    return transaction(this.pool, async (client) => {
      await row(client, SERIALISE, [account]);
      await rows(client, EXPIRE, [account]);
      const others = await covering(client, account, lock.path, lock.infinite);
      if (others.some((other) => other.exclusive || lock.exclusive)) throw new DomainError('conflict', 'the resource is locked');
      const held = await row<{ held: number }>(client, COUNT, [account, lock.principal]);
      if ((held?.held ?? 0) >= MAX_LOCKS_OF_PRINCIPAL) throw new DomainError('too-large', 'too many locks');
      const { path, infinite, exclusive, principal, owner, seconds } = lock;
      const made = await row<LockRow>(client, INSERT, [
        account,
        randomUUID(),
        path,
        infinite,
        exclusive,
        principal,
        owner,
        seconds,
      ]);
      return toLock(made as LockRow);
    });
  }

  async refresh(s: Scope, account: Id, token: string, seconds: number): Promise<Lock | null> {
    const found = await row<LockRow>(this.pool, REFRESH, [account, token, s.account, seconds]);
    return found ? toLock(found) : null;
  }

  async remove(_s: Scope, account: Id, token: string): Promise<boolean> {
    return (await row(this.pool, REMOVE, [account, token])) !== undefined;
  }

  async removeUnder(_s: Scope, account: Id, path: string): Promise<void> {
    await rows(this.pool, REMOVE_UNDER, [account, path]);
  }
}

async function covering(db: Pool | PoolClient, account: Id, path: string, below: boolean): Promise<Lock[]> {
  return (await rows<LockRow>(db, COVERING, [account, path, above(path), below])).map(toLock);
}

/** `/a/b/c` → `/a/b`, `/a` */
function above(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index).join('/')).filter((ancestor) => ancestor !== '');
}

function toLock(found: LockRow): Lock {
  const { expires_at, ...rest } = found;
  return { ...rest, expires: expires_at };
}
