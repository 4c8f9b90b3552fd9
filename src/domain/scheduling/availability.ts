import type { Directory } from '../accounts/directory.js';
import { readAvailabilities } from '../pim/availability.js';
import { type BusyPeriod, busyPeriods } from '../pim/free-busy.js';
import type { Collection, Span } from '../pim/model.js';
import type { Pim } from '../pim/service.js';
import type { Account, Id, Session } from '../types.js';

const TRANSPARENCY = '{urn:ietf:params:xml:ns:caldav}schedule-calendar-transp';

/** What people say of their availability in all calendars: a text of VAVAILABILITY components (RFC 7953 §7.2.4). */
export interface AvailabilityStore {
  read(account: Id): Promise<string | null>;
  /** Null removes it. */
  write(account: Id, text: string | null): Promise<void>;
}

export interface AvailabilityDeps {
  readonly store: AvailabilityStore;
  readonly pim: Pick<Pim, 'collections' | 'search'>;
  readonly directory: Pick<Directory, 'byAddress'>;
}

/** When people of the user's own domain are busy: what a planner needs, and nothing else of their calendars. */
export class Availability {
  constructor(private readonly deps: AvailabilityDeps) {}

  /** The busy times of an address; null when it has no account that the user may ask about. */
  async of(s: Session, address: string, span: Span, exceptUid?: string): Promise<readonly BusyPeriod[] | null> {
    const user = await this.deps.directory.byAddress(s, address);
    return user && this.ofAccount(s, user, span, exceptUid);
  }

  /** What the user says of his availability in all calendars. */
  said(s: Session): Promise<string | null> {
    return this.deps.store.read(s.account);
  }

  /** @throws IcalError where the text is something else than availability */
  async say(s: Session, text: string | null): Promise<void> {
    if (text !== null) readAvailabilities(text);
    await this.deps.store.write(s.account, text);
  }

  /** The busy times of all calendars of an account that count for its owner's free time. */
  async ofAccount(s: Session, user: Account, span: Span, exceptUid?: string): Promise<readonly BusyPeriod[]> {
    const owner: Session = { account: user.id, origin: s.origin, signal: s.signal, user };
    const collections = (await this.deps.pim.collections(owner)).filter(counts);
    const availability = await this.deps.store.read(user.id);
    const query = { availability, span, zone: user.zone, addresses: [user.address, ...user.aliases], exceptUid };
    return busyPeriods(this.deps.pim, owner, collections, query);
  }
}

/** Own calendars, unless their owner declared them transparent (RFC 6638 §9.1). */
function counts(collection: Collection): boolean {
  return (
    collection.access === 'owner' &&
    collection.kind === 'calendar' &&
    !/transparent/.test(collection.properties[TRANSPARENCY] ?? '')
  );
}
