import { type Component, type Property, parseContentLines } from '../content-lines.js';
import { type MergeRules, OTHER } from './rules.js';

/** A property with what only describes it: label and address format of its vCard group. */
export interface Line {
  readonly property: Property;
  readonly notes: readonly Property[];
  /** Equal for lines that say the same, however they are folded and whatever their group is called. */
  readonly key: string;
}

const NOTES: ReadonlySet<string> = new Set(['X-ABLABEL', 'X-ABADR']);

/** The lines of a component by what they say (see MergeRules.together). */
export function unitsOf(component: Component | undefined, rules: MergeRules = OTHER): Map<string, Line[]> {
  const units = new Map<string, Line[]>();
  for (const line of component ? linesOf(component) : []) {
    const { name } = line.property;
    const unit = rules.together[name] ?? name;
    const lines = units.get(unit);
    if (lines) lines.push(line);
    else units.set(unit, [line]);
  }
  return units;
}

function linesOf(component: Component): Line[] {
  const { properties } = component;
  const heads = new Map<string, Property>();
  for (const property of properties) {
    const group = property.group?.toUpperCase();
    if (group !== undefined && !NOTES.has(property.name) && !heads.has(group)) heads.set(group, property);
  }
  const notes = new Map<Property, Property[]>();
  for (const property of properties) {
    const head = NOTES.has(property.name) ? heads.get(property.group?.toUpperCase() ?? '') : undefined;
    if (head) notes.set(head, [...(notes.get(head) ?? []), property]);
  }
  const attached = new Set([...notes.values()].flat());
  return properties.filter((property) => !attached.has(property)).map((property) => lineOf(property, notes.get(property) ?? []));
}

function lineOf(property: Property, notes: readonly Property[]): Line {
  return { property, notes, key: [property, ...notes].map(said).join('\n') };
}

/** A property without its group, its parameters in one order. */
export function said(property: Property): string {
  return `${property.name}${shapeOf(property)}:${property.value}`;
}

function shapeOf({ params }: Property): string {
  const values = params.map(({ name, values }) => [name, name === 'TYPE' ? lowered(values) : values.join(',')] as const);
  return [...new Set(values.map(([name, value]) => `;${name}=${value}`))].sort().join('');
}

function lowered(values: readonly string[]): string {
  return values
    .map((value) => value.toLowerCase())
    .sort()
    .join(',');
}

export function sameLines(a: readonly Line[] = [], b: readonly Line[] = []): boolean {
  if (a.length !== b.length) return false;
  if (a.length === 1) return a[0]?.key === b[0]?.key;
  const keys = (lines: readonly Line[]) => lines.map(({ key }) => key).sort();
  const others = keys(b);
  return keys(a).every((key, at) => key === others[at]);
}

/** Who or what a line is about, whatever else it says. */
export function subjectOf({ property }: Line): string {
  const { name, value } = property;
  if (name === 'ATTENDEE' || name === 'MEMBER') return `${name} ${value.trim().toLowerCase()}`;
  return `${name} ${property.param('MANAGED-ID') ?? value}`;
}

/** Properties whose value says who or what is meant: with another one it is another thing. */
const NAMING: ReadonlySet<string> = new Set([
  'ATTENDEE',
  'ATTACH',
  'MEMBER',
  'RELATED',
  'RELATED-TO',
  'CONFERENCE',
  'IMAGE',
  'KEY',
]);

/** The same kind of line, as the number at work is. */
export function kindOf({ property, notes }: Line): string | undefined {
  if (NAMING.has(property.name)) return undefined;
  return `${property.name}${shapeOf(property)} ${notes.map(said).join()}`;
}

export function nameOf({ property }: Line): string {
  return property.name;
}

/** Puts a line of another text in, in the place of one or after those of its name. `known`: the groups it may keep the name of. */
export function putLine(into: Component, line: Line, instead: Line | undefined, known: ReadonlySet<string>): void {
  const [head, ...notes] = regrouped(into, line, instead, known);
  if (instead) into.insertBefore(head as Property, instead.property);
  else into.add(head as Property);
  if (instead) takeLine(into, instead);
  for (const note of [...notes].reverse()) into.children.splice(into.children.indexOf(head as Property) + 1, 0, note);
}

export function takeLine(from: Component, { property, notes }: Line): void {
  for (const one of [property, ...notes]) from.remove(one);
}

/** Copies under a group name that means nothing else there. */
function regrouped(
  into: Component,
  { property, notes }: Line,
  instead: Line | undefined,
  known: ReadonlySet<string>,
): Property[] {
  const group = property.group?.toUpperCase();
  const all = [property, ...notes];
  const taken = new Set(
    into.properties.flatMap((other) => (other.group === null || isOf(instead, other) ? [] : other.group.toUpperCase())),
  );
  if (group === undefined || known.has(group) || !taken.has(group)) return all.map((one) => one.clone());
  let number = 1;
  while (taken.has(`ITEM${number}`)) number++;
  return all.map((one) => renamed(one, `item${number}`));
}

function isOf(line: Line | undefined, property: Property): boolean {
  return line !== undefined && (line.property === property || line.notes.includes(property));
}

function renamed(property: Property, group: string): Property {
  const line = property.toString().replace(/^(\s*)[^.:;]+\./, `$1${group}.`);
  const [holder] = parseContentLines(`BEGIN:VCARD${property.eol}${line}END:VCARD${property.eol}`);
  return holder?.properties[0] as Property;
}

/** The names of the groups of a component, upper case. */
export function groupsOf(component: Component | undefined): Set<string> {
  return new Set(component?.properties.flatMap(({ group }) => (group === null ? [] : [group.toUpperCase()])));
}
