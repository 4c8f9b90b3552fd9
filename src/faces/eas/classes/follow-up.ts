import { createHash } from 'node:crypto';
import type { FollowUp, MailNote } from '../../../domain/mail/notes.js';
import { childText, type Element, el, elements, optional } from '../../../formats/wbxml/tree.js';
import { readDate, toExtended } from './dates.js';

/** Keyword of a message whose flag is done: IMAP's `\Flagged` knows no such state. */
export const COMPLETED = '$Completed';
/**
 * Keywords that say nothing but that the dates of a flag are others than before, so that other devices hear of it as they do
 * of every flag; the dates themselves are in MailNotes.
 */
export const REVISIONS: readonly string[] = Array.from({ length: 8 }, (_none, n) => `$FollowUp${n}`);

const DEFAULT_TYPE = 'Flag for follow up';
const MAX_TEXT = 255;

/** What a device says of a flag: how it stands, and what goes with it; `followUp` null: nothing worth a note. */
export interface FlagRequest {
  readonly status: 'cleared' | 'active' | 'complete';
  readonly followUp: FollowUp | null;
}

const STATUSES: Readonly<Record<string, FlagRequest['status']>> = { 0: 'cleared', 1: 'complete', 2: 'active' };

/** Reads a Flag; null when a value is none that it can have (MS-ASEMAIL Flag: item Status 6). */
export function readFlag(flag: Element, now: Date): FlagRequest | null {
  const given = childText(flag, 'Email:Status')?.trim();
  const status = elements(flag).length === 0 ? 'cleared' : STATUSES[given ?? '2'];
  if (!status) return null;
  if (status === 'cleared') return { status, followUp: null };
  const span = readSpan(flag);
  const reminder = readReminder(flag);
  const completed = status === 'complete' ? readCompleted(flag, now) : undefined;
  if (span === null || reminder === null || completed === null) return null;
  const type = textOf(flag, 'Email:FlagType');
  const facts = {
    ...(type && type !== DEFAULT_TYPE && { type }),
    ...(textOf(flag, 'Tasks:Subject') && { subject: textOf(flag, 'Tasks:Subject') }),
    ...(span && { span }),
    ...(reminder && { reminder }),
    ...(completed && { completed }),
    ...(dateOf(flag, 'Tasks:OrdinalDate') && { ordinal: dateOf(flag, 'Tasks:OrdinalDate') }),
    ...(textOf(flag, 'Tasks:SubOrdinalDate') && { subOrdinal: textOf(flag, 'Tasks:SubOrdinalDate') }),
  };
  return { status, followUp: Object.keys(facts).length === 0 ? null : { isComplete: status === 'complete', ...facts } };
}

/** All four dates or none, the start not after the end. Undefined: none; null: wrong. */
function readSpan(flag: Element): FollowUp['span'] | null | undefined {
  const tags = ['Tasks:UtcStartDate', 'Tasks:UtcDueDate', 'Tasks:StartDate', 'Tasks:DueDate'] as const;
  const given = tags.map((tag) => childText(flag, tag)?.trim() || undefined);
  if (given.every((one) => one === undefined)) return undefined;
  const [start, due, localStart, localDue] = given.map((one) => readDate(one));
  if (!start || !due || !localStart || !localDue || start > due) return null;
  return {
    start: toExtended(start),
    due: toExtended(due),
    localStart: toExtended(localStart),
    localDue: toExtended(localDue),
  };
}

function readReminder(flag: Element): string | null | undefined {
  if (!/^\s*(1|true)\s*$/i.test(childText(flag, 'Tasks:ReminderSet') ?? '')) return undefined;
  return dateOf(flag, 'Tasks:ReminderTime') ?? null;
}

/** Phones that leave the times out mean now. */
function readCompleted(flag: Element, now: Date): FollowUp['completed'] | null {
  const times = (['Tasks:DateCompleted', 'Email:CompleteTime'] as const).map((tag) => {
    const given = childText(flag, tag)?.trim();
    return given ? readDate(given) : now;
  });
  const [date, time] = times;
  return date && time ? { date: toExtended(date), time: toExtended(time) } : null;
}

function dateOf(flag: Element, tag: 'Tasks:ReminderTime' | 'Tasks:OrdinalDate'): string | undefined {
  const date = readDate(childText(flag, tag));
  return date && toExtended(date);
}

function textOf(flag: Element, tag: 'Email:FlagType' | 'Tasks:Subject' | 'Tasks:SubOrdinalDate'): string | undefined {
  return childText(flag, tag)?.trim().slice(0, MAX_TEXT) || undefined;
}

/** The keyword that tells these facts from those that `held` stood for; the same facts give the same one. */
export function revisionOf(followUp: FollowUp, held: string | undefined): string {
  const hash = createHash('sha256').update(JSON.stringify(followUp)).digest()[0] as number;
  const last = held === undefined ? -1 : REVISIONS.indexOf(held);
  const next = last < 0 ? hash % REVISIONS.length : (last + 1 + (hash % (REVISIONS.length - 1))) % REVISIONS.length;
  return REVISIONS[next] as string;
}

/** The Flag of a message; an empty one says that there is none. */
export function flagElement(isFlagged: boolean, isCompleted: boolean, received: Date, note: MailNote | undefined): Element {
  if (!isFlagged && !isCompleted) return el('Email:Flag');
  const known = note?.followUp;
  // Another program's flag is newer than what was completed here.
  const followUp = known && known.isComplete !== isFlagged ? known : undefined;
  const when = toExtended(received);
  const completed = isFlagged ? undefined : (followUp?.completed ?? { date: when, time: when });
  const { span, reminder } = followUp ?? {};
  return el(
    'Email:Flag',
    optional('Tasks:Subject', followUp?.subject),
    el('Email:Status', isFlagged ? 2 : 1),
    el('Email:FlagType', followUp?.type ?? DEFAULT_TYPE),
    optional('Tasks:DateCompleted', completed?.date),
    optional('Email:CompleteTime', completed?.time),
    optional('Tasks:StartDate', span?.localStart),
    optional('Tasks:DueDate', span?.localDue),
    optional('Tasks:UtcStartDate', span?.start),
    optional('Tasks:UtcDueDate', span?.due),
    reminder ? [el('Tasks:ReminderSet', 1), el('Tasks:ReminderTime', reminder)] : undefined,
    optional('Tasks:OrdinalDate', followUp?.ordinal),
    optional('Tasks:SubOrdinalDate', followUp?.subOrdinal),
  );
}
