import type { IdRanges } from '../../../formats/ranges.js';
import type { Element } from '../../../formats/wbxml/tree.js';
import type { ClientCommand } from './request.js';
import type { Draft, Reply } from './state.js';

/** The part of a collection that a device wants, by FilterType (MS-ASCMD FilterType). */
export interface Window {
  /** Name under which the computed sets are kept; a different name means that they must be computed anew. */
  readonly name: string;
  /** Items from this moment on; null: all. */
  readonly since: Date | null;
  /** Tasks that are not done. */
  readonly incomplete: boolean;
  /** With older messages of the conversations inside. */
  readonly conversations?: boolean;
}

/** What happened in a collection after a point, by what the device holds. */
export interface Delta {
  readonly point: unknown;
  /** Everything that was known is void: the device must start over. */
  readonly reset: boolean;
  readonly gone: IdRanges;
  /** Items the device holds that look different now. */
  readonly changed: readonly number[];
  /** Items the device does not hold that are new or have changed. */
  readonly fresh: readonly number[];
  /** How much had to be looked through. */
  readonly looked: number;
}

/** An item made ready for the device. */
export type Rendered =
  | { readonly id: number; readonly data: readonly Element[]; readonly bytes: number }
  /** Gone in the meantime. */
  | { readonly id: number; readonly missing: true }
  /** It can't be shown; it is left out and the rest goes on. */
  | { readonly id: number; readonly error: unknown };

/** Where the items of a collection come from and go to: a mail folder, a PIM collection, or nothing. */
export interface ItemSource {
  /** Class name of MS-ASCMD Class. */
  readonly className: string;
  /** FilterType values that the class knows. */
  readonly filters: ReadonlySet<number>;
  window(filter: number, now: Date): Window;
  /** The present point. */
  head(): Promise<unknown>;
  /** Everything inside the window. */
  list(window: Window): Promise<IdRanges>;
  since(draft: Draft): Promise<Delta>;
  /** Those of the items that are inside the window; `held`: the device has them already. */
  inside(ids: readonly number[], window: Window, held: boolean): Promise<Iterable<number>>;
  /** ApplicationData of the items, in the order asked for; notes in the draft what the device holds of each. */
  render(ids: readonly number[], form: 'Add' | 'Change', draft: Draft): AsyncIterable<Rendered>;
  /**
   * Carries out the client's commands; one reply each, in their order. Keeps the draft in step. `done` is awaited after each
   * that a repetition could not tell from a new one, so that it is remembered at once.
   */
  apply(commands: readonly ClientCommand[], draft: Draft, done: Done): Promise<readonly AppliedReply[]>;
  /** Whether an Add that is repeated with other data is an edit of the item that it made before. */
  readonly takesEdits?: boolean;
  /** Keeps the draft in step with a command that was carried out before. */
  settle(command: ClientCommand, reply: Reply, draft: Draft): void;
}

export type Done = (place: number, reply: AppliedReply) => Promise<void>;

export interface AppliedReply extends Reply {
  /** ApplicationData of a Fetch, or what the server made of an Add. */
  readonly data?: readonly Element[];
}

/** ServerId of an item: the collection's id and the item's number. */
export function serverId(collection: string, id: number): string {
  return `${collection}:${id}`;
}

/** The number in a ServerId of that collection, or null when it is none of ours. */
export function itemNumber(collection: string, id: string): number | null {
  if (!id.startsWith(`${collection}:`)) return null;
  const rest = id.slice(collection.length + 1);
  return /^[1-9]\d{0,14}$/.test(rest) ? Number(rest) : null;
}

/** Splits a ServerId whose collection is not known beforehand. */
export function splitServerId(id: string): { readonly collection: string; readonly number: number } | null {
  const at = id.lastIndexOf(':');
  const number = at > 0 ? itemNumber(id.slice(0, at), id) : null;
  return number === null ? null : { collection: id.slice(0, at), number };
}
