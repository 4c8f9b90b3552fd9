/**
 * Content lines, the layer that iCalendar (RFC 5545 §3.1) and vCard (2.1, RFC 2426, RFC 6350 §3) share.
 *
 *     const [card] = parseContentLines(text);           // Component[]; throws ContentLineError with the line number
 *     card.first('FN')?.text                            // decoded value; .value is the raw one, still escaped
 *     card.set('FN', escapeText('Doe, John'));          // other lines, and this one's parameters, stay as they were
 *     card.add(new Property('TEL', '+1', { TYPE: ['home', 'cell'] }, 'item1'));
 *     card.remove('PHOTO');
 *     serializeContentLines([card])                     // untouched lines byte for byte
 *
 * Names (component, property, parameter) are upper case in the tree and keep their spelling in the text.
 */
export { Component, type Node } from './content-lines/component.js';
export {
  ContentLineError,
  type ContentLineLimits,
  DEFAULT_LIMITS,
  parseContentLines,
  serializeContentLines,
} from './content-lines/parse.js';
export { type Param, type ParamInit, Property } from './content-lines/property.js';
export {
  decodeParamValue,
  decodeQuotedPrintable,
  encodeParamValue,
  escapeText,
  foldLine,
  foldQuotedPrintable,
  formatList,
  formatStructured,
  parseList,
  parseStructured,
  splitEscaped,
  unescapeText,
} from './content-lines/values.js';
