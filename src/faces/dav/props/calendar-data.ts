import { type Component, Property as Line, parseContentLines } from '../../../formats/content-lines.js';
import { C } from '../../../formats/xml/names.js';
import { attributeOf, childOf, elementsOf, type XmlElement, XmlError } from '../../../formats/xml/read.js';
import { text } from '../../../formats/xml/write.js';
import { conditionError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { expandOccurrences, limitOverrides } from '../filters/expand.js';
import type { Viewer } from '../filters/overlap.js';
import { type Range, rangeOf } from '../filters/range.js';
import { viewerOf } from '../filters/viewer.js';
import { timezonesAsked } from '../timezones.js';
import type { ItemGetter } from './property.js';

type Transform = (text: string) => string;

/** CALDAV:calendar-data of a request (RFC 4791 §9.6): media type, parts wanted, recurrences expanded or limited. */
export function calendarDataGetter(ask: XmlElement, x: Exchange): ItemGetter {
  const type = (attributeOf(ask, 'content-type') ?? 'text/calendar').toLowerCase();
  if (type !== 'text/calendar' || (attributeOf(ask, 'version') ?? '2.0') !== '2.0') {
    throw conditionError(403, C('supported-calendar-data'));
  }
  const zones = timezonesAsked(x.request);
  if (zones === null && transforms(ask, null).length === 0)
    return ({ item }) => (item?.text === undefined ? undefined : text(item.text));
  let steps: readonly Transform[] | null = null;
  return (r) => {
    // The calendar's own zone is known with the first item.
    steps ??= [...(zones === null ? [] : [zones]), ...transforms(ask, viewerOf(x, null, r))];
    return r.item?.text === undefined ? undefined : text(run(steps, r.item.text));
  };
}

/** A broken stored object is given as it is: it must not fail the listing. */
function run(steps: readonly Transform[], stored: string): string {
  try {
    return steps.reduce((before, step) => step(before), stored);
  } catch {
    return stored;
  }
}

function transforms(ask: XmlElement, viewer: Viewer | null): Transform[] {
  const steps: Transform[] = [];
  const ranged = (name: string, step: (text: string, range: Range, viewer: Viewer) => string): void => {
    const element = childOf(ask, C(name));
    if (element === undefined) return;
    const range = rangeOf(element);
    if (!Number.isFinite(range.start) || !Number.isFinite(range.end)) throw new XmlError('start and end are required');
    steps.push((before) => (viewer === null ? before : step(before, range, viewer)));
  };
  ranged('expand', expandOccurrences);
  ranged('limit-recurrence-set', limitOverrides);
  const comp = childOf(ask, C('comp'));
  if (comp !== undefined) steps.push((before) => prune(before, selectionOf(comp)));
  return steps;
}

/** Which parts of a component are wanted (RFC 4791 §9.6.1 to §9.6.4). */
interface Selection {
  readonly name: string;
  readonly allProperties: boolean;
  readonly properties: ReadonlyMap<string, boolean>;
  readonly allComponents: boolean;
  readonly components: readonly Selection[];
}

const upper = (element: XmlElement): string => (attributeOf(element, 'name') ?? '').toUpperCase();

function selectionOf(comp: XmlElement): Selection {
  const properties = new Map(elementsOf(comp, C('prop')).map((prop) => [upper(prop), attributeOf(prop, 'novalue') === 'yes']));
  const components = elementsOf(comp, C('comp')).map(selectionOf);
  return {
    name: upper(comp),
    properties,
    components,
    allProperties: childOf(comp, C('allprop')) !== undefined,
    allComponents: childOf(comp, C('allcomp')) !== undefined,
  };
}

function prune(stored: string, selection: Selection): string {
  const components = parseContentLines(stored);
  for (const component of components) if (component.name === selection.name) keepOnly(component, selection);
  return components.join('');
}

function keepOnly(component: Component, selection: Selection): void {
  for (const line of component.properties) {
    const novalue = selection.properties.get(line.name);
    if (novalue === undefined && !selection.allProperties) component.remove(line);
    else if (novalue === true && line instanceof Line) line.value = '';
  }
  for (const inner of component.components) {
    const wanted = selection.components.find(({ name }) => name === inner.name);
    if (wanted !== undefined) keepOnly(inner, wanted);
    else if (!selection.allComponents) component.remove(inner);
  }
}
