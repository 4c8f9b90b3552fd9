import { HttpError } from './status.js';

type Kind = 'Ping' | 'Sync';

/** A waiting request's place: `at` as in `Turn`; `end` is called when a newer request of the device takes it. */
class Place implements Disposable {
  constructor(
    private readonly places: Map<string, Place>,
    private readonly key: string,
    readonly at: number,
    readonly end: () => void,
  ) {}

  [Symbol.dispose](): void {
    if (this.places.get(this.key) === this) this.places.delete(this.key);
  }
}

/** A device that begins to wait more often than so many times in a period is broken: each time costs a look at the mail server. */
const MOST_BEGUN = 30;
const PERIOD_MS = 10_000;
const RETRY_AFTER = '60';

/** The waiting request of each device: a newer one ends the older, which is then answered as if its time were over. */
export class Waits {
  readonly #places = new Map<string, Place>();
  readonly #begun = new Map<string, number>();
  #periodEnds = 0;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /**
   * Takes the device's place and ends whoever had it; `at` as in `Turn`, `end` hears that a newer one came.
   * @throws HttpError 503 for a device that does it all the time
   */
  take(device: string, kind: Kind, end: () => void, at = Number.POSITIVE_INFINITY): Disposable {
    this.#count(device);
    this.end(device, kind);
    const key = `${device}/${kind}`;
    const place = new Place(this.#places, key, at, end);
    this.#places.set(key, place);
    return place;
  }

  /** Ends the device's waiting request of that kind, if there is one. */
  end(device: string, kind: Kind): void {
    const key = `${device}/${kind}`;
    const place = this.#places.get(key);
    this.#places.delete(key);
    place?.end();
  }

  /** Ends the device's waiting request of that kind if it is older than one that came elsewhere. */
  overtaken(device: string, kind: Kind, at: number): void {
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
