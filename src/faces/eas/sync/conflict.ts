import type { Cursor } from '../../../domain/changes/feed.js';
import type { Collection } from '../../../domain/pim/model.js';
import type { Pim } from '../../../domain/pim/service.js';
import { withAnswers } from '../../../domain/scheduling/calendar-write.js';
import type { Session } from '../../../domain/types.js';

const PAGE = 500;

/**
 * Items that somebody else changed since the device's cursor. An edit of one of them by the device is a conflict
 * (MS-ASCMD Conflict). Changes merged by the gateway itself carry another origin than the device's, so they count.
 */
export class ForeignChanges {
  readonly #foreign = new Set<number>();
  #point: Cursor | null;

  constructor(
    private readonly pim: Pick<Pim, 'since'>,
    private readonly session: Session,
    private readonly collection: Collection,
    from: Cursor | null,
  ) {
    this.#point = from;
  }

  /** Looks at what happened up to now, then tells whether the item is among it. */
  async has(id: number): Promise<boolean> {
    const { origin } = this.session;
    // Answers of invitees go together with whatever the device edits.
    const own = [origin, withAnswers(origin)];
    // To the end, however much happened: an edit must not meet a change unseen. Each item is listed once.
    while (this.#point !== null) {
      const { changes, next, more } = await this.pim.since(this.session, this.collection, this.#point, PAGE);
      for (const change of changes) if (!change.gone && !own.includes(change.origin)) this.#foreign.add(Number(change.id));
      this.#point = next;
      if (!more) break;
    }
    return this.#foreign.has(id);
  }
}
