import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { isDomainError } from '../domain/errors.js';
import type { Session } from '../domain/types.js';

/** Checks a password. @throws DomainError `unauthenticated`, `unavailable` */
export type OpenSession = (username: string, password: string, address: string) => Promise<Session>;

const CHALLENGE = 'Basic realm="Mail account", charset="UTF-8"';

/**
 * HTTP Basic (RFC 7617): puts the Session into `res.locals.session` or answers 401. Requests that `optional` names pass
 * without credentials, and then without a session; wrong credentials are refused even there.
 */
export function basicAuth(open: OpenSession, optional: (req: Request) => boolean = () => false): RequestHandler {
  return async (req: Request, res: Response, next: NextFunction) => {
    const credentials = parseBasic(req.headers.authorization);
    if (!credentials) {
      if (!req.headers.authorization && optional(req)) next();
      else refuse(res);
      return;
    }
    try {
      res.locals.session = await open(credentials.username, credentials.password, req.ip ?? '');
      next();
    } catch (error) {
      if (isDomainError(error, 'unauthenticated')) refuse(res);
      else next(error);
    }
  };
}

function refuse(res: Response): void {
  // The body is not read: the connection would have to swallow it before the next request.
  res.status(401).set('WWW-Authenticate', CHALLENGE).set('Connection', 'close').end();
}

/** User and password of an Authorization header; Outlook sends ISO-8859-1, everybody else UTF-8. */
export function parseBasic(header: string | undefined): { username: string; password: string } | undefined {
  const match = /^basic +([A-Za-z0-9+/_-]+={0,2}) *$/i.exec(header ?? '');
  if (!match) return undefined;
  const bytes = Buffer.from(match[1] as string, 'base64');
  const text = decode(bytes);
  const colon = text.indexOf(':');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (colon < 1 || /[\u0000-\u001f\u007f]/.test(text)) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}
