import { setTimeout as sleep } from 'node:timers/promises';
import { HIERARCHY, type Subscription } from '../../domain/notify/hub.js';
import type { Id } from '../../domain/types.js';
import { deviceKey, type EasAnswer, type EasContext, type Parked, parked } from './context.js';
import { collectionsOf, signalsOf } from './notebooks.js';

/** Several changes within this time wake a device once, in milliseconds. */
const COALESCE = 100;

/** A wait ends so long before the time that the device asked for, in milliseconds: later it would have given up. */
const EARLY = 3_000;

/** A request that waits for changes. */
export interface Waiting {
  readonly kind: 'Ping' | 'Sync';
  readonly seconds: number;
  readonly collections: readonly Id[];
  /** Looks at the collections that were signalled; undefined: there is nothing to say yet. `first`: before any wait. */
  look(context: EasContext, signalled: ReadonlySet<Id>, first: boolean): Promise<EasAnswer | undefined>;
  /** The answer when the time is over, a newer request of the device came, or the server drains. */
  over(context: EasContext): EasAnswer;
}

/** Looks; when there is nothing to say the request is parked until there is. The interest is there before the first look. */
export async function waitFor(context: EasContext, waiting: Waiting): Promise<EasAnswer | Parked> {
  const wait = new Wait(context, waiting);
  return wait.look(new Set([...waiting.collections, HIERARCHY]), true);
}

/** Ends what the device left waiting on other processes: to it they are one server. */
export function tellTurn({ session, query, services, openedAt }: EasContext, kind: Waiting['kind']): void {
  if (openedAt !== undefined) services.turns?.tell(session.account, { device: query.deviceId, kind, at: openedAt });
}

/** A waiting request: what is left of it while the device sleeps. */
class Wait implements Parked {
  readonly kind = 'parked';
  readonly #until: number;
  readonly #place: Disposable;
  readonly #subscription: Subscription;
  readonly #waiting: Waiting;
  #context: EasContext;

  constructor(context: EasContext, waiting: Waiting) {
    const { session, runtime, services } = context;
    this.#context = context;
    this.#waiting = waiting;
    this.#until = performance.now() + waiting.seconds * 1000 - EARLY;
    this.#place = runtime.waits.take(deviceKey(context), waiting.kind, () => this.#subscription.end(), context.openedAt);
    tellTurn(context, waiting.kind);
    // The subscription outlives the work under way, which the signal is about.
    this.#subscription = services.hub.subscribe({ ...session, signal: undefined }, signalsOf(waiting.collections));
  }

  async look(signalled: ReadonlySet<Id>, first: boolean): Promise<EasAnswer | Parked> {
    try {
      const answer = await this.#waiting.look(this.#context, signalled, first);
      if (answer) this.leave();
      else this.#context = parked(this.#context);
      return answer ?? this;
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  rest(ready: () => void): void {
    this.#context.pulse.rest();
    this.#subscription.sleep(this.#until - performance.now(), ready);
  }

  async wake(signal: AbortSignal): Promise<EasAnswer | Parked> {
    const heard = this.#subscription.take();
    if (heard.length === 0) {
      this.leave();
      return this.#waiting.over(this.#context);
    }
    this.#context = { ...this.#context, session: { ...this.#context.session, signal } };
    this.#context.pulse.work();
    await sleep(COALESCE);
    return this.look(collectionsOf(this.#waiting.collections, [...heard, ...this.#subscription.take()]), false);
  }

  leave(): void {
    this.#subscription.close();
    this.#place[Symbol.dispose]();
  }
}
