import { createHash, timingSafeEqual } from 'node:crypto';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { MailPush } from '../../domain/notify/mail-push.js';

/** What Dovecot's OX driver and our Lua script post: one event. */
interface MailEvent {
  readonly user: string;
  readonly folder: string;
}

/** Events of one request; the Lua script collects those of a transaction. */
const MAX_EVENTS = 100;
const MAX_LENGTH = 1_000;

/**
 * Where a mail server says that a mailbox changed: `PUT` or `POST` of JSON `{"user": …, "folder": …}` or an array of such
 * objects, with the secret as Bearer token or as the password of HTTP Basic. Answers 204 whoever the user is.
 */
export function mailPushRouter(push: Pick<MailPush, 'changed'>, secret: string): Router {
  const router = Router();
  router.use(mailPushGuard(secret));
  const receive = async (req: Request, res: Response) => {
    const events = parseEvents(req.body);
    if (!events) {
      res.status(400).end();
      return;
    }
    for (const { user, folder } of events) await push.changed(user, folder);
    res.status(204).end();
  };
  router.put('/', receive);
  router.post('/', receive);
  return router;
}

/** Refuses whoever has not the secret; to be asked before the body is read. */
export function mailPushGuard(secret: string): RequestHandler {
  return (req, res, next) => {
    if (isAuthorised(req.headers.authorization, secret)) return next();
    res.status(401).set('WWW-Authenticate', 'Basic realm="push"').set('Connection', 'close').end();
  };
}

function isAuthorised(header: string | undefined, secret: string): boolean {
  const [scheme = '', value = ''] = (header ?? '').split(' ');
  if (/^bearer$/i.test(scheme)) return same(value, secret);
  if (!/^basic$/i.test(scheme)) return false;
  const login = Buffer.from(value, 'base64').toString('utf8');
  return same(login.slice(login.indexOf(':') + 1), secret);
}

/** Compared as digests: the time it takes tells nothing, whatever the lengths. */
function same(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

function parseEvents(body: unknown): MailEvent[] | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.isBuffer(body) ? body.toString('utf8') : '');
    const events = Array.isArray(parsed) ? parsed : [parsed];
    return events.length <= MAX_EVENTS && events.every(isEvent) ? events : undefined;
  } catch {
    return undefined;
  }
}

function isEvent(value: unknown): value is MailEvent {
  const { user, folder } = (value ?? {}) as Record<string, unknown>;
  return isName(user) && isName(folder);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= MAX_LENGTH;
}
