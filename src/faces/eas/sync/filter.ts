import type { Window } from './source.js';

const DAY = 24 * 3600 * 1000;

/** Days that a FilterType reaches back (MS-ASCMD FilterType); months are counted as 31 days so that none is cut. */
const DAYS: Readonly<Record<number, number>> = { 1: 1, 2: 3, 3: 7, 4: 14, 5: 31, 6: 92, 7: 184 };

const INCOMPLETE = 8;

/** FilterType values by class; every class knows 0. */
export const FILTERS = {
  mail: new Set([0, 1, 2, 3, 4, 5]),
  calendar: new Set([0, 4, 5, 6, 7]),
  tasks: new Set([0, INCOMPLETE]),
} as const;

export const EVERYTHING: Window = { name: 'all', since: null, incomplete: false };

/** The window of a FilterType, cut at the start of a UTC day so that it moves once a day. */
export function windowOf(filter: number, now: Date): Window {
  if (filter === INCOMPLETE) return { name: 'incomplete', since: null, incomplete: true };
  const days = DAYS[filter];
  if (days === undefined) return EVERYTHING;
  const start = new Date(now.getTime() - days * DAY);
  start.setUTCHours(0, 0, 0, 0);
  return { name: `since ${start.toISOString().slice(0, 10)}`, since: start, incomplete: false };
}
