import type { Id } from '../../domain/types.js';

/** Signals wait this long for others, in milliseconds. */
const COALESCE = 10;

/** A signal as text. */
export const signalOf = (account: Id, collection: Id): string => `${account}/${collection}`;

/** Calls `heard` for each signal of a payload. */
export function readSignals(payload: string, heard: (account: Id, collection: Id) => void): void {
  for (const signal of payload.split(' ')) {
    const at = signal.indexOf('/');
    if (at > 0) heard(signal.slice(0, at), signal.slice(at + 1));
  }
}

/** How long a payload takes from here over the bus and back, as each process hears its own. */
export class Lag {
  private readonly sent = new Map<string, number>();
  /** Seconds of the last one that came back. */
  seconds = 0;

  left(payload: string): void {
    if (this.sent.size < MOST_UNDERWAY) this.sent.set(payload, performance.now());
  }

  back(payload: string): void {
    const at = this.sent.get(payload);
    if (at === undefined) return;
    this.sent.delete(payload);
    this.seconds = (performance.now() - at) / 1000;
  }

  forget(): void {
    this.sent.clear();
  }
}
const MOST_UNDERWAY = 1_000;

/** Collects signals for a moment and hands them on as few payloads of bounded size, each signal once. */
export class Outgoing {
  private readonly signals = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly send: (payload: string) => Promise<unknown>,
    private readonly maxPayload: number,
  ) {}

  add(account: Id, collection: Id): void {
    this.signals.add(signalOf(account, collection));
    this.timer ??= setTimeout(() => void this.flush(), COALESCE);
  }

  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const signals = [...this.signals];
    this.signals.clear();
    for (const payload of payloads(signals, this.maxPayload)) await this.send(payload);
  }
}

function payloads(signals: readonly string[], limit: number): string[] {
  const result: string[] = [];
  for (const signal of signals) {
    const last = result.at(-1);
    if (last !== undefined && last.length + signal.length < limit) result[result.length - 1] = `${last} ${signal}`;
    else result.push(signal);
  }
  return result;
}
