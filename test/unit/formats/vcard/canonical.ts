import { type Component, type Property, parseContentLines } from '../../../../src/formats/content-lines.js';

const DATES = /^(?:BDAY|ANNIVERSARY|REV|X-ABDATE|X-(?:EVOLUTION-|MS-|KADDRESSBOOK-X-)?ANNIVERSARY)$/;
const BINARY = /^(?:PHOTO|LOGO|SOUND|KEY)$/;
const LINKS = /^(?:URL|IMPP|FBURL|CALURI|CALADRURI|SOURCE)$/;

/**
 * What a card says, line by line, whatever the spelling: independent of the order of lines and parameters, of folding and
 * escapes, of the names of groups, and of the case of TYPE. Two texts of one version that say the same give the same.
 */
export function meaning(text: string): string[] {
  const [card] = parseContentLines(text) as [Component];
  return card.properties.filter(({ name }) => name !== 'VERSION').flatMap((property) => lineOf(card, property));
}

function lineOf(card: Component, property: Property): string[] {
  const label = property.group === null ? undefined : card.grouped(property.group).find(({ name }) => name === 'X-ABLABEL')?.text;
  const others = property.group === null ? [] : card.grouped(property.group).filter((other) => other !== property);
  const beside = property.name === 'X-ABLABEL' ? others.map(({ name }) => name).sort() : label;
  const lists = /^X-(?:CHILDREN|MS-CHILD)$/.test(property.name) ? property.list : undefined;
  const values = lists ?? [contentOf(property)];
  return values.map((value) => JSON.stringify([property.name, beside ?? null, paramsOf(property), value]));
}

function paramsOf(property: Property): [string, string[]][] {
  const all = new Map<string, string[]>();
  for (const { name, values } of property.params) all.set(name, [...(all.get(name) ?? []), ...values]);
  const types = new Set((all.get('TYPE') ?? []).flatMap((value) => value.toLowerCase().split(',')));
  if (property.name === 'EMAIL') types.delete('internet');
  all.set('TYPE', [...types].sort());
  for (const name of ['CHARSET', 'X-APPLE-OMIT-YEAR', 'X-VCARD3-NAME', 'X-VCARD4-NAME']) all.delete(name);
  if (property.isBase64) all.set('ENCODING', ['b']);
  if (property.isQuotedPrintable) all.delete('ENCODING');
  // Defaults, and what is told by the value itself.
  if (DATES.test(property.name) || BINARY.test(property.name) || /^(?:UID|TZ)$/.test(property.name)) all.delete('VALUE');
  if (all.has('VALUE')) all.set('VALUE', [String(all.get('VALUE')).toLowerCase()]);
  return [...all].filter(([, values]) => values.length > 0).sort(([a], [b]) => (a < b ? -1 : 1));
}

function contentOf(property: Property): unknown {
  const value = property.value.trim();
  if (DATES.test(property.name)) {
    const year = /^(\d{4})-?\d\d-?\d\d$/.exec(value)?.[1];
    const isNone = year !== undefined && (year === '1604' || year === property.param('X-APPLE-OMIT-YEAR'));
    const rest = isNone ? `--${value.slice(4).replace(/-/g, '')}` : value;
    return /^[\d-]+(?:T[\d:+-]+Z?)?$/i.test(rest) ? rest.replace(/(?<=\d)[-:](?=\d)/g, '') : property.text;
  }
  if (BINARY.test(property.name)) return value.replace(/^([^,:]*:[^,]*?)\\?;base64\\?,/i, '$1;base64,').replace(/\s/g, '');
  if (property.name === 'GEO') return value.split(/\s*;\s*/).map((part) => (Number.isNaN(Number(part)) ? part : Number(part)));
  if (property.name === 'TZ') return value.replace(':', '').replace(/^([+-]\d\d)$/, '$100');
  if (/^X-(?:AB|ADDRESSBOOKSERVER)/.test(property.name) || LINKS.test(property.name)) return property.text;
  const parts = property.structured;
  while (parts.at(-1)?.join('') === '') parts.pop();
  return parts;
}

/** Lines that one card has and the other has not. */
export function missing(from: string, there: string): string[] {
  const left = meaning(there);
  return meaning(from).filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
