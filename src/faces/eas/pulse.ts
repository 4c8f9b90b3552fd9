/** When a long answer shows that it is being made, in milliseconds. */
export interface PulseTimes {
  /** Until the first sign: an answer that is quicker keeps its HTTP status and its Content-Length. */
  readonly first: number;
  /** Between two signs. */
  readonly every: number;
}

/** Gmail gives up after 30 s of silence and others later; half of that leaves room for slow lines. */
export const PULSE: PulseTimes = { first: 10_000, every: 10_000 };

/**
 * Signs of life while an answer is made. While a device waits for changes it expects silence, so the pulse rests; once the
 * answer has begun there is no rest until its end.
 */
export class Pulse {
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  #begun = false;

  /** `beat` gets true for the first sign. Without it there is no pulse. */
  constructor(
    private readonly times: PulseTimes,
    private readonly beat?: (first: boolean) => void,
  ) {
    this.work();
  }

  /** Whether the answer has begun: its HTTP status and headers are out. */
  get begun(): boolean {
    return this.#begun;
  }

  /** From now on an answer is made. */
  work(): void {
    if (this.#timer || this.#ended || !this.beat) return;
    this.#timer = setTimeout(() => this.#strike(), this.#begun ? this.times.every : this.times.first);
    this.#timer.unref();
  }

  /** From now on silence is expected. */
  rest(): void {
    if (this.#begun) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The rest of the answer follows, or the device is gone. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #strike(): void {
    const first = !this.#begun;
    this.#begun = true;
    this.#timer = undefined;
    this.beat?.(first);
    this.work();
  }
}
