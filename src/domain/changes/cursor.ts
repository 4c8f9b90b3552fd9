import { DomainError } from '../errors.js';
import type { Cursor } from './feed.js';

/** A collection's counter at one moment. The epoch is drawn at random with the collection, so foreign cursors are noticed. */
export interface Position {
  readonly epoch: number;
  readonly seq: bigint;
}

/** `<epoch>-<seq>`, both in base 36: URL-safe and at most 20 characters. */
export function formatCursor(position: Position): Cursor {
  return `${position.epoch.toString(36)}-${position.seq.toString(36)}` as Cursor;
}

/** @throws DomainError `stale-cursor` */
export function parseCursor(text: string): Position {
  const match = /^([0-9a-z]{1,7})-([0-9a-z]{1,12})$/.exec(text);
  if (!match) throw staleCursor('malformed');
  return { epoch: Number.parseInt(match[1] as string, 36), seq: parseBase36(match[2] as string) };
}

/** The error that makes every protocol start over: `valid-sync-token` in DAV, Status 3 in EAS. */
export function staleCursor(why: string): DomainError {
  return new DomainError('stale-cursor', `the cursor can't be used: ${why}`, { reason: 'valid-sync-token' });
}

function parseBase36(text: string): bigint {
  let value = 0n;
  for (const digit of text) value = value * 36n + BigInt(Number.parseInt(digit, 36));
  return value;
}
