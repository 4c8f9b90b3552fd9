import { HttpError } from './status.js';

/** A waiting request's place; the signal fires when a newer request of the device takes it. */
export interface Place extends Disposable {
  readonly signal: AbortSignal;
}

/** Ends the wait of the request that took the place at that time. */
class Taken extends AbortController {
  constructor(readonly at: number) {
    super();
  }
}

/** A device that begins to wait more often than so many times in a period is broken: each time costs a look at the mail server. */
const MOST_BEGUN = 30;
const PERIOD_MS = 10_000;
const RETRY_AFTER = '60';

/** The waiting request of each device: a newer one ends the older, which is then answered as if its time were over. */
export class Waits {
  readonly #places = new Map<string, Taken>();
  readonly #begun = new Map<string, number>();
  #periodEnds = 0;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /**
   * Takes the device's place and ends whoever had it; `at` as in `Turn`. @throws HttpError 503 for a device that does it all
   * the time
   */
  take(device: string, kind: 'Ping' | 'Sync', at = Number.POSITIVE_INFINITY): Place {
    this.#count(device);
    const key = `${device}/${kind}`;
    const own = new Taken(at);
    this.#places.get(key)?.abort();
    this.#places.set(key, own);
    return {
      signal: own.signal,
      [Symbol.dispose]: () => {
        if (this.#places.get(key) === own) this.#places.delete(key);
      },
    };
  }

  /** Ends the device's waiting request of that kind, if there is one. */
  end(device: string, kind: 'Ping' | 'Sync'): void {
    this.#places.get(`${device}/${kind}`)?.abort();
    this.#places.delete(`${device}/${kind}`);
  }

  /** Ends the device's waiting request of that kind if it is older than one that came elsewhere. */
  overtaken(device: string, kind: 'Ping' | 'Sync', at: number): void {
    const place = this.#places.get(`${device}/${kind}`);
    if (place && place.at < at) this.end(device, kind);
  }

  #count(device: string): void {
    if (this.now() >= this.#periodEnds) {
      this.#begun.clear();
      this.#periodEnds = this.now() + PERIOD_MS;
    }
    const begun = (this.#begun.get(device) ?? 0) + 1;
    this.#begun.set(device, begun);
    if (begun > MOST_BEGUN) throw new HttpError(503, 'the device begins to wait all the time', { 'Retry-After': RETRY_AFTER });
  }

  get size(): number {
    return this.#places.size;
  }
}
