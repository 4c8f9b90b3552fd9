import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Request, type Response, Router } from 'express';
import type { Services } from '../../domain/services.js';
import type { Logger, Session } from '../../domain/types.js';
import { XmlSink } from '../../formats/xml/write.js';
import { getAttachment } from './attachments/get.js';
import { DavError, errorReply, statusOf } from './errors.js';
import { Exchange } from './exchange.js';
import type { ByteStream, DavBody, DavReply } from './message.js';
import { acl } from './methods/acl.js';
import { copy, move } from './methods/copy-move.js';
import { remove } from './methods/delete.js';
import { copyFile, getFile, makeFolder, moveFile, putFile, removeFile } from './methods/files.js';
import { get } from './methods/get.js';
import { lock, unlock } from './methods/lock.js';
import { mkcalendar, mkcol } from './methods/mkcol.js';
import { allow, options } from './methods/options.js';
import { post } from './methods/post.js';
import { propfind } from './methods/propfind.js';
import { proppatch } from './methods/proppatch.js';
import { put } from './methods/put.js';
import { report } from './methods/report.js';
import { BadPath, CONTEXT, encodeSegment, type HomeType, type Place, parsePath } from './paths.js';
import { pushUnregister } from './push/register.js';
import { trace } from './trace/trace.js';

type Handler = (x: Exchange) => Promise<DavReply>;

const HANDLERS: ReadonlyMap<string, Handler> = new Map([
  ['PROPFIND', propfind],
  ['PROPPATCH', proppatch],
  ['REPORT', report],
  ['GET', get],
  ['HEAD', get],
  ['PUT', put],
  ['DELETE', remove],
  ['MOVE', move],
  ['COPY', copy],
  ['MKCALENDAR', mkcalendar],
  ['MKCOL', mkcol],
  ['POST', post],
  ['ACL', acl],
  ['LOCK', lock],
  ['UNLOCK', unlock],
]);

/** Plain files and folders have their own ways for these. */
const FILE_HANDLERS: ReadonlyMap<string, Handler> = new Map([
  ...HANDLERS,
  ['GET', getFile],
  ['HEAD', getFile],
  ['PUT', putFile],
  ['DELETE', removeFile],
  ['MOVE', moveFile],
  ['COPY', copyFile],
  ['MKCOL', makeFolder],
]);

/** A registration for push messages can only be ended. */
const PUSH_HANDLERS: ReadonlyMap<string, Handler> = new Map([['DELETE', pushUnregister]]);

/** Attachments are changed through their items. */
const ATTACHMENT_HANDLERS: ReadonlyMap<string, Handler> = new Map([
  ['GET', getAttachment],
  ['HEAD', getAttachment],
]);

function handlersAt({ at }: Place): ReadonlyMap<string, Handler> {
  if (at === 'file') return FILE_HANDLERS;
  if (at === 'attachment') return ATTACHMENT_HANDLERS;
  return at === 'push' ? PUSH_HANDLERS : HANDLERS;
}

/** Methods that the addresses outside the context answer: the rest of the site root is other faces'. */
const AT_ROOT: ReadonlySet<string> = new Set(['OPTIONS', 'PROPFIND', 'REPORT']);

/**
 * The CalDAV and CardDAV face. Needs `req.body` as a Buffer and `res.locals.session`, which may be missing for OPTIONS and
 * for the well-known addresses only.
 */
export function davRouter(services: Services): Router {
  const router = Router();
  router.use(async (req, res, next) => {
    const place = placeOf(req);
    // Clients ask anywhere what the server can do, and give up where the answer has no DAV header.
    if (place === null && req.method === 'OPTIONS') return send(req, res, options({ at: 'nowhere' }));
    if (place === null || (!(place instanceof BadPath) && place.at === 'root' && !AT_ROOT.has(req.method))) return next();
    trace(req, res, place, services);
    const reply = await answer(services, req, res, place);
    await send(req, res, reply);
  });
  return router;
}

/** Null for other faces' paths; a path that breaks the rules stays ours to refuse. */
function placeOf(req: Request): Place | BadPath | null {
  try {
    return parsePath(req.originalUrl);
  } catch (error) {
    if (error instanceof BadPath) return error;
    throw error;
  }
}

