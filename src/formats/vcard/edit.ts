import { type Component, escapeText, type Property, parseContentLines, parseList, splitEscaped } from '../content-lines.js';
import type { CardVersion } from './validate.js';

/** A card of version 3.0, which every address book reads, with nothing but its identity. */
export function newCard(uid: string, prodid: string): Component {
  const text = `BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:${escapeText(prodid)}\r\nUID:${escapeText(uid)}\r\nEND:VCARD\r\n`;
  return parseContentLines(text)[0] as Component;
}

/**
 * What a property is for: its TYPE values and its label, lower case. Labels are Apple's `item1.X-ABLabel`, either one of
 * its own words (`_$!<Work>!$_`) or the user's.
 */
export function purposes(card: Component, property: Property): Set<string> {
  const types = property.paramValues('TYPE').flatMap((value) => value.toLowerCase().split(','));
  return new Set([...types.map((type) => type.trim().replace(/^x-/, '')), ...labelWords(labelOf(card, property) ?? '')]);
}

/** Words that say together what a line is for, as in `WorkFax` and `home fax`. */
const PLAIN_WORDS = /^(?:home|work|fax|phone|mobile|cell|pager|car|main|other)$/;

/** A label of such words alone is those words; any other is one. */
function labelWords(label: string): readonly string[] {
  const words = label
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean);
  return words.every((word) => PLAIN_WORDS.test(word)) ? words : [label.toLowerCase()];
}

/** The label of a grouped property, Apple's quoting removed. */
export function labelOf(card: Component, property: Property): string | undefined {
  if (property.group === null) return undefined;
  const label = card.grouped(property.group).find(({ name }) => name === 'X-ABLABEL');
  return label?.text.replace(/^_\$!<(.*)>!\$_$/, '$1').trim() || undefined;
}

/** Properties of a name, the preferred ones first (PREF of 4.0, TYPE=pref of 3.0), else in their order. */
export function byPreference(card: Component, name: string): Property[] {
  return card.all(name).sort((a, b) => rank(a) - rank(b));
}

function rank(property: Property): number {
  const pref = Number(property.param('PREF'));
  if (pref >= 1 && pref <= 100) return pref;
  return property.paramValues('TYPE').some((type) => /\bpref\b/i.test(type)) ? 1 : 101;
}

/** Removes a property and the lines that only describe it: label and address format of its group. */
export function removeProperty(card: Component, property: Property): void {
  card.remove(property);
  if (property.group === null) return;
  const rest = card.grouped(property.group);
  if (rest.every(({ name }) => name === 'X-ABLABEL' || name === 'X-ABADR')) for (const line of rest) card.remove(line);
}

/** One component of a structured value as text; lists in it joined. */
export function component(property: Property | undefined, at: number, separator = ','): string {
  return property ? joined(pieces(property)[at], separator) : '';
}

/** All components of a structured value as text, in their order. */
export function componentsOf(property: Property | undefined, separator = ','): readonly string[] {
  return property ? pieces(property).map((piece) => joined(piece, separator)) : [];
}

/** Components as they stand in the line, or as lists of what was quoted-printable. */
function pieces(property: Property): readonly (string | readonly string[])[] {
  return property.isQuotedPrintable ? property.structured : splitEscaped(property.value, ';');
}

function joined(piece: string | readonly string[] = [], separator: string): string {
  const values = typeof piece === 'string' ? parseList(piece) : piece;
  return values
    .map((value) => value.trim())
    .filter(Boolean)
    .join(separator);
}

/** Sets one component of a structured value; the others keep their bytes. */
export function setComponent(property: Property, at: number, text: string, length: number): void {
  const pieces = property.isQuotedPrintable
    ? property.structured.map((values) => values.map(escapeText).join(','))
    : splitEscaped(property.value, ';');
  toPlain(property);
  while (pieces.length < Math.max(length, at + 1)) pieces.push('');
  pieces[at] = escapeText(text);
  property.value = pieces.join(';');
}

/** Sets a value as TEXT. */
export function setText(property: Property, text: string): void {
  toPlain(property);
  property.value = escapeText(text);
}

/** A value that is written anew needs no quoted-printable (vCard 2.1): UTF-8 goes as it is. */
function toPlain(property: Property): void {
  if (!property.isQuotedPrintable) return;
  property.setParam('ENCODING', undefined);
  property.setParam('CHARSET', 'UTF-8');
}

/** TYPE as the version spells it: upper case before 4.0. */
export function typeParam(version: CardVersion, types: readonly string[]): readonly string[] {
  return version === '4.0' ? types.map((type) => type.toLowerCase()) : types.map((type) => type.toUpperCase());
}

/** Marks that a card was changed, where it says when it was: REV in the form of its version. */
export function touch(card: Component, version: CardVersion, now: Date): void {
  const rev = card.first('REV');
  if (rev) rev.value = revision(version, now);
}

export function revision(version: CardVersion, now: Date): string {
  const iso = `${now.toISOString().slice(0, 19)}Z`;
  return version === '4.0' ? iso.replace(/[-:]/g, '') : iso;
}
