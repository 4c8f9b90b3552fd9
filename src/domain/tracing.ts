/** What may be said of a span: identifiers, names of operations, numbers; never texts of people. */
export type SpanFacts = Readonly<Record<string, string | number | boolean | undefined>>;

/** What a span stands for: something that was asked of this process, that it asks of another, or that it does itself. */
export type SpanKind = 'server' | 'client' | 'internal';

/** A span that has begun. */
export interface SpanHandle {
  /** Runs work whose spans are parts of this one. */
  run<T>(work: () => T): T;
  end(name: string, facts: SpanFacts, failed: boolean): void;
}

/**
 * Spans for an operator's tracing system, implemented by infra/otel. The parts of the gateway know nothing of it: those that
 * join them put it between.
 */
export interface Tracing {
  /**
   * Begins a span. `headers` may name the trace that it belongs to (W3C Trace Context); `after` is a span that ended and was
   * the cause of this one.
   */
  begin(kind: SpanKind, from: { readonly headers?: object; readonly after?: SpanHandle }): SpanHandle;
  /** A span around work that is part of another span; alone it is nobody's and is not noted. */
  within<T>(kind: SpanKind, name: string, facts: SpanFacts, work: () => Promise<T>): Promise<T>;
  /** Something that ends just now and took so many seconds. */
  note(name: string, seconds: number, facts: SpanFacts): void;
  /** Sends what has not been sent. */
  stop(): Promise<void>;
}

/** Tells that a request is parked, and goes on with it: a span must not last, and hold memory, as long as a phone waits. */
export interface ParkedSpans {
  parked(): void;
  resumed(work: () => void): void;
}
