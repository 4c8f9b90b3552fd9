import { readFileSync } from 'node:fs';
import type { Request, RequestHandler, Response } from 'express';
import type { Session } from '../domain/types.js';

/** Seconds after which a client that was refused may come again. */
const RETRY_AFTER = '10';

function refuse(res: Response): void {
  res.status(503).set('Retry-After', RETRY_AFTER).set('Connection', 'close').end();
}

/** At most so many requests at a time through this place; more are refused before their body is read. */
export function atMost(limit: number): RequestHandler {
  let running = 0;
  return (_req, res, next) => {
    if (running >= limit) return refuse(res);
    running++;
    res.once('close', () => running--);
    next();
  };
}

/** At most so many requests of one account at a time, waiting ones included; behind the login. */
export function perAccount(limit: number): RequestHandler {
  const running = new Map<string, number>();
  return (_req, res, next) => {
    const account = (res.locals.session as Session | undefined)?.account;
    if (account === undefined) return next();
    const now = running.get(account) ?? 0;
    if (now >= limit) return refuse(res);
    running.set(account, now + 1);
    // Comes once by itself; `once` would cost each waiting request 300 bytes more.
    res.on('close', () => {
      const left = (running.get(account) ?? 1) - 1;
      if (left > 0) running.set(account, left);
      else running.delete(account);
    });
    next();
  };
}

/**
 * Once an answer has begun, a client that takes nothing of it for so long is hung up on: what it does not read is held here and
 * at the mail server. A waiting request has no answer yet and is not concerned.
 */
export function hangUpOnStall(ms: number): RequestHandler {
  return (req: Request, res: Response, next) => {
    const writeHead = res.writeHead;
    res.writeHead = function begun(this: Response, ...head: unknown[]) {
      req.socket.setTimeout(ms);
      return (writeHead as (...head: unknown[]) => Response).apply(this, head);
    } as typeof res.writeHead;
    next();
  };
}

/** How many files this process may open; null where that is not told (other systems than Linux). */
export function openFileLimit(): number | null {
  try {
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined || soft === 'unlimited' ? null : Number(soft);
  } catch {
    return null;
  }
}

/** Files kept for the database, the mail server and the log when clients take all they can get. */
const RESERVED = 1_000;

/** Connections that clients may have: beyond it they are refused, so that requests under way can still open what they need. */
export function mostConnections(limit: number | null): number | undefined {
  return limit === null ? undefined : Math.max(Math.floor(limit / 2), limit - RESERVED);
}
