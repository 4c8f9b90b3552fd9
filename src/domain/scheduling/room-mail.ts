import type { Mail } from '../mail/service.js';
import type { Account, Id, Logger, Session } from '../types.js';
import type { SchedulingStore } from './store.js';

/** How mailboxes of rooms are opened, which nobody logs in to. */
export interface RoomLogin {
  /**
   * Login name; `{address}` stands for the room's address, as with a master user of the mail server: `{address}*gateway`.
   * Without it, one mailbox where the mail of all rooms arrives.
   */
  readonly user: string;
  readonly password: string;
}

export interface RoomMailDeps {
  readonly store: Pick<SchedulingStore, 'rooms'>;
  readonly mail: Pick<Mail, 'folders'>;
  readonly login: RoomLogin;
  /** Begins to wait for changes of a mail folder; the result ends it. */
  readonly watch: (s: Session, folders: readonly Id[]) => () => void;
  /** Sends what waits in a room's name, and looks through its INBOX. */
  readonly look: (s: Session) => void;
  readonly log: Logger;
}

/** A watch needs a moment to begin: so soon, and so often, a room that is new here is looked at again. */
const SOON = 5_000;
const FIRST_LOOKS = 3;
/** How often rooms are counted, and those looked at that can't be watched, in milliseconds. */
const EVERY = 60_000;
/** Rooms that are watched are looked at in every so many rounds, should a signal be lost. */
const SELDOM = 10;
const MOST = 2_000;
/** Logins at a time. */
const LANES = 4;

interface Open {
  readonly session: Session;
  /** Null: not watched (any more). */
  end: (() => void) | null;
  refused: boolean;
  looks: number;
}

/** Invitations that reach rooms by mail: their INBOXes are watched with the operator's own login, for no device waits there. */
export class RoomMail {
  readonly #open = new Map<Id, Open>();
  #timer: NodeJS.Timeout | undefined;
  #round = 0;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(private readonly deps: RoomMailDeps) {}

  /** Looks after all rooms, and again from time to time; done when the first round is. */
  start(): Promise<void> {
    clearTimeout(this.#timer);
    this.#running = this.#run().finally(() => {
      const isNew = [...this.#open.values()].some(({ end, looks }) => end !== null && looks < FIRST_LOOKS);
      if (!this.#stopped) this.#timer = setTimeout(() => void this.start(), isNew ? SOON : EVERY).unref();
    });
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
    for (const { end } of this.#open.values()) end?.();
  }

  /** The session in which a room's mails go; null for accounts that are none, or not known yet. */
  sessionOf(account: Id | undefined): Session | null {
    return (account !== undefined && this.#open.get(account)?.session) || null;
  }

  async #run(): Promise<void> {
    try {
      const rooms = await this.deps.store.rooms(MOST);
      this.#forget(new Set(rooms.map(({ id }) => id)));
      const waiting = [...rooms];
      const lane = async () => {
        for (let room = waiting.shift(); room && !this.#stopped; room = waiting.shift()) await this.#visit(room);
      };
      await Promise.all(Array.from({ length: LANES }, lane));
    } catch (error) {
      this.deps.log.warn({ err: error }, 'rooms were not looked after');
    }
    this.#round++;
  }

  #forget(rooms: ReadonlySet<Id>): void {
    for (const [account, { end }] of this.#open) {
      if (rooms.has(account)) continue;
      end?.();
      this.#open.delete(account);
    }
  }

  async #visit(room: Account): Promise<void> {
    const known = this.#open.get(room.id) ?? { end: null, refused: false, looks: 0 };
    const open: Open = { ...known, session: this.#sessionFor(room) };
    this.#open.set(room.id, open);
    if (this.#isOfEach && !open.end) await this.#watch(open);
    const isDue = !open.end || open.looks < FIRST_LOOKS || this.#round % SELDOM === 0;
    if (open.refused || !isDue || this.#stopped) return;
    open.looks++;
    this.deps.look(open.session);
  }

  /** A mail server allows few connections of one user: a mailbox for all is only looked at from time to time. */
  get #isOfEach(): boolean {
    return this.deps.login.user.includes('{address}');
  }

  async #watch(open: Open): Promise<void> {
    const { session } = open;
    try {
      const inbox = (await this.deps.mail.folders(session)).find(({ role }) => role === 'inbox');
      if (inbox && !this.#stopped) open.end = this.deps.watch(session, [inbox.id]);
      open.refused = false;
    } catch (error) {
      const level = open.refused ? 'debug' : 'warn';
      const { account, user } = session;
      this.deps.log[level]({ account, room: user.address, err: error }, "a room's mailbox can't be opened");
      open.refused = true;
    }
  }

  #sessionFor(room: Account): Session {
    const { user, password } = this.deps.login;
    const credentials = { username: user.replaceAll('{address}', room.address), password };
    return { account: room.id, origin: 'system:rooms', credentials, user: room };
  }
}
