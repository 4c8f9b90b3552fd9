import { randomInt, randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import type { AccountStore } from '../../domain/accounts/store.js';
import type { NewCollection } from '../../domain/pim/store.js';
import type { Account, Id } from '../../domain/types.js';
import { poolOf } from './data-source.js';
import { AccountEntity } from './entities.js';
import { row, rows, transaction } from './sql.js';

const INSERT_ACCOUNT = {
  name: 'insert_account',
  text: `INSERT INTO accounts (id, address, aliases, display_name, zone, next_id) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (address) DO NOTHING RETURNING id`,
};

const INSERT_FIRST_COLLECTION = {
  name: 'insert_first_collection',
  text: `INSERT INTO collections (account_id, id, kind, slug, name, is_primary, components, epoch)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
};

const SEARCH_ACCOUNTS = {
  name: 'search_accounts',
  text: `SELECT id, address, aliases, display_name AS "displayName", zone, kind FROM accounts
    WHERE right(address, length($1)) = $1 AND ($2::text IS NULL OR address = $2 OR $2 = ANY(aliases))
      AND ($3::text IS NULL OR strpos(lower(display_name), $3) > 0 OR strpos(address, $3) > 0)
    ORDER BY display_name, address LIMIT $4`,
};

/** Accounts in PostgreSQL, through TypeORM's repository: they are read once in minutes per device. */
export class PostgresAccountStore implements AccountStore {
  private readonly pool: Pool;

  constructor(private readonly source: DataSource) {
    this.pool = poolOf(source);
  }

  byAddress(address: string): Promise<Account | null> {
    return this.source.getRepository(AccountEntity).findOneBy({ address });
  }

  byId(id: Id): Promise<Account | null> {
    return this.source.getRepository(AccountEntity).findOneBy({ id });
  }

  async create(account: Omit<Account, 'id'>, first: readonly NewCollection[]): Promise<Account> {
    const created = { ...account, id: randomUUID() };
    const isNew = await transaction(this.pool, (client) => insert(client, created, first));
    return isNew ? created : ((await this.byAddress(account.address)) as Account);
  }

  search(
    domain: string,
    query: { readonly text?: string; readonly address?: string },
    limit: number,
  ): Promise<readonly Account[]> {
    const { address, text } = query;
    return rows<Account>(this.pool, SEARCH_ACCOUNTS, [`@${domain}`, address ?? null, text?.toLowerCase() ?? null, limit]);
  }

  async update(id: Id, patch: Partial<Omit<Account, 'id' | 'address'>>): Promise<void> {
    const { aliases, ...rest } = patch;
    await this.source.getRepository(AccountEntity).update({ id }, { ...rest, ...(aliases && { aliases: [...aliases] }) });
  }
}

async function insert(client: PoolClient, account: Account, first: readonly NewCollection[]): Promise<boolean> {
  const { id, address, aliases, displayName, zone } = account;
  const inserted = await row(client, INSERT_ACCOUNT, [id, address, aliases, displayName, zone, first.length + 1]);
  if (!inserted) return false;
  for (const [index, draft] of first.entries()) {
    const { kind, slug, name, primary, components } = draft;
    await row(client, INSERT_FIRST_COLLECTION, [id, index + 1, kind, slug, name, primary, components, randomInt(1, 2 ** 31)]);
  }
  return true;
}
