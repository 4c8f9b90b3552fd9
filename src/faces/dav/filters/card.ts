import { type Property, parseContentLines } from '../../../formats/content-lines.js';
import { CARD } from '../../../formats/xml/names.js';
import { attributeOf, childOf, elementsOf, type XmlElement } from '../../../formats/xml/read.js';
import { conditionError } from '../errors.js';
import { type TextMatchRules, textMatch } from './text-match.js';

/** A test of a whole card. */
export type CardTest = (text: string) => boolean;
type LinesTest = (lines: readonly Property[]) => boolean;

const RULES: TextMatchRules = {
  defaultCollation: 'i;unicode-casemap',
  supportedCollation: CARD('supported-collation'),
  validFilter: CARD('valid-filter'),
};
const invalid = () => conditionError(403, CARD('valid-filter'));

/** CARDDAV:filter (RFC 6352 §10.5); without conditions every card matches. Broken cards match nothing. */
export function cardFilter(filter: XmlElement | undefined): CardTest {
  if (filter === undefined) return () => true;
  const tests = elementsOf(filter, CARD('prop-filter')).map(propFilter);
  if (tests.length === 0) return () => true;
  const combined = combine(filter, tests);
  return (text) => {
    try {
      return combined(parseContentLines(text).flatMap((component) => component.properties));
    } catch {
      return false;
    }
  };
}

/** `anyof` (the default) or `allof`. */
function combine<T>(element: XmlElement, tests: readonly ((value: T) => boolean)[]): (value: T) => boolean {
  const how = attributeOf(element, 'test') ?? 'anyof';
  if (how === 'allof') return (value) => tests.every((test) => test(value));
  if (how === 'anyof') return (value) => tests.some((test) => test(value));
  throw invalid();
}

/** RFC 6352 §10.5.1: the name may carry a group, which then has to match too. */
function propFilter(element: XmlElement): LinesTest {
  const name = attributeOf(element, 'name')?.toUpperCase();
  if (!name) throw invalid();
  const named = (line: Property): boolean =>
    line.name === name || (line.group !== null && `${line.group.toUpperCase()}.${line.name}` === name);
  if (childOf(element, CARD('is-not-defined')) !== undefined) return (lines) => !lines.some(named);
  const tests = [
    ...elementsOf(element, CARD('text-match')).map(valueTest),
    ...elementsOf(element, CARD('param-filter')).map(paramFilter),
  ];
  if (tests.length === 0) return (lines) => lines.some(named);
  const combined = combine(element, tests);
  return (lines) => {
    const found = lines.filter(named);
    return found.length > 0 && combined(found);
  };
}

function valueTest(element: XmlElement): LinesTest {
  const { test, negate } = textMatch(element, RULES);
  return (lines) => lines.some((line) => test(line.text)) !== negate;
}

/** RFC 6352 §10.5.2. */
function paramFilter(element: XmlElement): LinesTest {
  const name = attributeOf(element, 'name')?.toUpperCase();
  if (!name) throw invalid();
  const given = (line: Property): boolean => line.params.some((param) => param.name === name);
  if (childOf(element, CARD('is-not-defined')) !== undefined) return (lines) => lines.some((line) => !given(line));
  const match = childOf(element, CARD('text-match'));
  if (match === undefined) return (lines) => lines.some(given);
  const { test, negate } = textMatch(match, RULES);
  return (lines) => lines.some((line) => given(line) && line.paramValues(name).some(test) !== negate);
}
