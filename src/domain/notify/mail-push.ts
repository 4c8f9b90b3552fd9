import type { AccountStore } from '../accounts/store.js';
import type { MailFolderStore } from '../mail/folder-store.js';
import type { Clock, Id } from '../types.js';
import type { ChangeHub } from './hub.js';

/** How long an address and its folders are remembered, in milliseconds. */
const REMEMBER = 60_000;
const MAX_ACCOUNTS = 50_000;

interface Known {
  readonly account: Id | null;
  readonly folders: ReadonlyMap<string, Id>;
  readonly until: number;
}

export interface MailPushDeps {
  readonly accounts: Pick<AccountStore, 'byAddress'>;
  readonly folders: Pick<MailFolderStore, 'load'>;
  readonly hub: Pick<ChangeHub, 'publish'>;
  readonly clock: Clock;
}

/** Turns what a mail server pushes (user and mailbox) into change signals. Users without an account here are passed over. */
export class MailPush {
  private readonly known = new Map<string, Known>();

  constructor(private readonly deps: MailPushDeps) {}

  /** Says that a mailbox of a user changed. Returns whether anybody could wait for it. */
  async changed(user: string, path: string): Promise<boolean> {
    const address = user.toLowerCase();
    const { account, folders } = this.fresh(address) ?? (await this.look(address));
    const folder = folders.get(path.toUpperCase() === 'INBOX' ? 'INBOX' : path);
    if (account === null || folder === undefined) return false;
    this.deps.hub.publish(account, folder);
    return true;
  }

  private fresh(address: string): Known | undefined {
    const known = this.known.get(address);
    return known && known.until > this.deps.clock.now().getTime() ? known : undefined;
  }

  private async look(address: string): Promise<Known> {
    const account = await this.deps.accounts.byAddress(address);
    const stored = account ? await this.deps.folders.load({ account: account.id, origin: 'system' }) : [];
    const known: Known = {
      account: account?.id ?? null,
      folders: new Map(stored.map((folder) => [folder.path, folder.id])),
      until: this.deps.clock.now().getTime() + REMEMBER,
    };
    this.known.delete(address);
    if (this.known.size >= MAX_ACCOUNTS) this.known.delete(this.known.keys().next().value as string);
    this.known.set(address, known);
    return known;
  }
}
