import type { Component } from '../content-lines.js';
import { ianaZone } from '../zones/iana.js';
import { ianaOfTzid } from '../zones/names.js';
import { type OffsetChange, yearStart, Zone } from '../zones/zone.js';
import { Budget } from './budget.js';
import { IcalError, TooComplex } from './error.js';
import { parseRule } from './rule.js';
import { ruleLocals } from './rule-expand.js';
import { localOf, parseOffset, recurrenceDatesOf, timeOf } from './values.js';

/** Names by which vendors tell the IANA zone of a VTIMEZONE (X-LIC-LOCATION; RFC 7808 §7.2). */
const LOCATIONS = ['X-LIC-LOCATION', 'TZID-ALIAS-OF'];
/** Rules begin in 1601 in files from Windows, where nobody had time zones. */
const FIRST_YEAR = 1_850;
const LAST_YEAR = 2_440;
/** Of one observance and those before it: two a year are some twelve hundred. */
const MAX_CHANGES = 5_000;

/** Calendars repeat the same few descriptions in every object: reading one takes milliseconds. */
const MAX_KNOWN = 200;
const MAX_KNOWN_LENGTH = 20_000;
const known = new Map<string, Zone | null>();

/** The zone that a VTIMEZONE describes: the IANA zone it names, or its own rules. Null when there are none to be read. */
export function zoneOfVtimezone(timezone: Component): Zone | null {
  const text = timezone.toString();
  if (text.length > MAX_KNOWN_LENGTH) return read(timezone);
  let zone = known.get(text);
  if (zone === undefined) {
    zone = read(timezone);
    if (known.size >= MAX_KNOWN) known.delete(known.keys().next().value as string);
    known.set(text, zone);
  }
  return zone;
}

function read(timezone: Component): Zone | null {
  const id = timezone.first('TZID')?.text.trim() ?? '';
  for (const name of LOCATIONS) {
    const iana = ianaOfTzid(timezone.first(name)?.text ?? '');
    if (iana !== null) return ianaZone(iana);
  }
  const changes = changesOf(timezone);
  return changes.length === 0 ? null : new Zone(id, null, (year) => yearOf(changes, year));
}

/** Every change until LAST_YEAR, ascending; the first stands for all time before it with its TZOFFSETFROM. */
function changesOf(timezone: Component): OffsetChange[] {
  const changes: OffsetChange[] = [];
  const budget = new Budget(100_000);
  let first: { at: number; before: number } | null = null;
  for (const observance of timezone.components) {
    for (const { at, before, after } of onsets(observance, budget)) {
      if (!first || at < first.at) first = { at, before };
      if (changes.push({ at, offset: after }) >= MAX_CHANGES) break;
    }
  }
  changes.sort((a, b) => a.at - b.at);
  return first ? [{ at: Number.NEGATIVE_INFINITY, offset: first.before }, ...changes] : [];
}

function* onsets(observance: Component, budget: Budget): Generator<{ at: number; before: number; after: number }> {
  try {
    const start = observance.first('DTSTART');
    const before = parseOffset(observance.first('TZOFFSETFROM')?.value ?? '');
    const after = parseOffset(observance.first('TZOFFSETTO')?.value ?? '');
    if (!start) return;
    const local = timeOf(start).local;
    yield { at: local - before, before, after };
    for (const at of furtherOnsets(observance, local, before, budget)) yield { at, before, after };
  } catch (error) {
    // Rules that can't be read leave the observance at what was read of it.
    if (!(error instanceof IcalError || error instanceof TooComplex)) throw error;
  }
}

/** RDATE and RRULE; UNTIL is in UTC (RFC 5545 §3.6.5). */
function* furtherOnsets(observance: Component, start: number, before: number, budget: Budget): Generator<number> {
  for (const property of observance.all('RDATE'))
    for (const date of recurrenceDatesOf(property)) if ('local' in date) yield date.local - (date.kind === 'utc' ? 0 : before);
  for (const property of observance.all('RRULE')) {
    const rule = parseRule(property.value);
    const until = rule.until ? rule.until.local + (rule.until.kind === 'utc' ? before : 0) : Number.POSITIVE_INFINITY;
    let left = rule.count ?? Number.POSITIVE_INFINITY;
    const from = rule.count === undefined ? Math.max(start, localOf(FIRST_YEAR, 1, 1)) : start;
    for (const local of ruleLocals(rule, start, { from, to: localOf(LAST_YEAR, 1, 1) }, budget)) {
      if (left-- <= 0 || local > until) break;
      if (local > start) yield local - before;
    }
  }
}

function yearOf(changes: readonly OffsetChange[], year: number): OffsetChange[] {
  const from = yearStart(year);
  const to = yearStart(year + 1);
  let index = 0;
  while (index + 1 < changes.length && (changes[index + 1] as OffsetChange).at <= from) index++;
  const found: OffsetChange[] = [{ at: from, offset: (changes[index] as OffsetChange).offset }];
  for (let next = index + 1; next < changes.length; next++) {
    const change = changes[next] as OffsetChange;
    if (change.at >= to) break;
    if (change.offset !== found.at(-1)?.offset) found.push(change);
  }
  return found;
}
