import type { TagName } from '../../../formats/wbxml/pages.js';
import { child, childText, type Element, el, elements } from '../../../formats/wbxml/tree.js';
import { readInstant } from '../schema/values.js';
import { atLeast, type EasVersion } from '../versions.js';
import { MalformedItem } from './item-class.js';
import type { EasRecurrence, RecurrenceType } from './recurrence.js';

/** A Recurrence as the protocol writes it: Until is an instant, tasks have more children (MS-ASTASK 2.2.2.18). */
export interface WireRecurrence extends Omit<EasRecurrence, 'until'> {
  readonly until?: number;
  /** Start of a task's series, in local time as if it were UTC. */
  readonly start?: number;
  readonly regenerate?: boolean;
  readonly deadOccur?: number;
}

type Page = 'Calendar' | 'Tasks';

type Key = keyof WireRecurrence;

interface ChildRow {
  readonly name: string;
  readonly key: Key;
  readonly kind: 'number' | 'flag' | 'date';
  readonly page?: Page;
  readonly since?: EasVersion;
  /** Types with which a response carries the child; default: whenever there is a value. */
  readonly types?: readonly RecurrenceType[];
}

/** Children in schema order (MS-ASCAL 2.2.2.36, MS-ASTASK 2.2.2.18). */
const CHILDREN: readonly ChildRow[] = [
  { name: 'Type', key: 'type', kind: 'number' },
  { name: 'Start', key: 'start', kind: 'date', page: 'Tasks' },
  { name: 'Occurrences', key: 'occurrences', kind: 'number' },
  { name: 'Until', key: 'until', kind: 'date' },
  { name: 'Interval', key: 'interval', kind: 'number' },
  { name: 'DayOfWeek', key: 'dayOfWeek', kind: 'number' },
  { name: 'DayOfMonth', key: 'dayOfMonth', kind: 'number' },
  { name: 'WeekOfMonth', key: 'weekOfMonth', kind: 'number' },
  { name: 'MonthOfYear', key: 'monthOfYear', kind: 'number' },
  { name: 'Regenerate', key: 'regenerate', kind: 'flag', page: 'Tasks' },
  { name: 'DeadOccur', key: 'deadOccur', kind: 'number', page: 'Tasks' },
  { name: 'CalendarType', key: 'calendarType', kind: 'number', since: '14.0', types: [2, 3, 5, 6] },
  { name: 'IsLeapMonth', key: 'isLeapMonth', kind: 'flag', since: '14.0', types: [5, 6] },
  { name: 'FirstDayOfWeek', key: 'firstDayOfWeek', kind: 'number', since: '14.1', types: [1] },
];

/** @param date writes the page's form of a date */
export function writeRecurrence(
  page: Page,
  recurrence: WireRecurrence,
  version: EasVersion,
  date: (at: number) => string,
): Element {
  const full: WireRecurrence = { ...recurrence, calendarType: recurrence.calendarType ?? 0 };
  const rows = CHILDREN.filter(
    (row) =>
      (row.page ?? page) === page &&
      (!row.since || atLeast(version, row.since)) &&
      (!row.types || row.types.includes(recurrence.type)) &&
      full[row.key] !== undefined,
  );
  return el(
    `${page}:Recurrence`,
    rows.map((row) =>
      el(tagOf(page, row), row.kind === 'date' ? date(full[row.key] as number) : (full[row.key] as number | boolean)),
    ),
  );
}

/**
 * What a client sent; null for an empty element, which ends the recurrence.
 * @throws MalformedItem without Type, or for a child that is no number or date
 */
export function readRecurrence(page: Page, element: Element): WireRecurrence | null {
  if (elements(element).length === 0) return null;
  const found: Partial<Record<Key, number | boolean>> = {};
  for (const row of CHILDREN) {
    if ((row.page ?? page) !== page) continue;
    const value = readChild(element, tagOf(page, row), row.kind);
    if (value !== undefined) found[row.key] = value;
  }
  if (found.type === undefined) throw new MalformedItem('Recurrence without Type');
  return { interval: 1, ...found } as WireRecurrence;
}

function readChild(parent: Element, tag: TagName, kind: ChildRow['kind']): number | boolean | undefined {
  const value = childText(parent, tag)?.trim();
  if (value === undefined || value === '') return undefined;
  if (kind === 'date') return readInstant(child(parent, tag) as Element)?.getTime();
  const number = Number(value);
  if (!Number.isInteger(number)) throw new MalformedItem(`${tag}: ${value.slice(0, 20)}`);
  return kind === 'flag' ? number === 1 : number;
}

function tagOf(page: Page, row: ChildRow): TagName {
  return `${page}:${row.name}` as TagName;
}
