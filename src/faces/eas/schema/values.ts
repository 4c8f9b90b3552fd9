import { cleanText } from '../../../formats/mime/text.js';
import type { TagName } from '../../../formats/wbxml/pages.js';
import { type Content, children, type Element, el, text } from '../../../formats/wbxml/tree.js';
import { readDate, toCompact, toExtended } from '../classes/dates.js';
import { MalformedItem } from '../classes/item-class.js';

/** How the content of an element is read, written and compared. */
export interface ValueType<V> {
  /** @returns undefined for an empty element: the value is taken away. @throws MalformedItem */
  read(element: Element): V | undefined;
  write(value: V): Content;
  same(a: V, b: V): boolean;
  /** Whether a device is shown the same, where `same` leaves out what it may not change; default: `same`. */
  looksSame?(a: V, b: V): boolean;
  /** Whether a value says nothing; default: empty text and empty lists. */
  isNothing?(value: V): boolean;
}

/** Longest text of a leaf that is not a body. */
const MAX_TEXT = 32_768;

/** Text on one line. Line ends and blanks around it are not part of its value. */
export const line: ValueType<string> = {
  read: (element) => oneLine(text(element) ?? '') || undefined,
  write: oneLine,
  same: (a, b) => oneLine(a) === oneLine(b),
  isNothing: (value) => oneLine(value) === '',
};

/** Text of several lines, shown with the line ends of the protocol. */
export const lines: ValueType<string> = {
  read: (element) => cleaned(text(element) ?? '') || undefined,
  write: (value) => cleaned(value).replace(/\n/g, '\r\n'),
  same: (a, b) => cleaned(a).trimEnd() === cleaned(b).trimEnd(),
  isNothing: (value) => cleaned(value).trim() === '',
};

/** `0` or `1`; `true` and `false` are taken too, anything else is no value. */
export const flag: ValueType<boolean> = {
  read: (element) => FLAGS[(text(element) ?? '').trim().toLowerCase()],
  write: (value) => value,
  same: Object.is,
};

const FLAGS: Readonly<Record<string, boolean>> = { '1': true, '0': false, true: true, false: false };

/** A whole number within bounds. @throws MalformedItem (from `read`) outside them, where `strict` */
export function integer(low: number, high: number, strict = false): ValueType<number> {
  return {
    read: (element) => {
      const value = (text(element) ?? '').trim();
      if (value === '') return undefined;
      const number = Number(value);
      if (Number.isInteger(number) && number >= low && number <= high) return number;
      if (strict) throw new MalformedItem(`${element.tag}: ${value.slice(0, 20)}`);
      return undefined;
    },
    write: (value) => value,
    same: Object.is,
  };
}

/** An instant in the compact form. */
export const compactDate = date(toCompact);
/** An instant in the extended form. */
export const extendedDate = date(toExtended);

function date(format: (date: Date) => string): ValueType<Date> {
  return {
    read: readInstant,
    write: format,
    same: (a, b) => Math.floor(a.getTime() / 1000) === Math.floor(b.getTime() / 1000),
  };
}

/** The instant an element holds; undefined when it is empty. @throws MalformedItem for what is no date (dates.md) */
export function readInstant(element: Element): Date | undefined {
  const value = (text(element) ?? '').trim();
  if (value === '') return undefined;
  const found = readDate(value);
  if (!found) throw new MalformedItem(`${element.tag}: not a date: ${value.slice(0, 40)}`);
  return found;
}

/** A container of leaves of one tag. An empty container is an empty list, which is a value like any other. */
export function list(item: TagName, most = 300): ValueType<readonly string[]> {
  return {
    read: (element) => {
      const items = children(element, item).map((entry) => oneLine(text(entry) ?? ''));
      return [...new Set(items.filter(Boolean))].slice(0, most);
    },
    write: (values) => values.slice(0, most).map((value) => el(item, oneLine(value))),
    same: (a, b) => asSet(a, most) === asSet(b, most),
    isNothing: (values) => asSet(values, most) === '',
  };
}

/** What a client can see of a list: its members on one line each, whatever their order. */
function asSet(values: readonly string[], most: number): string {
  return [...new Set(values.slice(0, most).map(oneLine).filter(Boolean))].sort().join('\n');
}

/** A text as it is on one line; empty for none. */
export function lineText(value: string | undefined): string {
  return oneLine(value ?? '');
}

function oneLine(value: string): string {
  return cleaned(value)
    .replace(/\s*\n\s*/g, ' ')
    .trim()
    .slice(0, MAX_TEXT);
}

/** Text without what XML can't carry, line ends as `\n`. */
export function cleaned(value: string): string {
  return cleanText(value).replace(/\r\n?/g, '\n');
}
