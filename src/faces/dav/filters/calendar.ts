import type { IndexQuery, Item } from '../../../domain/pim/model.js';
import { Component, ContentLineError, type Property } from '../../../formats/content-lines.js';
import { IcalError } from '../../../formats/ical/error.js';
import { type CalendarObject, openCalendarObject } from '../../../formats/ical/parse.js';
import { C } from '../../../formats/xml/names.js';
import { attributeOf, childOf, elementsOf, type XmlElement } from '../../../formats/xml/read.js';
import { conditionError } from '../errors.js';
import { alarmOverlaps, overlappingComponents, propertyOverlaps, type Viewer } from './overlap.js';
import { type Range, rangeOf } from './range.js';
import { type TextMatchRules, textMatch } from './text-match.js';

const RULES: TextMatchRules = {
  defaultCollation: 'i;ascii-casemap',
  supportedCollation: C('supported-collation'),
  validFilter: C('valid-filter'),
};
const invalid = () => conditionError(403, C('valid-filter'));

/** An item being tested. */
interface Subject {
  readonly object: CalendarObject;
  readonly viewer: Viewer;
}
type Test = (component: Component, subject: Subject) => boolean;
type LineTest = (line: Property, subject: Subject) => boolean;

/** A filter made ready: what the index is asked, and what is left to test of each item it finds. */
export interface CalendarFilter {
  readonly index: IndexQuery;
  /** `exact` is the index's own word that the item overlaps the range asked. */
  test(item: Item & { readonly exact?: boolean }): boolean;
}

/** CALDAV:filter (RFC 4791 §9.7). Items that cannot be read match nothing. @throws DavError `valid-filter`, `supported-collation` */
export function calendarFilter(filter: XmlElement | undefined, viewer: Viewer): CalendarFilter {
  const tops = filter === undefined ? [] : elementsOf(filter, C('comp-filter'));
  if (filter !== undefined && (tops.length === 0 || tops.some((top) => nameOf(top) !== 'VCALENDAR'))) throw invalid();
  const tests = tops.map((top) => compFilter(top, 0));
  const plan = indexPlan(tops);
  return {
    index: plan.index,
    test: (item) => {
      if (plan.component !== null && item.component !== plan.component) return false;
      if (plan.uid !== null && !plan.uid(item.uid)) return false;
      if (plan.complete && (plan.index.overlaps === undefined || item.exact === true)) return true;
      return matches(item.text, tests, viewer);
    },
  };
}

function matches(text: string, tests: readonly Test[], viewer: Viewer): boolean {
  try {
    const object = openCalendarObject(text);
    // The resource is looked at like a component that holds the VCALENDAR.
    const holder = new Component('RESOURCE');
    holder.children.push(object.calendar);
    return tests.every((test) => test(holder, { object, viewer }));
  } catch (error) {
    if (error instanceof IcalError || error instanceof ContentLineError) return false;
    throw error;
  }
}

interface IndexPlan {
  readonly index: IndexQuery;
  readonly component: string | null;
  readonly uid: ((uid: string) => boolean) | null;
  /** Whether nothing is left to test beyond component, UID and range. */
  readonly complete: boolean;
}

const INDEXED = ['VEVENT', 'VTODO', 'VJOURNAL', 'VAVAILABILITY'];

/** What the index can decide of a filter: the main component, its time range, its UID. */
function indexPlan(tops: readonly XmlElement[]): IndexPlan {
  const inner = tops.flatMap((top) => elementsOf(top));
  const main = inner.find((f) => f.name === C('comp-filter') && INDEXED.includes(nameOf(f)) && !notDefined(f));
  if (main === undefined)
    return { index: {}, component: null, uid: null, complete: tops.every((top) => elementsOf(top).length === 0) };
  const parts = elementsOf(main);
  const range = parts.find(({ name }) => name === C('time-range'));
  const uids = parts.filter((part) => part.name === C('prop-filter') && nameOf(part) === 'UID').map(uidTest);
  const component = nameOf(main);
  return {
    index: { component, ...(range === undefined ? {} : { overlaps: rangeOf(range) }) },
    component,
    uid: uids.length === 0 ? null : (uid) => uids.every((test) => test === null || test(uid)),
    complete: inner.length === 1 && parts.length === (range ? 1 : 0) + uids.filter((test) => test !== null).length,
  };
}

