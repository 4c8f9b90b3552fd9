import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Attributes,
  type Context,
  SpanKind as Kind,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import type { SpanFacts, SpanHandle, SpanKind, Tracing } from '../../domain/tracing.js';
import type { Logger } from '../../domain/types.js';

/** Where spans go. */
export interface OtelConfig {
  /** Base URL of a collector that takes OTLP over HTTP, without `/v1/traces`. */
  readonly endpoint: string;
  readonly service: string;
  /** The share of requests that are traced where the caller has not decided, 0 to 1. */
  readonly ratio: number;
  /** Milliseconds in which spans are collected before they are sent. */
  readonly delay: number;
}

const KINDS: Readonly<Record<SpanKind, Kind>> = { server: Kind.SERVER, client: Kind.CLIENT, internal: Kind.INTERNAL };
/** A collector that is away is spoken of once in so many milliseconds. */
const SILENCE = 60_000;
/** At the end a collector gets so many milliseconds for the last spans: the process has to go. */
const LAST_WORDS = 2_000;

/**
 * OpenTelemetry with its own parts only, nothing global but the handler of errors. This module is loaded where an endpoint is
 * configured, and nowhere else: it takes memory and time at the start.
 */
export function startTracing(config: OtelConfig, log: Logger): Tracing {
  reportFailures(log);
  const exporter = new OTLPTraceExporter({ url: `${config.endpoint}/v1/traces` });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': config.service, 'process.pid': process.pid }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(config.ratio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: config.delay })],
  });
  return new OtelTracing(provider, provider.getTracer('gateway'));
}

class OtelTracing implements Tracing {
  private readonly contexts = new AsyncLocalStorageContextManager().enable();
  private readonly propagator = new W3CTraceContextPropagator();

  constructor(
    private readonly provider: TracerProvider,
    private readonly tracer: Tracer,
  ) {}

  begin(kind: SpanKind, { headers, after }: Parameters<Tracing['begin']>[1]): SpanHandle {
    const parent = headers ? this.propagator.extract(ROOT_CONTEXT, headers, GETTER) : ROOT_CONTEXT;
    const cause = after instanceof Handle ? after.cause : undefined;
    // The name is known at the end; what is decided by it is nothing.
    const span = this.tracer.startSpan('request', { kind: KINDS[kind], links: cause ? [{ context: cause }] : [] }, parent);
    return new Handle(this.contexts, parent, span);
  }

  async within<T>(kind: SpanKind, name: string, facts: SpanFacts, work: () => Promise<T>): Promise<T> {
    const parent = this.contexts.active();
    if (!trace.getSpan(parent)?.isRecording()) return work();
    const span = this.tracer.startSpan(name, { kind: KINDS[kind], attributes: attributesOf(facts) }, parent);
    try {
      return await this.contexts.with(trace.setSpan(parent, span), work);
    } catch (error) {
      fail(span, error);
      throw error;
    } finally {
      span.end();
    }
  }

  note(name: string, seconds: number, facts: SpanFacts): void {
    const startTime = new Date(Date.now() - seconds * 1000);
    this.tracer.startSpan(name, { startTime, attributes: attributesOf(facts), root: true }, ROOT_CONTEXT).end();
  }

  async stop(): Promise<void> {
    this.contexts.disable();
    const sent = this.provider.shutdown().catch(() => undefined);
    await Promise.race([sent, sleep(LAST_WORDS, undefined, { ref: false })]);
  }
}

class Handle implements SpanHandle {
  constructor(
    private readonly contexts: AsyncLocalStorageContextManager,
    private readonly parent: Context,
    private readonly span: Span,
  ) {}

  get cause() {
    return this.span.spanContext();
  }

  run<T>(work: () => T): T {
    return this.contexts.with(trace.setSpan(this.parent, this.span), work);
  }

  end(name: string, facts: SpanFacts, failed: boolean): void {
    this.span.updateName(name);
    this.span.setAttributes(attributesOf(facts));
    if (failed) this.span.setStatus({ code: SpanStatusCode.ERROR });
    this.span.end();
  }
}

const GETTER = {
  keys: (headers: object) => Object.keys(headers),
  get: (headers: object, name: string) => (headers as Record<string, string | string[] | undefined>)[name],
};

/** The kind of an error only: its text could hold addresses. */
function fail(span: Span, error: unknown): void {
  const kind = (error as { kind?: unknown } | null)?.kind;
  span.setAttribute('error.type', typeof kind === 'string' ? kind : error instanceof Error ? error.name : 'unknown');
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function attributesOf(facts: SpanFacts): Attributes {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

function reportFailures(log: Logger): void {
  let silentUntil = 0;
  setGlobalErrorHandler((error) => {
    if (Date.now() < silentUntil) return;
    silentUntil = Date.now() + SILENCE;
    log.warn({ error: error instanceof Error ? error.message : 'unknown' }, 'spans could not be sent');
  });
}
