import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { gunzipSync } from 'node:zlib';
import { type Code, type Found, found } from './findings.js';

export interface Ask {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Milliseconds until the end of the answer. */
  readonly timeout: number;
  /** PEM text of further authorities. */
  readonly ca?: string;
  /** Take any certificate. */
  readonly insecure?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly ms: number;
}

/** No answer came, or none that can be read. */
export class LineFault extends Error {
  override readonly name = 'LineFault';

  constructor(
    readonly found: Found,
    readonly ms: number,
  ) {
    super(found.detail);
  }
}

/** Bytes of an answer that are read; a check needs little. */
const MAX_ANSWER = 16 << 20;

const SYSTEM_ERRORS: Readonly<Record<string, Code>> = {
  ENOTFOUND: 'unresolved',
  EAI_AGAIN: 'unresolved',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'silent',
  ENETUNREACH: 'silent',
  ETIMEDOUT: 'silent',
  ECONNRESET: 'cut-off',
  EPIPE: 'cut-off',
  EPROTO: 'tls-unusable',
  CERT_HAS_EXPIRED: 'certificate-expired',
  CERT_NOT_YET_VALID: 'certificate-early',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate-name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate-self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate-untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate-chain',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate-chain',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate-chain',
};

/** The finding for an error of the network or of TLS. */
export function codeOfError(code: string | undefined): Code {
  if (code?.startsWith('ERR_SSL') || code?.startsWith('ERR_TLS_PROTOCOL')) return 'tls-unusable';
  return SYSTEM_ERRORS[code ?? ''] ?? (code?.startsWith('HPE_') ? 'answer-broken' : 'unexpected');
}

/** One request on a connection of its own; redirects are not followed. @throws LineFault */
export function exchange(url: URL, ask: Ask): Promise<Answer> {
  const started = performance.now();
  const elapsed = () => performance.now() - started;
  return new Promise((resolve, reject) => {
    const fail = (code: Code, detail: string) => reject(new LineFault(found(code, detail), elapsed()));
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const body = ask.body === undefined ? undefined : Buffer.from(ask.body);
    const headers = { ...ask.headers, ...(body && { 'Content-Length': String(body.length) }) };
    const tls = { rejectUnauthorized: !ask.insecure, ...(ask.ca && { ca: ask.ca }) };
    const outgoing = send(url, { method: ask.method, headers, agent: false, ...tls }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER) return void response.destroy();
        chunks.push(chunk);
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks), ms: elapsed() }),
      );
      response.on('error', () => fail('answer-broken', `the answer ended after ${size} bytes, before its end`));
    });
    const timer = setTimeout(() => {
      fail('silent', `no answer to ${ask.method} ${url.pathname} within ${Math.round(ask.timeout / 1000)} s`);
      outgoing.destroy();
    }, ask.timeout);
    outgoing.on('close', () => clearTimeout(timer));
    outgoing.on('error', (error: NodeJS.ErrnoException) => fail(codeOfError(error.code), error.message));
    outgoing.end(body);
  });
}

/** The body as it was before it was packed, or why that cannot be told. */
export function unpacked({ headers, body }: Answer): Buffer | Found {
  const coding = headers['content-encoding'] ?? 'identity';
  const looksPacked = body[0] === 0x1f && body[1] === 0x8b;
  if (coding === 'identity' || body.length === 0)
    return looksPacked ? found('gzip-mangled', 'the body is packed with gzip, but no Content-Encoding says so') : body;
  if (coding !== 'gzip') return found('gzip-mangled', `Content-Encoding is ${coding}, which was not asked for`);
  try {
    return gunzipSync(body, { maxOutputLength: MAX_ANSWER });
  } catch {
    return found('gzip-mangled', 'Content-Encoding says gzip, but the body is none');
  }
}