async function answer(services: Services, req: Request, res: Response, place: Place | BadPath): Promise<DavReply> {
  try {
    if (place instanceof BadPath) throw place;
    if (req.method === 'OPTIONS') return options(place);
    if (place.at === 'well-known' && req.method !== 'PROPFIND') return { status: 301, headers: { Location: CONTEXT } };
    const session = res.locals.session as Session | undefined;
    if (session === undefined) throw new DavError(401, undefined, { 'WWW-Authenticate': 'Basic realm="Mail", charset="UTF-8"' });
    const handler = handlersAt(place).get(req.method);
    if (handler === undefined) throw new DavError(place.at === 'nowhere' ? 404 : 405, undefined, { Allow: allow(place) });
    const header = (name: string): string | undefined => headerOf(req, name);
    const request = { method: req.method, target: req.originalUrl, place, header, body: bodyOf(req) };
    return await handler(new Exchange(services, session, request));
  } catch (error) {
    return failure(error, res, place);
  }
}

function headerOf(req: Request, name: string): string | undefined {
  const value = req.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

function bodyOf(req: Request): Uint8Array {
  return Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
}

function failure(error: unknown, res: Response, place: Place | BadPath): DavReply {
  if (statusOf(error) >= 500 && !(error instanceof DavError)) logOf(res)?.error({ err: error }, 'DAV request failed');
  const type: HomeType = 'type' in place && place.type !== undefined ? place.type : 'calendars';
  const parent = 'slug' in place ? `${CONTEXT}${type}/${encodeSegment(place.user)}/${encodeSegment(place.slug)}/` : CONTEXT;
  return errorReply(error, type, (name) => (name.startsWith('/') ? name : parent + encodeSegment(name)));
}

function logOf(res: Response): Logger | undefined {
  return res.locals.log as Logger | undefined;
}

/** What users stored must never run as a page of this origin. */
const COMMON: Readonly<Record<string, string>> = {
  'Cache-Control': 'private, no-cache',
  'Content-Security-Policy': "default-src 'none'; sandbox",
  'X-Content-Type-Options': 'nosniff',
  Vary: 'Brief, Prefer, Accept, CalDAV-Timezones',
};

async function send(req: Request, res: Response, reply: DavReply): Promise<void> {
  res.status(reply.status);
  for (const [name, value] of Object.entries({ ...COMMON, ...reply.headers })) res.setHeader(name, value);
  const { body } = reply;
  if (body === undefined || req.method === 'HEAD') {
    if (reply.status !== 304 && reply.status !== 204) res.setHeader('Content-Length', lengthOf(body));
    res.end();
  } else if (isStream(body)) {
    res.setHeader('Content-Length', body.length);
    await pour(res, body);
  } else if (typeof body !== 'function') {
    res.setHeader('Content-Length', Buffer.byteLength(body));
    res.end(body);
  } else {
    await stream(res, body);
  }
}

function isStream(body: DavBody): body is ByteStream {
  return typeof body === 'object' && 'bytes' in body;
}

function lengthOf(body: DavBody | undefined): number {
  if (body === undefined || typeof body === 'function') return 0;
  return isStream(body) ? body.length : Buffer.byteLength(body);
}

/** Bytes as the client takes them; whoever hangs up ends the reading. */
async function pour(res: Response, { bytes }: ByteStream): Promise<void> {
  try {
    await pipeline(Readable.from(bytes), res);
  } catch (error) {
    if (!res.destroyed) logOf(res)?.error({ err: error }, 'DAV answer broke off');
    res.destroy();
  }
}

/** Once the status is out, a failure can only be shown by an answer that breaks off. */
async function stream(res: Response, body: (sink: XmlSink) => Promise<void>): Promise<void> {
  const hangup = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) hangup.abort();
  });
  try {
    const sink = new XmlSink(res, hangup.signal);
    await body(sink);
    const rest = sink.rest();
    // Most answers are short: these go out whole, in one packet with their head.
    if (!res.headersSent) res.setHeader('Content-Length', rest.length);
    res.end(rest);
    if (!res.writableFinished) await once(res, 'close').catch(() => undefined);
  } catch (error) {
    if (!hangup.signal.aborted) logOf(res)?.error({ err: error }, 'DAV answer broke off');
    res.destroy();
  }
}
