import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { onEnd } from './cleanup.js';

/** A proxy before an IMAP server that notes the commands. */
export interface ImapTap {
  /** `imap://127.0.0.1:PORT?tls=off` */
  readonly url: string;
  /** Tagged commands since the last call, without tags: `UID FETCH 1:* (FLAGS)`. */
  take(): readonly string[];
  /** Connections open at present. */
  readonly connections: number;
  /** Cuts all connections. */
  cut(): void;
  /** Whether new connections are refused. */
  down: boolean;
  /** The server falls silent: what it answers waits until `release`. */
  hold(): void;
  release(): void;
}

/** Starts a proxy before the server at a URL. Ends with the test file. */
export async function startImapTap(url: string): Promise<ImapTap> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const commands: string[] = [];
  const tap = { down: false };
  const lines = new Set<() => void>();
  let held = false;
  const server = createServer((client) => {
    if (tap.down) return client.destroy();
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => undefined));
    client.on('data', (data) => commands.push(...commandsIn(data.toString('latin1'))));
    client.pipe(upstream);
    const flow = () => {
      if (held) upstream.unpipe(client);
      else upstream.pipe(client);
    };
    lines.add(flow);
    flow();
    client.on('close', () => lines.delete(flow));
    client.on('close', () => [client, upstream].map((socket) => sockets.delete(socket) && socket.destroy()));
    upstream.on('close', () => client.destroy());
    return undefined;
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const turn = (now: boolean) => {
    held = now;
    for (const flow of lines) flow();
  };
  const { port } = server.address() as { port: number };
  return Object.defineProperties(tap, {
    url: { value: `imap://127.0.0.1:${port}?tls=off` },
    take: { value: () => commands.splice(0) },
    connections: { get: () => sockets.size / 2 },
    hold: { value: () => turn(true) },
    release: { value: () => turn(false) },
    cut: { value: () => [...sockets].map((socket) => socket.destroy()) },
  }) as unknown as ImapTap;
}

/** imapflow's tags are hexadecimal numbers. */
function commandsIn(text: string): string[] {
  return text.split('\r\n').flatMap((line) => /^[0-9A-F]+ ([A-Z].*)$/.exec(line)?.[1] ?? []);
}
