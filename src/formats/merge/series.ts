import type { Component, Property } from '../content-lines.js';
import { SeriesExceptions } from '../ical/exceptions.js';
import { type CalendarObject, openCalendarObject } from '../ical/parse.js';
import { type IcalTime, timesOf } from '../ical/values.js';
import { ZoneTable } from '../ical/zones.js';
import { Merge, mergeComponent, replace, type Sides, sameSaid } from './component.js';
import { sameLines, unitsOf } from './lines.js';
import { SCHEDULE } from './rules.js';

const ONWARDS = ' and all that follow';

/** A calendar object with what it says of single occurrences, by their original start. */
export interface Series {
  readonly object: CalendarObject;
  readonly exceptions: SeriesExceptions;
  readonly overrides: ReadonlyMap<string, Component>;
  readonly excluded: ReadonlyMap<string, IcalTime>;
}

/** @throws IcalError where nothing can be made of the text */
export function openSeries(text: string): Series {
  const object = openCalendarObject(text);
  const { calendar, master, overrides, timezones } = object;
  const zones = new ZoneTable(timezones);
  const exceptions = new SeriesExceptions(
    calendar,
    master,
    overrides.map(({ component }) => component),
    zones,
  );
  const keyOf = (time: IcalTime) => String(exceptions.set ? exceptions.set.startOf(time).instant : zones.instant(time));
  const dates = master?.all('EXDATE').flatMap(timesOf) ?? [];
  return {
    object,
    exceptions,
    // A change of all that follows is no change of that one occurrence.
    overrides: new Map(overrides.map((one) => [`${keyOf(one.recurrenceId)}${one.thisAndFuture ? ONWARDS : ''}`, one.component])),
    excluded: new Map(dates.map((time) => [keyOf(time), time])),
  };
}

/**
 * Merges the series or single item and its occurrences, each occurrence as a part of its own. Another start or rule names
 * all of them anew: it does not go together with an edit of single ones.
 */
export function mergeSeries(merge: Merge, sides: Sides<Series>): boolean {
  const { base, mine, theirs } = sides;
  const masters = of(sides, ({ object }) => object.master);
  const [edits, others] = [changesOf(base, mine), changesOf(base, theirs)];
  const isApart = (edits.moved && (others.timed || others.excepted)) || (edits.excepted && others.moved);
  const isRenamed = edits.moved || isApart;
  let changed = false;
  if (isRenamed && !sameWhen(mine, theirs)) changed = (!isApart || merge.collide(SCHEDULE)) && takeWhen(sides);
  else if (edits.excepted && !isRenamed) changed = mergeOccurrences(merge, sides);
  if (!masters.base || !masters.mine || !masters.theirs) return changed;
  if (!isRenamed && !sameSaid(masters.base, masters.mine)) changed = handDown(sides) || changed;
  const passed = new Set(isRenamed ? [SCHEDULE] : []);
  const components = { base: masters.base, mine: masters.mine, theirs: masters.theirs };
  return mergeComponent(merge, components, passed, changed);
}

function of<A, B>({ base, mine, theirs }: Sides<A>, what: (side: A) => B): Sides<B> {
  return { base: what(base), mine: what(mine), theirs: what(theirs) };
}

/** `timed`: start, end or rule are others; `moved`: occurrences have other names; `excepted`: something is said of other ones. */
function changesOf(before: Series, after: Series) {
  return { timed: !sameTimes(before, after), moved: isMoved(before, after), excepted: isExcepted(before, after) };
}

function sameTimes(a: Series, b: Series): boolean {
  const [one, other] = [a, b].map(({ object }) => unitsOf(object.master ?? undefined).get(SCHEDULE));
  return sameLines(one, other);
}

/** Whether occurrences have other names now. A single item has none. */
function isMoved(before: Series, after: Series): boolean {
  const [one, other] = [before.object.master, after.object.master];
  if (!one || !other) return one !== other;
  const recurs = [before, after].some(
    ({ object, excluded }) => object.overrides.length > 0 || excluded.size > 0 || isSeries(object.master),
  );
  return recurs && ['DTSTART', 'RRULE', 'EXRULE', 'RDATE'].some((name) => !sameNamed(one, other, name));
}

function isSeries(master: Component | null): boolean {
  return ['RRULE', 'RDATE'].some((name) => master?.first(name));
}

function sameNamed(a: Component, b: Component, name: string): boolean {
  return sameLines(unitsOf(a).get(SCHEDULE)?.filter(named(name)), unitsOf(b).get(SCHEDULE)?.filter(named(name)));
}

function named(name: string) {
  return ({ property }: { readonly property: Property }) => property.name === name;
}

function isExcepted(before: Series, after: Series): boolean {
  const sameKeys = (a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>) =>
    a.size === b.size && [...a.keys()].every((key) => b.has(key));
  if (!sameKeys(before.excluded, after.excluded) || !sameKeys(before.overrides, after.overrides)) return true;
  return [...before.overrides].some(([key, component]) => !sameSaid(component, after.overrides.get(key) as Component));
}

function sameWhen(a: Series, b: Series): boolean {
  return sameTimes(a, b) && !isExcepted(a, b);
}

/** Start, rule and every occurrence as the edit has them. */
function takeWhen({ base, mine, theirs }: Sides<Series>): boolean {
  const { calendar } = theirs.object;
  for (const component of theirs.overrides.values()) calendar.remove(component);
  for (const component of mine.overrides.values()) calendar.add(component.clone());
  const [from, into] = [mine.object.master, theirs.object.master];
  if (!from || !into) return true;
  const lines = (master: Component | null) => unitsOf(master ?? undefined).get(SCHEDULE) ?? [];
  const known = base.object.master ?? into;
  replace({ base: known, mine: from, theirs: into }, { base: lines(known), mine: lines(from), theirs: lines(into) });
  into.remove('EXDATE');
  for (const date of from.all('EXDATE')) into.add(date.clone());
  return true;
}

