import cluster from 'node:cluster';
import type { RequestHandler } from 'express';
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Meter } from '../domain/meter.js';

export interface Observation {
  readonly face: string;
  /** HTTP method or ActiveSync command. */
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
}

export interface Metrics {
  readonly handler: RequestHandler;
  observe(request: Observation): void;
  /** A value that is asked for when the metrics are read. */
  gauge(name: string, help: string, value: () => number): void;
  /** After how many seconds somebody who was signalled had its answer. */
  woken(seconds: number): void;
  readonly meter: Meter;
}

/** Gauges that are no sum over the workers of a machine: the worst of them counts. */
const WORST: ReadonlySet<string> = new Set(['gateway_bus_lag_seconds']);

/** Methods that become labels; anything else a client invents counts as `other`. */
const LABEL = /^[A-Za-z-]{2,24}$/;

let aggregator: AggregatorRegistry<typeof Registry.PROMETHEUS_CONTENT_TYPE> | undefined;

/** Prometheus metrics of the process and of its requests by face, method and status. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  AggregatorRegistry.setRegistries(registry); // what a worker tells the primary
  if (cluster.isWorker) aggregator ??= new AggregatorRegistry(); // hears the primary's questions
  collectDefaultMetrics({ register: registry });
  const labelNames = ['face', 'method', 'status'] as const;
  const requests = new Counter({ name: 'gateway_requests_total', help: 'Requests answered', labelNames, registers: [registry] });
  const seconds = new Histogram({
    name: 'gateway_request_seconds',
    help: 'Time to the end of the answer; waiting requests included',
    labelNames: ['face', 'method'] as const,
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 3600],
    registers: [registry],
  });
  const synced = new Counter({
    name: 'gateway_sync_collections_total',
    help: 'Collections answered in ActiveSync Syncs, by class and Status',
    labelNames: ['class', 'status'] as const,
    registers: [registry],
  });
  const wake = new Histogram({
    name: 'gateway_wake_seconds',
    help: 'From a change signal to the answer of who waited for it',
    buckets: [0.05, 0.1, 0.25, 0.35, 0.5, 0.75, 1, 2, 5, 10, 30],
    registers: [registry],
  });
  return {
    woken: (seconds) => wake.observe(seconds),
    meter: { synced: (className, status) => synced.inc({ class: className || 'none', status }) },
    handler: async (_req, res) => {
      res.type(registry.contentType).send(await registry.metrics());
    },
    observe: (request) => {
      const method = LABEL.test(request.method) ? request.method : 'other';
      requests.inc({ face: request.face, method, status: request.status });
      seconds.observe({ face: request.face, method }, request.seconds);
    },
    gauge: (name, help, value) => {
      new Gauge({
        name,
        help,
        registers: [registry],
        aggregator: WORST.has(name) ? 'max' : 'sum',
        collect() {
          this.set(value());
        },
      });
    },
  };
}

/** The metrics of all workers of this machine added up; asked in the primary process. */
export async function clusterMetrics(): Promise<{ readonly type: string; readonly text: string }> {
  aggregator ??= new AggregatorRegistry();
  return { type: aggregator.contentType, text: `${await aggregator.clusterMetrics()}${startOfPrimary()}` };
}

/** What alerts on restarts look at; prom-client leaves it out of a sum, since it is none. */
function startOfPrimary(): string {
  const name = 'process_start_time_seconds';
  const started = Math.round(Date.now() / 1000 - process.uptime());
  return `# HELP ${name} Start time of the process since unix epoch in seconds.\n# TYPE ${name} gauge\n${name} ${started}\n`;
}
