import { randomUUID } from 'node:crypto';
import type { ChangeHub } from '../notify/hub.js';
import { describe, etagOf } from '../pim/index-rows.js';
import { KINDS } from '../pim/kinds.js';
import type { Item } from '../pim/model.js';
import type { ItemIndex, ItemRow, PimStore, PimWrite, Place } from '../pim/store.js';
import type { Clock, Scope } from '../types.js';

/** An object that goes. */
export const GONE = 'gone';

/** What is to be stored of an object; `keepTag`: nothing but answers changed (RFC 6638 §3.2.10). */
export interface NewText {
  readonly text: string;
  readonly keepTag: boolean;
}

export interface CalendarWriteDeps {
  readonly store: Pick<PimStore, 'write'>;
  readonly hub: Pick<ChangeHub, 'publish'>;
  readonly clock: Clock;
}

/** Changes calendars by scheduling messages: no message arises from it. */
export class CalendarWrite {
  private last: { readonly text: string; readonly index: ItemIndex; readonly at: number } | undefined;

  constructor(private readonly deps: CalendarWriteDeps) {}

  /**
   * Gives `work` the object of a UID under the lock of its calendar, and stores what it returns; null changes nothing.
   * Everybody who sees the calendar is signalled.
   */
  async change(
    s: Scope,
    place: Place,
    uid: string,
    work: (current: Item | null, tx: PimWrite) => Promise<NewText | typeof GONE | null>,
  ): Promise<boolean> {
    const { store, hub } = this.deps;
    let signals: readonly Place[] = [];
    const changed = await store.write(s, [place], async (tx) => {
      signals = [place, ...tx.mounts(place)];
      const { current, name } = await lookUp(tx, place, uid);
      const next = await work(current, tx);
      if (next === GONE) {
        if (current) await tx.remove(place, current);
        return current !== null;
      }
      if (!next || next.text === current?.text) return false;
      await this.write(tx, place, current, name, next);
      return true;
    });
    if (changed) for (const { account, collection } of signals) hub.publish(account, collection, s);
    return changed;
  }

  private async write(tx: PimWrite, place: Place, current: Item | null, name: string, { text, keepTag }: NewText): Promise<void> {
    const index = this.describe(text);
    const scheduleTag = keepTag && current ? current.scheduleTag : randomUUID();
    const row: ItemRow = { ...index, name: current?.name ?? '', text, etag: etagOf(text), scheduleTag };
    // The device whose change it was did not lose it to somebody else's: its next edit is no conflict.
    if (current && keepTag) await tx.update(place, current, { ...row, origin: withAnswers(current.origin) });
    else if (current) await tx.update(place, current, row);
    else await tx.insert(place, { ...row, name });
  }

  /** All copies of an invitation are the same text, and come one after the other. */
  private describe(text: string): ItemIndex {
    const now = this.deps.clock.now();
    const { last } = this;
    if (last?.text === text && Math.abs(now.getTime() - last.at) < FRESH) return last.index;
    const index = describe('calendar', text, now);
    this.last = { text, index, at: now.getTime() };
    return index;
  }
}

/** How long an index holds, in milliseconds: it depends on the day. */
const FRESH = 60_000;

/** Origin of an item to which only answers and delivery results came since that change. */
export function withAnswers(origin: string): string {
  return origin.endsWith(ANSWERS) ? origin : `${origin}${ANSWERS}`;
}

const ANSWERS = '+answers';

/** The object of a UID, and the name for one that is made: the UID where it is a plain and free one. */
async function lookUp(tx: PimWrite, place: Place, uid: string): Promise<{ current: Item | null; name: string }> {
  const { extension } = KINDS.calendar;
  const isPlain = /^[A-Za-z0-9_@-][A-Za-z0-9._@-]{0,120}$/.test(uid);
  const name = isPlain ? `${uid}.${extension}` : `${randomUUID()}.${extension}`;
  const found = await tx.find(place, isPlain ? { name, uid } : { uid });
  if (!found || found.uid === uid) return { current: found, name };
  return { current: await tx.find(place, { uid }), name: `${randomUUID()}.${extension}` };
}
