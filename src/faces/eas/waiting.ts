import { HIERARCHY } from '../../domain/notify/hub.js';
import type { Id } from '../../domain/types.js';
import { deviceKey, type EasAnswer, type EasContext, parked } from './context.js';
import { collectionsOf, signalsOf } from './notebooks.js';

/** Several changes within this time wake a device once, in milliseconds. */
const COALESCE = 100;

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

interface Watch {
  readonly until: number;
  next(ms: number): Promise<readonly Id[]>;
  close(): void;
}

/** Looks, and when there is nothing to say waits for signals and looks again. The interest is there before the first look. */
export async function waitFor(context: EasContext, waiting: Waiting): Promise<EasAnswer> {
  const watch = watchOf(context, waiting);
  let handedOn = false;
  try {
    const answer = await waiting.look(context, new Set([...waiting.collections, HIERARCHY]), true);
    if (answer) return answer;
    handedOn = true;
    // Not awaited here: this call and what it holds of the request shall be gone while the device waits.
    return again(parked(context), waiting, watch);
  } finally {
    if (!handedOn) watch.close();
  }
}

async function again(context: EasContext, waiting: Waiting, watch: Watch): Promise<EasAnswer> {
  try {
    for (;;) {
      context.pulse.rest();
      const heard = await watch.next(watch.until - performance.now());
      if (heard.length === 0) return waiting.over(context);
      context.pulse.work();
      await new Promise((resolve) => setTimeout(resolve, COALESCE));
      const answer = await waiting.look(context, new Set([...heard, ...(await watch.next(0))]), false);
      if (answer) return answer;
    }
  } finally {
    watch.close();
  }
}

/** Ends what the device left waiting on other processes: to it they are one server. */
export function tellTurn({ session, query, services, openedAt }: EasContext, kind: Waiting['kind']): void {
  if (openedAt !== undefined) services.turns?.tell(session.account, { device: query.deviceId, kind, at: openedAt });
}

function watchOf(context: EasContext, { kind, seconds, collections }: Waiting): Watch {
  const { session, runtime, services } = context;
  const place = runtime.waits.take(deviceKey(context), kind, context.openedAt);
  tellTurn(context, kind);
  const signal = session.signal ? AbortSignal.any([place.signal, session.signal]) : place.signal;
  const subscription = services.hub.subscribe({ ...session, signal }, signalsOf(collections));
  return {
    until: performance.now() + seconds * 1000,
    next: async (ms) => [...collectionsOf(collections, await subscription.next(ms))],
    close: () => {
      subscription.close();
      place[Symbol.dispose]();
    },
  };
}
