import { isDomainError } from '../errors.js';
import type { OutboxJob } from '../pim/scheduler.js';
import type { Clock, Logger, Scope, Session } from '../types.js';
import type { CalendarWrite } from './calendar-write.js';
import { ORIGIN } from './deliver.js';
import { rollOn } from './rooms.js';
import type { SchedulingStore } from './store.js';

/** Meetings looked at in one go; more wait for the next. */
const MOST = 10_000;

export interface RoomSeriesDeps {
  readonly store: Pick<SchedulingStore, 'rooms' | 'unbooked'>;
  readonly calendars: CalendarWrite;
  readonly clock: Clock;
  readonly log: Logger;
  readonly send: (s: Session | null, jobs: readonly OutboxJob[]) => void;
}

/** Series that go on in rooms: from day to day they take what comes into reach. Several processes may do it at once. */
export class RoomSeries {
  constructor(private readonly deps: RoomSeriesDeps) {}

  /** @param isStopped asked between meetings */
  async roll(isStopped: () => boolean): Promise<void> {
    const { store, log } = this.deps;
    const rooms = new Map((await store.rooms(MOST)).map((room) => [room.id, room]));
    const waiting = rooms.size === 0 ? [] : await store.unbooked(MOST);
    for (const { place, uid } of waiting) {
      if (isStopped()) return;
      const room = rooms.get(place.account);
      if (!room) continue;
      try {
        await this.#rollOne(room, place, uid);
      } catch (error) {
        const level = isDomainError(error) ? 'info' : 'warn';
        log[level]({ account: room.id, uid, err: error }, "a room's series was not taken further");
      }
    }
  }

  async #rollOne(room: Session['user'], place: Parameters<CalendarWrite['change']>[1], uid: string): Promise<void> {
    const { calendars, clock, send } = this.deps;
    const scope: Scope = { account: room.id, origin: ORIGIN };
    const jobs: OutboxJob[] = [];
    await calendars.change(scope, place, uid, async (current, tx) => {
      jobs.length = 0;
      if (!current) return null;
      const decision = await rollOn(room, uid, current.text, tx.scheduling, clock.now());
      jobs.push(...decision.jobs);
      return decision.text === null ? null : { text: decision.text, keepTag: false };
    });
    if (jobs.length > 0) send(null, jobs);
  }
}