function mergeOccurrences(merge: Merge, sides: Sides<Series>): boolean {
  const { base, mine } = sides;
  let changed = false;
  const keys = [base, mine].flatMap(({ overrides, excluded }) => [...overrides.keys(), ...excluded.keys()]);
  for (const key of new Set(keys)) changed = mergeOccurrence(merge, sides, key) || changed;
  return changed;
}

/** One that either side deleted is gone, whatever the other made of it (sync-rules: a deletion beats a change). */
function mergeOccurrence(merge: Merge, sides: Sides<Series>, key: string): boolean {
  const { theirs } = sides;
  const dates = of(sides, ({ excluded }) => excluded.get(key));
  const components = of(sides, ({ overrides }) => overrides.get(key));
  if (dates.mine && !dates.base) {
    if (!dates.theirs) theirs.exceptions.exclude(dates.mine);
    return !dates.theirs;
  }
  const isSame =
    components.base && components.mine ? sameSaid(components.base, components.mine) : components.base === components.mine;
  const isBack = dates.base !== undefined && dates.mine === undefined;
  if (isSame && !isBack) return false;
  if (dates.theirs && !dates.base) {
    merge.lost.add('RECURRENCE-ID');
    return false;
  }
  if (isBack && dates.theirs) theirs.exceptions.include(dates.theirs);
  return mergeOverride(merge, sides, components) || (isBack && dates.theirs !== undefined);
}

function mergeOverride(merge: Merge, sides: Sides<Series>, components: Sides<Component | undefined>): boolean {
  const { base, mine, theirs } = components;
  const { calendar } = sides.theirs.object;
  if (mine && theirs) {
    const before = base ?? inherited(sides.base, mine, theirs);
    return before ? mergeComponent(merge, { base: before, mine, theirs }) : false;
  }
  const isUntouched = base === undefined ? theirs === undefined : theirs !== undefined && sameSaid(base, theirs);
  if (mine === undefined && theirs === undefined) return false;
  if (!isUntouched && !merge.collide('RECURRENCE-ID')) return false;
  if (theirs) calendar.remove(theirs);
  if (mine) calendar.add(base ? mine.clone() : setApart(sides, mine));
  return true;
}

/** An occurrence that the edit set apart from its series: of what the edit left alone it says what the series says now. */
function setApart({ base, theirs }: Sides<Series>, mine: Component): Component {
  const [before, now] = [base, theirs].map(({ object }) => asOccurrence(object.master, mine));
  if (!before || !now || sameSaid(before, now)) return mine.clone();
  mergeComponent(new Merge('mine'), { base: before, mine, theirs: now });
  return now;
}

/** What the edit changed of the series holds for occurrences, too, that the other side set apart and left alone there. */
function handDown({ base, mine, theirs }: Sides<Series>): boolean {
  let changed = false;
  for (const [key, component] of theirs.overrides) {
    if (base.overrides.has(key) || mine.overrides.has(key) || key.endsWith(ONWARDS)) continue;
    const [before, after] = [base, mine].map(({ object }) => asOccurrence(object.master, component));
    if (before && after)
      changed = mergeComponent(new Merge('theirs'), { base: before, mine: after, theirs: component }) || changed;
  }
  return changed;
}

const OF_SERIES = ['RRULE', 'RDATE', 'EXDATE', 'EXRULE'] as const;
const TIMES = ['RECURRENCE-ID', 'DTSTART', 'DTEND', 'DUE', 'DURATION'] as const;

/**
 * What an occurrence said before both sides gave it a component of its own: what the series says, at its own time, which
 * whoever did not move it still tells.
 */
function inherited({ object }: Series, mine: Component, theirs: Component): Component | null {
  const still = [mine, theirs].find((one) => one.first('DTSTART')?.value === one.first('RECURRENCE-ID')?.value) ?? theirs;
  return asOccurrence(object.master, still);
}

/** What the series says, at the times of one occurrence. */
function asOccurrence(master: Component | null, at: Component): Component | null {
  if (!master) return null;
  const copy = master.clone();
  for (const name of [...OF_SERIES, ...TIMES]) copy.remove(name);
  for (const name of TIMES) for (const property of at.all(name)) copy.add(property.clone());
  return copy;
}

/** Gives the object a description of each zone that it names and one of the texts describes. */
export function describeZones({ base, mine, theirs }: Sides<Series>): void {
  const { calendar } = theirs.object;
  const tzidOf = (timezone: Component) => timezone.first('TZID')?.text.trim() ?? '';
  const described = new Set(calendar.componentsNamed('VTIMEZONE').map(tzidOf));
  const named = new Set(tzidsIn(calendar));
  for (const timezone of [...mine.object.timezones, ...base.object.timezones]) {
    const tzid = tzidOf(timezone);
    const first = calendar.components[0];
    if (!first || described.has(tzid) || !named.has(tzid)) continue;
    described.add(tzid);
    calendar.insertBefore(timezone.clone(), first);
  }
}

function* tzidsIn(component: Component): Generator<string> {
  for (const property of component.properties) {
    const tzid = property.param('TZID');
    if (tzid !== undefined) yield tzid.trim();
  }
  for (const part of component.components) yield* tzidsIn(part);
}
