import type { Account, Session } from '../types.js';
import type { AccountStore } from './store.js';

/** What to look for among the people of the user's own domain; all given parts must match. */
export interface DirectoryQuery {
  /** Part of a name or an address, in any case. */
  readonly text?: string;
  /** A whole address, primary or alias. */
  readonly address?: string;
}

const MAX_RESULTS = 1_000;

/** Who else is here: the accounts of the user's mail domain, and nobody else's. */
export class Directory {
  constructor(private readonly accounts: Pick<AccountStore, 'search'>) {}

  /** Matching accounts by name, at most `limit`. */
  find(s: Session, query: DirectoryQuery, limit: number): Promise<readonly Account[]> {
    const domain = s.user.address.slice(s.user.address.lastIndexOf('@') + 1);
    return this.accounts.search(domain, query, Math.min(limit, MAX_RESULTS));
  }

  /** The account of an address, where it belongs to the user's domain. */
  async byAddress(s: Session, address: string): Promise<Account | null> {
    return (await this.find(s, { address: address.toLowerCase() }, 1))[0] ?? null;
  }
}
