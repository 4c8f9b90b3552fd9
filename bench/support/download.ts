import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { syncCollection } from './dav-requests.js';
import { LeanClient } from './lean-http.js';

export interface DownloadTarget {
  readonly url: string;
  readonly path: string;
  readonly user: string;
  readonly password: string;
}

/** Lists a collection again and again in a thread of its own, so that the one who measures is not kept busy by it. */
export function downloadForever(target: DownloadTarget): { stop(): Promise<number> } {
  const worker = new Worker(new URL(import.meta.url), { workerData: target });
  let finished = 0;
  const failed = new Promise<never>((_, reject) => worker.once('error', reject));
  failed.catch(() => undefined);
  worker.on('message', () => finished++);
  return {
    stop: async () => {
      await Promise.race([worker.terminate(), failed]);
      return finished;
    },
  };
}

if (!isMainThread && workerData) {
  const { url, path, user, password } = workerData as DownloadTarget;
  const client = new LeanClient(url, user, password);
  for (;;) {
    await syncCollection(client, path, '', { discard: true });
    parentPort?.postMessage('listed');
  }
}
