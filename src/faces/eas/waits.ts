/** A waiting request's place; the signal fires when a newer request of the device takes it. */
export interface Place extends Disposable {
  readonly signal: AbortSignal;
}

/** The waiting request of each device: a newer one ends the older, which is then answered as if its time were over. */
export class Waits {
  readonly #places = new Map<string, AbortController>();

  /** Takes the device's place and ends whoever had it. */
  take(device: string, kind: 'Ping' | 'Sync'): Place {
    const key = `${device}/${kind}`;
    const own = new AbortController();
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

  get size(): number {
    return this.#places.size;
  }
}
