import type { NewCollection } from '../pim/store.js';
import type { Account, Id } from '../types.js';

/** Persistence of accounts; implemented by infra/db. */
export interface AccountStore {
  byAddress(address: string): Promise<Account | null>;
  byId(id: Id): Promise<Account | null>;
  /** Makes the account with its first collections in one transaction; of two at once both get the same. */
  create(account: Omit<Account, 'id'>, first: readonly NewCollection[]): Promise<Account>;
  /** Accounts of a mail domain whose name or address holds `text`, or that have this very address; by name. */
  search(
    domain: string,
    query: { readonly text?: string; readonly address?: string },
    limit: number,
  ): Promise<readonly Account[]>;
  /** Changes the fields named. */
  update(id: Id, patch: Partial<Omit<Account, 'id' | 'address'>>): Promise<void>;
}
