import type { ClarkName } from '../../../formats/xml/names.js';
import { attributeOf, textOf, type XmlElement } from '../../../formats/xml/read.js';
import { conditionError } from '../errors.js';

export type TextTest = (value: string) => boolean;

/** RFC 4790 §9.2 folds ASCII letters alone; RFC 5051 all letters, after decomposition. */
const FOLDS: Readonly<Record<string, (value: string) => string>> = {
  'i;octet': (value) => value,
  'i;ascii-casemap': (value) => value.replace(/[a-z]+/g, (letters) => letters.toUpperCase()),
  'i;unicode-casemap': (value) => value.normalize('NFKD').toUpperCase().normalize('NFKD'),
};

const MATCHES: Readonly<Record<string, (value: string, wanted: string) => boolean>> = {
  equals: (value, wanted) => value === wanted,
  contains: (value, wanted) => value.includes(wanted),
  'starts-with': (value, wanted) => value.startsWith(wanted),
  'ends-with': (value, wanted) => value.endsWith(wanted),
};

/** The rules in which CalDAV and CardDAV differ. */
export interface TextMatchRules {
  readonly defaultCollation: string;
  /** Precondition for a collation that is not there. */
  readonly supportedCollation: ClarkName;
  readonly validFilter: ClarkName;
}

/**
 * A text-match element (RFC 4791 §9.7.5, RFC 6352 §10.5.4) as a test of one value, negation left out: it applies to
 * "no value matches", which only the caller can say.
 */
export function textMatch(element: XmlElement, rules: TextMatchRules): { readonly test: TextTest; readonly negate: boolean } {
  const collation = attributeOf(element, 'collation') ?? 'default';
  const fold = FOLDS[collation === 'default' ? rules.defaultCollation : collation];
  if (fold === undefined || !Object.hasOwn(FOLDS, collation === 'default' ? rules.defaultCollation : collation)) {
    throw conditionError(403, rules.supportedCollation);
  }
  const type = attributeOf(element, 'match-type') ?? 'contains';
  const match = Object.hasOwn(MATCHES, type) ? MATCHES[type] : undefined;
  const negate = attributeOf(element, 'negate-condition') ?? 'no';
  if (match === undefined || (negate !== 'yes' && negate !== 'no')) throw conditionError(403, rules.validFilter);
  const wanted = fold(textOf(element));
  return { test: (value) => match(fold(value), wanted), negate: negate === 'yes' };
}
