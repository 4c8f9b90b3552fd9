import { readFileSync, watch } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import type { Express } from 'express';
import type { Logger } from '../domain/types.js';
import { shapesFor } from './shapes.js';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly certificate: string; readonly key: string } | null;
  readonly log: Logger;
  /** Beyond it connections are closed as they come; absent: any number. */
  readonly maxConnections?: number | undefined;
  /** Milliseconds. */
  readonly headersTimeout?: number;
}

export interface Listening {
  /** The port that was got, of use where 0 was asked for. */
  readonly port: number;
  /** Takes no new connections, ends idle ones, waits for the requests under way at most `grace` milliseconds. */
  close(grace: number): Promise<void>;
}

/** Time to receive a whole request, in milliseconds; the time to answer it is not limited. */
const REQUEST_TIMEOUT = 5 * 60_000;
/** A connection that sends nothing, or no whole head, is closed after so long; looked for every ten seconds. */
const HEADERS_TIMEOUT = 30_000;
/** The kernel asks after so long whether a client is still there, however long that waits for an answer. */
const OPTIONS = { connectionsCheckingInterval: 10_000, keepAlive: true, keepAliveInitialDelay: 120_000 };
/** Longer than a proxy keeps idle connections, so that it never sends into one that we close. */
const KEEP_ALIVE = 620_000;

/** Listens by HTTP, or by HTTPS with a certificate that is read again when its files change. */
export async function listen(app: Express, options: ListenOptions): Promise<Listening> {
  const { server, stopWatching } = createServer(app, options);
  Object.assign(server, {
    requestTimeout: REQUEST_TIMEOUT,
    headersTimeout: options.headersTimeout ?? HEADERS_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE,
    maxConnections: options.maxConnections,
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : options.port,
    close: (grace) => {
      stopWatching();
      return close(server, grace);
    },
  };
}

function createServer(app: Express, { tls, log }: ListenOptions): { server: http.Server; stopWatching: () => void } {
  const made = { ...OPTIONS, ...shapesFor(app) };
  if (!tls) return { server: http.createServer(made, app), stopWatching: () => undefined };
  const server = https.createServer({ ...readPair(tls), ...made }, app);
  const reload = () => {
    try {
      server.setSecureContext(readPair(tls));
      log.info({}, 'certificate read again');
    } catch (error) {
      log.error({ error: String(error) }, 'the new certificate is unusable, the old one stays');
    }
  };
  return { server, stopWatching: watchFiles([tls.certificate, tls.key], reload) };
}

function readPair(tls: { certificate: string; key: string }): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(tls.certificate), key: readFileSync(tls.key) };
}

/** Watches the folders: certificates are replaced by renaming, in Kubernetes by exchanging a link. */
function watchFiles(files: readonly string[], changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const watchers = [...new Set(files.map((file) => path.dirname(file)))].map((folder) =>
    watch(folder, () => {
      clearTimeout(timer);
      timer = setTimeout(changed, 500);
    }),
  );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

async function close(server: http.Server, grace: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // Connections become idle one by one, as their answers go out.
  const idle = setInterval(() => server.closeIdleConnections(), 100);
  const timer = setTimeout(() => server.closeAllConnections(), grace);
  await closed;
  clearInterval(idle);
  clearTimeout(timer);
}
