import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { onEnd } from '../support/cleanup.js';

/** A place that connections go to, and who asked for it. */
export interface NameProxy {
  port: number;
  /** `host:port` of each connection that was asked for, in order. */
  readonly asked: string[];
}

/**
 * Stands in for DNS and for port 443: an HTTP proxy (CONNECT, RFC 9110 §9.3.6) that leads each name of `domain` to one local
 * port and refuses all others, so that nothing leaves the machine.
 */
export async function startNameProxy(domain: string, target: number): Promise<NameProxy> {
  const asked: string[] = [];
  const server = createServer((_request, response) => void response.writeHead(502).end());
  server.on('connect', (request, socket, head) => {
    const name = request.url ?? '';
    asked.push(name);
    socket.on('error', () => {});
    const ours = name === `${domain}:443` || name.endsWith(`.${domain}:443`);
    if (!ours) return void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    const upstream = connect(target, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
  });
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  onEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}