/** A UID filter that the item's own column can answer, or null. */
function uidTest(filter: XmlElement): ((uid: string) => boolean) | null {
  const [only, ...more] = elementsOf(filter);
  if (only === undefined || more.length > 0 || only.name !== C('text-match')) return null;
  const { test, negate } = textMatch(only, RULES);
  return (uid) => test(uid) !== negate;
}

function nameOf(filter: XmlElement): string {
  const name = attributeOf(filter, 'name')?.toUpperCase();
  if (!name) throw invalid();
  return name;
}

const notDefined = (filter: XmlElement): boolean => childOf(filter, C('is-not-defined')) !== undefined;

/** RFC 4791 §9.7.1. */
function compFilter(filter: XmlElement, depth: number): Test {
  const name = nameOf(filter);
  if (notDefined(filter)) return (parent) => parent.componentsNamed(name).length === 0;
  const range = childOf(filter, C('time-range'));
  const tests: Test[] = [
    ...elementsOf(filter, C('prop-filter')).map(propFilter),
    ...elementsOf(filter, C('comp-filter')).map((inner) => compFilter(inner, depth + 1)),
  ];
  const among = range === undefined ? all : rangeTest(name, rangeOf(range), depth);
  return (parent, subject) => among(parent, name, subject).some((component) => tests.every((test) => test(component, subject)));
}

type Among = (parent: Component, name: string, subject: Subject) => readonly Component[];
const all: Among = (parent, name) => parent.componentsNamed(name);

/** The components of a name that overlap a range (RFC 4791 §9.9). */
function rangeTest(name: string, range: Range, depth: number): Among {
  if (depth === 0) throw invalid();
  if (name === 'VALARM') {
    return (parent, _, { object, viewer }) =>
      parent.componentsNamed(name).filter((alarm) => alarmOverlaps(object, parent, alarm, range, viewer));
  }
  return (parent, _, { object, viewer }) => {
    const overlapping = overlappingComponents(object, name, range, viewer);
    return parent.componentsNamed(name).filter((component) => overlapping.has(component));
  };
}

/** RFC 4791 §9.7.2. */
function propFilter(filter: XmlElement): Test {
  const name = nameOf(filter);
  if (notDefined(filter)) return (component) => component.first(name) === undefined;
  const tests: LineTest[] = elementsOf(filter, C('param-filter')).map(paramFilter);
  const range = childOf(filter, C('time-range'));
  if (range !== undefined) {
    const span = rangeOf(range);
    tests.push((line, { object, viewer }) => propertyOverlaps(object, line, span, viewer));
  }
  const match = childOf(filter, C('text-match'));
  if (match !== undefined) tests.push(lineTest(match));
  return (component, subject) => component.all(name).some((line) => tests.every((test) => test(line, subject)));
}

function lineTest(match: XmlElement): LineTest {
  const { test, negate } = textMatch(match, RULES);
  return (line) => test(line.text) !== negate;
}

/** RFC 4791 §9.7.3. */
function paramFilter(filter: XmlElement): LineTest {
  const name = nameOf(filter);
  const given = (line: Property): boolean => line.params.some((param) => param.name === name);
  if (notDefined(filter)) return (line) => !given(line);
  const match = childOf(filter, C('text-match'));
  if (match === undefined) return given;
  const { test, negate } = textMatch(match, RULES);
  return (line) => given(line) && line.paramValues(name).some(test) !== negate;
}
