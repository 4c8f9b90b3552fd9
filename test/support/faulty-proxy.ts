import { readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { TestCertificate } from './certificates.js';
import { onEnd } from './cleanup.js';

type Headers = Record<string, string | string[] | undefined>;

/** What a badly configured proxy does to a request, or to its answer. */
export interface Mischief {
  /** Answers itself; true when it did. */
  readonly before?: (req: IncomingMessage, res: ServerResponse) => boolean;
  /** Changes the headers of a request. */
  readonly request?: (headers: Headers, req: IncomingMessage) => void;
  /** Changes an answer. */
  readonly answer?: (answer: { status: number; headers: Headers; body: Buffer }, req: IncomingMessage) => void;
  /** Milliseconds after which a silent gateway is given up with 504. */
  readonly patience?: number;
  /** Bytes of a request's body. */
  readonly limit?: number;
}

/** A TLS proxy on localhost, before a gateway, whose configuration can be spoilt. */
export interface FaultyProxy {
  readonly url: string;
  /** Where requests go. */
  target: string;
  mischief: Mischief;
  useTls(certificate: TestCertificate, more?: SecureContextOptions & { readonly chain?: readonly TestCertificate[] }): void;
}

export async function startFaultyProxy(certificate: TestCertificate): Promise<FaultyProxy> {
  const server = createServer(contextOf(certificate), (req, res) => void forward(proxy, req, res));
  await new Promise<void>((done) => server.listen(0, 'localhost', done));
  onEnd(() => close(server));
  const proxy: FaultyProxy = {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    target: '',
    mischief: {},
    useTls: (other, { chain = [], ...more } = {}) => server.setSecureContext({ ...contextOf(other, chain), ...more }),
  };
  return proxy;
}

function close(server: Server): void {
  server.closeAllConnections();
  server.close();
}

function contextOf({ file, key }: TestCertificate, chain: readonly TestCertificate[] = []): SecureContextOptions {
  return { cert: [file, ...chain.map((each) => each.file)].map((each) => readFileSync(each)).join('\n'), key: readFileSync(key) };
}

async function forward({ target, mischief }: FaultyProxy, req: IncomingMessage, res: ServerResponse): Promise<void> {
  if (mischief.before?.(req, res)) return;
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  if (body.length > (mischief.limit ?? Number.POSITIVE_INFINITY)) return void res.writeHead(413).end();
  const headers: Headers = { ...req.headers, 'x-forwarded-proto': 'https' };
  mischief.request?.(headers, req);
  const outgoing = httpRequest(new URL(req.url ?? '/', target), { method: req.method, headers, agent: false }, (response) => {
    const parts: Buffer[] = [];
    response.on('data', (part: Buffer) => parts.push(part));
    response.on('end', () => {
      const answer = {
        status: response.statusCode ?? 0,
        headers: { ...response.headers } as Headers,
        body: Buffer.concat(parts),
      };
      mischief.answer?.(answer, req);
      const present = Object.entries(answer.headers).filter(
        (entry) => entry[1] !== undefined && entry[0] !== 'transfer-encoding',
      );
      res.writeHead(answer.status, Object.fromEntries(present) as Record<string, string | string[]>).end(answer.body);
    });
  });
  outgoing.on('error', () => (res.headersSent ? res.destroy() : res.writeHead(502).end()));
  if (mischief.patience !== undefined) {
    outgoing.setTimeout(mischief.patience, () => {
      res.writeHead(504).end();
      outgoing.destroy();
    });
  }
  res.on('close', () => outgoing.destroy());
  outgoing.end(body);
}
