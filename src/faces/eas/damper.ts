import { createHash } from 'node:crypto';

/** What becomes of a request that repeats itself. */
export interface Damping {
  /** How often it came in a row, this one included. */
  readonly count: number;
  /** Milliseconds that the answer is held back. */
  readonly hold: number;
  /** It is not answered at all: the device shall stay away for a while. */
  readonly refused: boolean;
}

/** From how many on the same request is held back, and refused. */
export interface DampingLimits {
  readonly held: number;
  readonly refused: number;
}

export const DAMPING: DampingLimits = { held: 500, refused: 1_000 };
/** Seconds that a refused device shall stay away. */
export const STAY_AWAY = 300;

/** A request that did not come for so long is no repetition, in milliseconds. */
const MEMORY = 60_000;
const STEP = 500;
const MOST = 10_000;
/** Different requests remembered of a device, and devices. */
const MAX_REQUESTS = 10;
const MAX_DEVICES = 50_000;
/** A larger body is no loop of a phone that waits for something. */
const MAX_BODY = 32 * 1024;

interface Seen {
  readonly print: string;
  readonly count: number;
  /** Milliseconds. */
  readonly at: number;
}

/**
 * Phones that do not like an answer ask again at once, for hours, until their battery is empty. The same request over and over
 * brings the device nothing new (a Sync that got on has another key): it is answered later and later, then not at all.
 */
export class Damper {
  /** The device's latest requests, the newest last. */
  readonly #devices = new Map<string, readonly Seen[]>();

  constructor(
    private readonly limits: DampingLimits | null = DAMPING,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Notes a request and tells what to do with it. `path` is its command with the parameters that matter. */
  note(device: string, path: string, body: Uint8Array): Damping {
    if (!this.limits || body.length > MAX_BODY) return { count: 1, hold: 0, refused: false };
    const { count } = this.#seen(device, createHash('sha256').update(`${path}\n`).update(body).digest('base64url'));
    const over = count - this.limits.held;
    return { count, hold: over > 0 ? Math.min(over * STEP, MOST) : 0, refused: count > this.limits.refused };
  }

  /** The device got on: nothing of what it asked before was a repetition. */
  forget(device: string): void {
    this.#devices.delete(device);
  }

  #seen(device: string, print: string): Seen {
    const requests = this.#devices.get(device) ?? [];
    const last = requests.find((seen) => seen.print === print);
    const at = Math.round(this.now());
    const seen = { print, count: last && at - last.at < MEMORY ? last.count + 1 : 1, at };
    const others = requests.filter((other) => other !== last);
    this.#devices.delete(device);
    this.#devices.set(device, others.slice(1 - MAX_REQUESTS).concat(seen));
    trim(this.#devices, MAX_DEVICES);
    return seen;
  }
}

/** Drops what was not used for longest. */
function trim(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) break;
    map.delete(key);
  }
}
