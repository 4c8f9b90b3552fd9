/** Locks held by one request; `waited` tells that another one held some of them first, so what was read before is old. */
export interface Held extends Disposable {
  readonly waited: boolean;
}

/** One request after the other for each key, within this process. Other processes are met at the commit of the state. */
export class Locks {
  readonly #tails = new Map<string, Promise<void>>();

  /** Takes all keys; always in the same order, so that two requests can't hold each other up for ever. */
  async acquire(keys: readonly string[]): Promise<Held> {
    const releases: (() => void)[] = [];
    let waited = false;
    for (const key of [...new Set(keys)].sort()) {
      const before = this.#tails.get(key);
      let resolve = () => {};
      const released = new Promise<void>((done) => {
        resolve = done;
      });
      const tail = (before ?? Promise.resolve()).then(() => released);
      this.#tails.set(key, tail);
      releases.push(() => {
        resolve();
        if (this.#tails.get(key) === tail) this.#tails.delete(key);
      });
      if (before) {
        waited = true;
        await before;
      }
    }
    return {
      waited,
      [Symbol.dispose]() {
        for (const release of releases) release();
      },
    };
  }
}
