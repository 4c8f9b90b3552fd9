import { DomainError } from '../errors.js';
import type { Account } from '../types.js';

/** A trace ends by itself, so that nobody forgets it. */
const MINUTES = { usual: 60, most: 24 * 60 };

/** What switches the trace of a device or an account on for a while, or off. @throws DomainError `invalid` */
export function traceOrder(on: boolean, now: Date, minutes: number = MINUTES.usual): { readonly traceUntil: Date } {
  if (!on) return { traceUntil: new Date(0) };
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > MINUTES.most)
    throw new DomainError('invalid', `a trace lasts from 1 to ${MINUTES.most} minutes`);
  return { traceUntil: new Date(now.getTime() + minutes * 60_000) };
}

/** Until when a device or an account is traced; null: it is not. */
export function tracedUntil({ traceUntil }: Pick<Account, 'traceUntil'>, now: Date): Date | null {
  return traceUntil && traceUntil > now ? traceUntil : null;
}
