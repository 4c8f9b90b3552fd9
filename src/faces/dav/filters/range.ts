import type { Span } from '../../../domain/pim/model.js';
import { C } from '../../../formats/xml/names.js';
import { attributeOf, type XmlElement } from '../../../formats/xml/read.js';
import { conditionError } from '../errors.js';

/** A half-open interval in milliseconds since the epoch; open ends are ±Infinity. */
export type Range = Span;

/** `start` and `end` of a time-range, expand or limit element (RFC 4791 §9.9): UTC, either may be missing. */
export function rangeOf(element: XmlElement): Range {
  const start = instant(attributeOf(element, 'start')) ?? Number.NEGATIVE_INFINITY;
  const end = instant(attributeOf(element, 'end')) ?? Number.POSITIVE_INFINITY;
  if (start >= end || (start === Number.NEGATIVE_INFINITY && end === Number.POSITIVE_INFINITY))
    throw conditionError(403, C('valid-filter'));
  return { start, end };
}

function instant(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(value.trim());
  if (match === null) throw conditionError(403, C('valid-filter'));
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [number, number, number, number, number, number];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 60) {
    throw conditionError(403, C('valid-filter'));
  }
  return date.getTime();
}
