/** What one thing costs. Measured: the processor time of a Ping (`npm run bench -- wait`). Estimated from `eas` and `dav`: the rest. */
export interface Cost {
  /** Milliseconds of one core of the gateway. */
  readonly cpu: number;
  /** Statements sent to PostgreSQL, and how many of them write. */
  readonly sql: number;
  readonly writes: number;
  /** Commands sent to the mail server, and logins among them. */
  readonly imap: number;
  readonly logins: number;
}

export type Deed = 'ping' | 'wake' | 'sync' | 'change' | 'dav';

export const COSTS: Readonly<Record<Deed, Cost>> = {
  /** A Ping that goes to sleep: login remembered, device and states in one statement, one STATUS on a new connection. */
  ping: { cpu: 8.5, sql: 2, writes: 0, imap: 7, logins: 1 },
  /** A waiting phone that is signalled: states again, one STATUS on a connection of its account, the answer. */
  wake: { cpu: 12, sql: 2, writes: 0, imap: 7, logins: 1 },
  /** The Sync that brings a message. */
  sync: { cpu: 9, sql: 4, writes: 1, imap: 4, logins: 0 },
  /** A Sync that brings a change of the phone, in its order. */
  change: { cpu: 8, sql: 9, writes: 2, imap: 3, logins: 0 },
  /** A request of a DAV client. */
  dav: { cpu: 2.5, sql: 3, writes: 0.2, imap: 0, logins: 0 },
};

/** Kilobytes of a waiting phone by the way its mail server tells of news (both measured, one after 1,800 phones), and of a process without phones (measured). */
export const MEMORY = { push: 19, watch: 50, base: 130_000 } as const;

/** Statements a second that one PostgreSQL on two cores bears, and commits that wait for a disk. */
export const POSTGRES = { statements: 15_000, commits: 3_000 } as const;
