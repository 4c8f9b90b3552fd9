import type { Id } from '../../domain/types.js';
import type { Pending } from './sync/pending.js';

/** How often a device is told of the same changes: an answer may be lost, three in a row are not. */
const TIMES = 3;
const MAX_DEVICES = 50_000;

interface Telling {
  readonly key: string;
  readonly count: number;
  readonly times: number;
}

/**
 * What devices were told of by Ping and did not fetch. Some watch folders that they never sync (iOS its Trash): told of the same
 * changes each time they would ask again at once, for ever.
 */
export class Told {
  readonly #devices = new Map<string, Map<Id, Telling>>();

  /** Those of the collections that the device is to be told of now; it counts as told. */
  news(device: string, changed: readonly Pending[]): readonly Id[] {
    const before = this.#devices.get(device);
    if (changed.length === 0) return [];
    const now = new Map<Id, Telling>();
    for (const { id, key, count } of changed) {
      const last = before?.get(id);
      const times = last && last.key === key && last.count === count ? last.times : 0;
      now.set(id, { key, count, times });
    }
    const news = changed.map(({ id }) => id).filter((id) => (now.get(id)?.times ?? 0) < TIMES);
    for (const [id, telling] of now) if (news.length > 0) now.set(id, { ...telling, times: telling.times + 1 });
    this.#devices.delete(device);
    this.#devices.set(device, new Map([...(before ?? []), ...now]));
    for (const oldest of this.#devices.keys()) {
      if (this.#devices.size <= MAX_DEVICES) break;
      this.#devices.delete(oldest);
    }
    return news;
  }
}
