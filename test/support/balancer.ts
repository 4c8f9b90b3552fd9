import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onEnd } from './cleanup.js';

export interface Balancer {
  readonly url: string;
  /** Requests given to each backend so far. */
  readonly counts: readonly number[];
  /** Requests whose backend died under them. */
  readonly lost: () => number;
  close(): void;
}

/**
 * A load balancer without sticky sessions: gives each request to one of the ports, which `choose` names. A backend that does
 * not answer is 502, one that dies in the middle cuts the answer; a client that hangs up is hung up on at the backend.
 */
export async function startBalancer(ports: readonly number[], choose: () => number): Promise<Balancer> {
  const counts = ports.map(() => 0);
  let lost = 0;
  const server = createServer((incoming, outgoing) => {
    const at = choose() % ports.length;
    counts[at]!++;
    forward(incoming, outgoing, ports[at]!, () => lost++);
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  onEnd(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, counts, lost: () => lost, close };
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, port: number, failed: () => void): void {
  const { method, url: path, headers } = incoming;
  const asked = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.on('error', () => outgoing.destroy());
    answer.pipe(outgoing);
  });
  asked.on('error', () => {
    failed();
    if (outgoing.headersSent) outgoing.destroy();
    else outgoing.writeHead(502).end();
  });
  outgoing.on('close', () => asked.destroy());
  incoming.pipe(asked);
}
