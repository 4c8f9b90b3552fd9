import { type MergedText, mergeTexts, type Winner } from '../../formats/merge/index.js';
import type { Cursor } from '../changes/feed.js';
import { splitAlarms, withAlarms } from './alarms.js';
import type { PimKind } from './model.js';
import type { Version } from './store.js';

/** A client's edit of an item that others have changed since the client saw it. */
export interface Edit {
  /** Up to where the client had seen the collection, its own edits aside. */
  readonly from: Cursor;
  /** Writes the edit into a text of the item. What it throws ends the merge. */
  readonly write: (text: string) => string;
  /** Whose word counts where both changed the same property to something different. */
  readonly wins: 'client' | 'server';
}

/** Origin of an edit that was merged with somebody else's: the client does not hold the result, so it is no echo. */
export function mergedOrigin(origin: string): string {
  return `${origin}+merged`;
}

/**
 * What a client holds of an item: the text that it saw, with its own edits and without those of others. Null where that
 * can't be told.
 * @param history texts that came to an end since, oldest first, the first being the one it saw
 */
export function heldText(kind: PimKind, history: readonly Version[], current: string, origin: string): string | null {
  const own = [origin, mergedOrigin(origin)];
  let held = history[0]?.text ?? null;
  for (const [at, { text, replacedBy }] of history.entries()) {
    if (held === null) return null;
    const next = history[at + 1]?.text ?? current;
    if (own.includes(replacedBy)) held = mergedText(kind, { base: text, mine: next, theirs: held }, 'mine')?.text ?? null;
  }
  return held;
}

/**
 * The edit of a client, made from what it holds, written into the present text.
 * @param viewer the client's user is not the owner: what alarms he had before is not kept, so that another one is a conflict
 */
export function mergeEdit(kind: PimKind, held: string, current: string, edit: Edit, viewer: boolean): MergedText | null {
  const wins: Winner = edit.wins === 'client' ? 'mine' : 'theirs';
  const mine = edit.write(held);
  if (!viewer) return mergedText(kind, { base: held, mine, theirs: current }, wins);
  const alarms = [held, mine].map((text) => splitAlarms(text).alarms);
  const isOther = alarms[0] !== alarms[1];
  if (!isOther || wins === 'mine') return mergedText(kind, { base: held, mine, theirs: current }, wins);
  const quiet = withAlarms(splitAlarms(mine).text, alarms[0] ?? null);
  const merged = mergedText(kind, { base: held, mine: quiet, theirs: current }, wins);
  return merged && { ...merged, lost: [...merged.lost, 'VALARM'] };
}

function mergedText(kind: PimKind, texts: Parameters<typeof mergeTexts>[1], wins: Winner): MergedText | null {
  return mergeTexts(kind === 'contacts' ? 'card' : 'calendar', texts, wins);
}
