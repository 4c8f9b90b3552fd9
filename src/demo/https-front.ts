import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { OwnCertificate } from './certificate.js';

/** Where the gateway listens. */
export interface Target {
  host: string;
  port: number;
}

export interface HttpsFront {
  port: number;
  stop(): Promise<void>;
}

/**
 * HTTPS in front of the demo's gateway, so that both http:// and https:// answer. The gateway itself speaks HTTPS
 * with TLS_CERT and TLS_KEY; here it trusts this process for the caller's address (X-Forwarded-For).
 */
export async function startHttpsFront(own: OwnCertificate, host: string, port: number, target: Target): Promise<HttpsFront> {
  const server = createServer({ cert: own.cert, key: own.key, requestTimeout: 0 }, (incoming, outgoing) =>
    forward(incoming, outgoing, target),
  );
  server.listen(port, host);
  await once(server, 'listening');
  const stop = async () => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as { port: number }).port, stop };
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, target: Target): void {
  const headers = { ...incoming.headers, 'x-forwarded-for': incoming.socket.remoteAddress ?? '', 'x-forwarded-proto': 'https' };
  const { method, url: path } = incoming;
  const inner = request({ ...target, method, path, headers, agent: false }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  inner.on('error', () => {
    if (outgoing.headersSent) outgoing.destroy();
    else outgoing.writeHead(502).end();
  });
  outgoing.on('close', () => inner.destroy());
  incoming.pipe(inner);
}
