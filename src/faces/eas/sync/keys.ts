import { randomUUID } from 'node:crypto';
import type { SyncStates } from '../../../domain/devices/model.js';

/** The key of a client that has nothing yet. */
export const ZERO = '0';

/**
 * What the key of a request says (MS-ASCMD SyncKey).
 * `first`: start over; `current`: goes on from the latest answer; `repeated`: the latest answer did not arrive;
 * `unknown`: neither, the client must start over.
 */
export type Turn<D> =
  | { readonly kind: 'first'; readonly expected: string | null }
  | {
      readonly kind: 'current' | 'repeated';
      readonly expected: string;
      readonly base: D;
      readonly latest: D;
      readonly key: string;
    }
  | { readonly kind: 'unknown' };

/** A key that goes on from a state. */
export type OpenTurn<D> = Extract<Turn<D>, { readonly kind: 'current' | 'repeated' }>;

/** Compares the key of a request with the two generations that are kept. */
export function turnOf<D>(states: SyncStates<D> | undefined, key: string): Turn<D> {
  if (key === ZERO) return { kind: 'first', expected: states?.current.key ?? null };
  if (!states) return { kind: 'unknown' };
  const { current, previous } = states;
  const common = { expected: current.key, latest: current.data, key };
  if (key === current.key) return { kind: 'current', base: current.data, ...common };
  if (key === previous?.key) return { kind: 'repeated', base: previous.data, ...common };
  return { kind: 'unknown' };
}

/** The key after `key`; after none, the first of a new series. Generations of a series never repeat. */
export function nextKey(key: string | null): string {
  const match = key === null ? null : /^(\{[0-9a-f-]{36}\})(\d{1,15})$/.exec(key);
  return match ? `${match[1]}${Number(match[2]) + 1}` : `{${randomUUID()}}1`;
}
