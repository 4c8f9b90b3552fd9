import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tag } from './eas-phone-wbxml.js';
import { WBXML_FIXTURES } from './wbxml-samples.js';

/** Something in an answer that the specification forbids; the message says what. */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation';
}

export function violation(what: string, tag?: Tag): never {
  throw new ProtocolViolation(tag ? `${what}\n${tag}` : what);
}

export type ItemKind = 'Email' | 'Calendar' | 'Contacts' | 'Notes';

interface Row {
  namespace: string;
  name: string;
  type: string;
  parent: string;
  cardinality: string;
  format?: string;
  values?: Record<string, string>;
  direction?: string;
  versions: string[];
}

const FILES: Record<ItemKind, string> = { Email: 'email', Calendar: 'calendar', Contacts: 'contacts', Notes: 'notes' };
const SHARED = rows('airsyncbase');
const CLASSES = Object.fromEntries(Object.entries(FILES).map(([kind, file]) => [kind, [...rows(file), ...SHARED]])) as Record<
  ItemKind,
  Row[]
>;

function rows(file: string): Row[] {
  return (JSON.parse(readFileSync(join(WBXML_FIXTURES, 'classes', `${file}.json`), 'utf8')) as { elements: Row[] }).elements;
}

/** Values of each type on the wire (MS-ASDTYPE). */
const TYPES: readonly [type: RegExp, value: RegExp][] = [
  [/^boolean/, /^[01]$/],
  [/^unsigned/, /^\d*$/],
  [/^integer/, /^-?\d+$/],
  [/^double/, /^-?\d+(\.\d+)?$/],
  [/^TimeZone/, /^[A-Za-z0-9+/]{230}==$/],
  [/^string base64/, /^[A-Za-z0-9+/]*={0,2}$/],
  [/^byte array/, /^$/],
];
const DATES = { compact: /^\d{8}T\d{6}Z$/, extended: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ };

/** Elements of which only the first of these may be missing, in the order they must have (MS-ASAIRS Body, MS-ASCMD Options). */
const ORDERED: Record<string, readonly string[]> = {
  'AirSyncBase:Body': ['Type', 'EstimatedDataSize', 'Truncated', 'Data', 'Part', 'Preview'],
};

/**
 * Checks the properties of an item against the reference of its class: each element known under its parent, of this protocol
 * version, allowed in answers, not repeated, its value of the right type and among those that are defined.
 */
export function checkItem(kind: ItemKind, version: string, properties: Tag): void {
  check(CLASSES[kind], version, properties, properties.local === 'Properties' ? 'ApplicationData' : properties.local);
}

function check(table: readonly Row[], version: string, parent: Tag, as: string): void {
  const seen = new Set<string>();
  for (const tag of parent.kids) {
    const candidates = table.filter((row) => `${row.namespace}:${row.name}` === tag.name && parents(row).includes(as));
    const row = candidates.find((candidate) => candidate.versions.includes(version));
    if (!row) violation(`${tag.name} is no element of ${as} in ${version}`, parent);
    if (row.direction === 'request') violation(`${tag.name} must not be in an answer`, parent);
    if (seen.has(tag.name) && !/\.\.(N|\d{2,})/.test(row.cardinality)) violation(`${tag.name} is repeated`, parent);
    seen.add(tag.name);
    checkValue(row, tag);
    check(table, version, tag, tag.local);
  }
  const order = ORDERED[parent.name];
  if (order) checkOrder(parent, order);
}

function parents(row: Row): string[] {
  return row.parent.split(' | ').map((name) => name.replace(/ \(.*\)/, ''));
}

function checkValue(row: Row, tag: Tag): void {
  if (/^container|^empty/.test(row.type)) {
    if (tag.value !== undefined) violation(`${tag.name} must hold elements`, tag);
    return;
  }
  if (tag.kids.length > 0) violation(`${tag.name} must hold a value`, tag);
  if (row.type.startsWith('byte array') && typeof tag.value === 'string') violation(`${tag.name} must be OPAQUE`, tag);
  const text = typeof tag.value === 'string' ? tag.value : '';
  if (row.type === 'dateTime' && row.format) {
    const form = row.format.startsWith('compact') ? DATES.compact : DATES.extended;
    const either = tag.name === 'Email:Until' && DATES.extended.test(text);
    if (!form.test(text) && !either) violation(`${tag.name} is no ${row.format}`, tag);
  }
  const type = TYPES.find(([name]) => name.test(row.type));
  if (type && !type[1].test(text)) violation(`${tag.name} is no ${row.type}`, tag);
  if (row.values && row.name !== 'DayOfWeek' && text !== '' && !(text in row.values))
    violation(`${tag.name} has an undefined value`, tag);
}

/** Children appear in this order, none twice, and there are no others. */
export function checkOrder(parent: Tag, order: readonly string[]): void {
  let last = -1;
  for (const kid of parent.kids) {
    const place = order.indexOf(kid.local);
    if (place < 0) violation(`${kid.name} has no place in ${parent.name}`, parent);
    if (place <= last) violation(`${kid.name} is at the wrong place in ${parent.name}`, parent);
    last = place;
  }
}
