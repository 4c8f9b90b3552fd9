import type { IncomingMessage, ServerResponse } from 'node:http';
import { tracedUntil } from '../../../domain/devices/trace.js';
import type { Clock, Logger, Session } from '../../../domain/types.js';
import { parseXml, type XmlElement } from '../../../formats/xml/read.js';
import { BadPath, type Place } from '../paths.js';
import { type Redacted, redact } from './redact.js';

/** What the HTTP layer gives with a request and its answer. */
type Asked = IncomingMessage & { readonly body?: unknown };
type Answered = ServerResponse & { readonly locals: { readonly session?: unknown; readonly log?: unknown } };

/** Headers that decide what a request means, by what may be shown of them. */
const HEADERS: Readonly<Record<string, RegExp>> = {
  depth: /^(0|1|infinity)$/i,
  'content-type': /^(text|application)\/(xml|calendar|vcard|json|octet-stream)\b/i,
  prefer: /^(return=(minimal|representation)|depth-noroot|,|;|\s|wait=\d+)+$/i,
  brief: /^[tf]$/i,
  overwrite: /^[TF]$/,
  'if-match': /^\*$/,
  'if-none-match': /^\*$/,
  expect: /^100-continue$/i,
};
/** Larger documents are counted, not read a second time. */
const MOST_BYTES = 256 * 1024;

/**
 * Writes down what the programs of an account ask and how they are answered, while an operator wants to see it: two log lines
 * for each request, redacted. Others' requests cost one comparison.
 */
export function trace(req: Asked, res: Answered, place: Place | BadPath, { clock, log }: { clock: Clock; log: Logger }): void {
  const session = res.locals.session as Session | undefined;
  if (!session?.user.traceUntil || !tracedUntil(session.user, clock.now())) return;
  const lines = (res.locals.log as Logger | undefined) ?? log;
  const body: Uint8Array = Buffer.isBuffer(req.body) ? req.body : new Uint8Array();
  const common = { trace: true, account: session.account, method: req.method, ...whereOf(place) };
  const headers = Object.entries(req.headers).flatMap(([name, value]) => headerOf(name, value));
  const said = { headers: Object.fromEntries(headers), bytes: body.length, document: documentOf(req, body) };
  lines.info({ ...common, direction: 'request', ...said }, 'program trace');
  const began = performance.now();
  res.once('close', () => {
    const length = Number(res.getHeader('Content-Length') ?? Number.NaN);
    const bytes = Number.isNaN(length) ? undefined : length;
    const cut = res.writableFinished ? undefined : true;
    const ms = Math.round(performance.now() - began);
    lines.info({ ...common, direction: 'answer', http: res.statusCode, bytes, ms, cut }, 'program trace');
  });
}

/** What kind of place it is: the path itself can name people. */
function whereOf(place: Place | BadPath): object {
  if (place instanceof BadPath) return { at: 'bad path' };
  return { at: place.at, type: 'type' in place ? place.type : undefined };
}

function headerOf(name: string, value: string | string[] | undefined): [string, string][] {
  const allowed = HEADERS[name];
  if (!allowed || typeof value !== 'string') return [];
  const shown = allowed.exec(value)?.[0];
  return [[name, shown ?? `(text ${value.length})`]];
}

function documentOf(req: Asked, body: Uint8Array): Redacted | undefined {
  if (body.length === 0 || body.length > MOST_BYTES || !/\bxml\b/i.test(String(req.headers['content-type'] ?? '')))
    return undefined;
  let root: XmlElement;
  try {
    root = parseXml(body);
  } catch {
    return undefined; // the answer's status says so
  }
  return redact(root);
}
