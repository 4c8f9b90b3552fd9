import net from 'node:net';
import { onEnd } from '../../test/support/cleanup.js';

/** A TCP proxy on 127.0.0.1 that counts what clients ask. */
export interface CountingProxy {
  readonly port: number;
  /** Requests since the last call. */
  take(): string[];
}

/** Names the requests in a chunk that a client sent. */
export type Reader = (chunk: Buffer) => string[];

/** IMAP commands: lines that begin with a tag. Lines inside literals would count too; the commands measured have none. */
export const imapCommands: Reader = (chunk) => {
  const lines = chunk.toString('latin1').split('\r\n');
  return lines.flatMap((line) => /^[A-Z0-9]+ ((?:UID )?[A-Z]+)\b/i.exec(line)?.[1]?.toUpperCase() ?? []);
};

/** Round trips of PostgreSQL's protocol: each ends with Sync (`S`) or is a simple Query (`Q`). */
export const postgresRoundTrips: Reader = (chunk) => {
  const found: string[] = [];
  for (let at = 0; at + 5 <= chunk.length; ) {
    const type = String.fromCharCode(chunk[at] as number);
    if (type === 'S' || type === 'Q') found.push(type);
    at += 1 + chunk.readInt32BE(at + 1);
  }
  return found;
};

/** `target` is a host and port, or the path of a unix socket. */
export async function startCountingProxy(
  target: { host: string; port: number } | { path: string },
  reader: Reader,
): Promise<CountingProxy> {
  const seen: string[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk) => seen.push(...reader(chunk)));
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as net.AddressInfo).port,
    take: () => seen.splice(0, seen.length),
  };
}
