import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from './domain/types.js';

/** A worker that dies sooner than this after its start is started again only after a pause, in milliseconds. */
const SHORT_LIFE = 5_000;
const PAUSE = 2_000;

const listening = new WeakSet<Worker>();

/** Resolves when every worker listens, or after some seconds: one that is still starting can't answer the primary's questions. */
export async function workersListen(): Promise<void> {
  for (let tries = 0; tries < 200 && living().some((worker) => !listening.has(worker)); tries++) await sleep(50);
}

export interface Workers {
  /** Tells all workers to drain and waits for them; those that take longer than `grace` milliseconds are ended. */
  stop(grace: number): Promise<void>;
}

/** Runs the gateway in `count` processes that share the port; one that dies is replaced. */
export function startWorkers(count: number, env: Readonly<Record<string, string>>, log: Logger): Workers {
  let stopping = false;
  cluster.on('listening', (worker) => listening.add(worker));
  const start = () => {
    const started = Date.now();
    const worker = cluster.fork(env);
    worker.once('exit', (code, signal) => {
      if (stopping) return;
      log.error({ worker: worker.id, code, signal }, 'a worker ended');
      setTimeout(start, Date.now() - started < SHORT_LIFE ? PAUSE : 0);
    });
  };
  for (let n = 0; n < count; n++) start();
  return {
    stop: async (grace) => {
      stopping = true;
      await Promise.all(living().map((worker) => stopWorker(worker, grace)));
    },
  };
}

function living(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
}

async function stopWorker(worker: Worker, grace: number): Promise<void> {
  const gone = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  const timer = setTimeout(() => worker.process.kill('SIGKILL'), grace);
  await gone;
  clearTimeout(timer);
}
