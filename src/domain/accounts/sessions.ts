import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError, isDomainError } from '../errors.js';
import { KINDS } from '../pim/kinds.js';
import type { PimKind } from '../pim/model.js';
import type { NewCollection } from '../pim/store.js';
import type { Account, Clock, Credentials, Session } from '../types.js';
import type { AccountStore } from './store.js';

/** Asks the mail server whether a password is right. @throws DomainError `unauthenticated` or `unavailable` */
export type PasswordCheck = (credentials: Credentials) => Promise<void>;

export interface SessionsOptions {
  readonly accounts: AccountStore;
  readonly verify: PasswordCheck;
  readonly clock: Clock;
  /** Added to a login name without a domain. */
  readonly mailDomain?: string;
  /** First delay after a wrong password in milliseconds; doubled with each further one. */
  readonly failureDelay?: number;
}

/** How long a right password is remembered, in milliseconds. */
const REMEMBER = 10 * 60_000;
/** How long a wrong one is refused without asking the mail server again. */
const REMEMBER_WRONG = 30_000;
const LONGEST_DELAY = 8_000;
/** Wrong passwords of one account and address are forgotten after this time. */
const FAILURES_FORGOTTEN = 15 * 60_000;
/** Entries per table; the oldest go first. */
const MAX_ENTRIES = 50_000;

interface Known {
  readonly user: Account;
  readonly until: number;
}

interface Failures {
  count: number;
  last: number;
}

/**
 * Logins. The mail server is the only judge of a password; its verdict is remembered under a keyed hash whose key dies
 * with the process. Wrong passwords are slowed per account and address: one caller can neither guess quickly nor lock
 * another one out.
 */
export class Sessions {
  private readonly key = randomBytes(32);
  private readonly known = new BoundedMap<string, Known>(MAX_ENTRIES);
  private readonly wrong = new BoundedMap<string, number>(MAX_ENTRIES);
  private readonly failures = new BoundedMap<string, Failures>(MAX_ENTRIES);
  private readonly checks = new Map<string, Promise<Account>>();

  constructor(private readonly options: SessionsOptions) {}

  /**
   * The session of a user, named by full address, bare name or `DOMAIN\name`.
   * @throws DomainError `unauthenticated`, after a delay that grows with each wrong try; `unavailable`
   */
  async open(username: string, password: string, address: string): Promise<Session> {
    const login = this.loginName(username);
    const credentials: Credentials = { username: login, password, address };
    const now = this.options.clock.now().getTime();
    const key = this.hash(login, password);
    const known = this.known.get(key);
    const user = known && known.until > now ? known.user : await this.check(key, credentials);
    return { account: user.id, origin: 'unknown', credentials, user };
  }

  /** Forgets what is remembered of an account: its password or its data changed. */
  forget(account: Pick<Account, 'id'>): void {
    for (const [key, known] of this.known) if (known.user.id === account.id) this.known.delete(key);
  }

  /** The address that a login name stands for, lower case. */
  private loginName(username: string): string {
    const bare = username.trim().replace(/^[^\\@]*\\/, '');
    const full = bare.includes('@') || !this.options.mailDomain ? bare : `${bare}@${this.options.mailDomain}`;
    return full.toLowerCase();
  }

  /** Asks the mail server, once for several requests that ask the same at the same time. */
  private async check(key: string, credentials: Credentials): Promise<Account> {
    const caller = `${credentials.username}\n${credentials.address ?? ''}`;
    const pending = this.checks.get(key) ?? this.verify(key, credentials).finally(() => this.checks.delete(key));
    this.checks.set(key, pending);
    try {
      const user = await pending;
      this.failures.delete(caller);
      return user;
    } catch (error) {
      if (isDomainError(error, 'unauthenticated')) await sleep(this.delayAfterFailure(caller));
      throw error;
    }
  }

  private async verify(key: string, credentials: Credentials): Promise<Account> {
    const now = this.options.clock.now().getTime();
    if ((this.wrong.get(key) ?? 0) > now) throw new DomainError('unauthenticated', 'wrong password');
    if (!isAddress(credentials.username)) throw new DomainError('unauthenticated', 'not a login name');
    try {
      await this.options.verify(credentials);
    } catch (error) {
      if (isDomainError(error, 'unauthenticated')) this.wrong.set(key, now + REMEMBER_WRONG);
      throw error;
    }
    const user = await this.account(credentials.username);
    this.known.set(key, { user, until: now + REMEMBER });
    return user;
  }

  private delayAfterFailure(caller: string): number {
    const now = this.options.clock.now().getTime();
    const before = this.failures.get(caller);
    const count = before && now - before.last < FAILURES_FORGOTTEN ? before.count + 1 : 1;
    this.failures.set(caller, { count, last: now });
    return Math.min(LONGEST_DELAY, (this.options.failureDelay ?? 250) * 2 ** Math.min(count - 1, 10));
  }

  private async account(address: string): Promise<Account> {
    const { accounts } = this.options;
    const existing = await accounts.byAddress(address);
    return existing ?? accounts.create({ address, aliases: [], displayName: '', zone: 'UTC' }, firstCollections());
  }

  private hash(login: string, password: string): string {
    return createHmac('sha256', this.key).update(`${login}\0${password}`).digest('base64');
  }
}

/** What every new account has: one default collection of each kind. */
export function firstCollections(): NewCollection[] {
  return (Object.keys(KINDS) as PimKind[]).map((kind) => ({
    kind,
    slug: KINDS[kind].first.slug ?? kind,
    name: KINDS[kind].first.name,
    primary: true,
    components: KINDS[kind].components,
    properties: {},
  }));
}

function isAddress(login: string): boolean {
  return login.length <= 254 && /^[^\s@/\\:]+@[^\s@/\\:]+$/.test(login);
}

/** A Map that drops its oldest entry when it is full. */
class BoundedMap<K, V> extends Map<K, V> {
  constructor(private readonly limit: number) {
    super();
  }

  override set(key: K, value: V): this {
    super.delete(key);
    if (this.size >= this.limit) super.delete(this.keys().next().value as K);
    return super.set(key, value);
  }
}
