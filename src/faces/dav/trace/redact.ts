import { type ClarkName, prefixOf, splitClark } from '../../../formats/xml/names.js';
import type { XmlElement } from '../../../formats/xml/read.js';

/** Container run-times cut lines of more than 16 KB; beside the document a line holds a few hundred characters. */
const MOST_CHARACTERS = 14_000;
/** Quotes, brackets and commas around an element. */
const AROUND = 8;

/** JSON of an element: its name with the usual prefix, and what is in it; attributes stand first, as `@name`. */
export type Redacted = { readonly [name: string]: string | null | readonly Redacted[] };

/** Texts that may be shown, where they look as they should. */
const TEXTS: Readonly<Record<string, RegExp>> = {
  'D:sync-token': /^data:,[\d.:-]{1,80}$/,
  'D:sync-level': /^(1|infinite)$/,
  'D:nresults': /^\d{1,9}$/,
  'CARD:nresults': /^\d{1,9}$/,
  'D:depth': /^(0|1|infinity)$/i,
};

/** Attributes of the protocols' own elements (RFC 4791 §9, RFC 6352 §10). */
const ATTRIBUTES: Readonly<Record<string, RegExp>> = {
  name: /^V(CALENDAR|EVENT|TODO|JOURNAL|ALARM|FREEBUSY|TIMEZONE|AVAILABILITY|CARD)$|^(UID|SUMMARY|DTSTART|DTEND|DUE|COMPLETED|STATUS|CATEGORIES|ATTENDEE|ORGANIZER|PARTSTAT|LOCATION|DESCRIPTION|FN|N|NICKNAME|EMAIL|TEL|ORG|TYPE|KIND|REV)$/,
  start: /^\d{8}T\d{6}Z$/,
  end: /^\d{8}T\d{6}Z$/,
  test: /^(any|all)of$/,
  collation: /^i;(ascii-casemap|octet|unicode-casemap)$/,
  'match-type': /^(equals|contains|starts-with|ends-with)$/,
  'negate-condition': /^(yes|no)$/,
  'content-type': /^text\/(calendar|vcard)$/,
  version: /^\d\.\d$/,
};

/**
 * A request's document as a trace shows it: elements of the namespaces that the gateway speaks by their names, of attributes and
 * texts only those that tell nothing about people. What does not fit into a line is counted as `more`.
 */
export function redact(root: XmlElement, most = MOST_CHARACTERS): Redacted {
  return shown(root, { left: most }) ?? { more: null };
}

function shown(element: XmlElement, budget: { left: number }): Redacted | null {
  const name = nameOf(element.name);
  budget.left -= name.length + AROUND;
  if (budget.left < 0) return null;
  const inside: Redacted[] = [...element.attributes].map(([attribute, value]) => paid(attributeOf(attribute, value), budget));
  const hasElements = element.children.some((child) => typeof child !== 'string');
  let more = 0;
  for (const child of element.children) {
    const one = typeof child === 'string' ? textOf(name, child, hasElements) : shown(child, budget);
    if (one) inside.push(typeof child === 'string' ? paid(one, budget) : one);
    else if (typeof child !== 'string') more++;
  }
  if (more > 0) inside.push({ more: String(more) });
  return { [name]: inside.length === 0 ? null : inside };
}

function paid(leaf: Redacted, budget: { left: number }): Redacted {
  budget.left -= JSON.stringify(leaf).length + 1;
  return leaf;
}

/** White space between elements is layout. */
function textOf(name: string, text: string, hasElements: boolean): Redacted | null {
  if (hasElements && text.trim() === '') return null;
  return { text: TEXTS[name]?.test(text.trim()) ? text.trim() : lengthOf(text) };
}

function attributeOf(name: ClarkName, value: string): Redacted {
  const allowed = name.startsWith('{}') ? ATTRIBUTES[name.slice(2)] : undefined;
  return allowed ? { [`@${name.slice(2)}`]: allowed.test(value) ? value : lengthOf(value) } : { '@other': lengthOf(value) };
}

function nameOf(name: ClarkName): string {
  const { namespace, local } = splitClark(name);
  const prefix = prefixOf(namespace);
  return prefix && /^[A-Za-z][A-Za-z0-9-]{0,60}$/.test(local) ? `${prefix}:${local}` : '(another element)';
}

const lengthOf = (text: string): string => `(text ${text.length})`;
