import { NO_YEAR } from '../date.js';
import type { Draft } from './draft.js';
import { NAME_IN_3, setAside } from './marks.js';

const DATE = /^(\d{4})-?(\d\d)-?(\d\d)$/;
const TIME = /^(\d{4})-?(\d\d)-?(\d\d)T(\d\d):?(\d\d):?(\d\d)(Z|[+-]\d\d(?::?\d\d)?)?$/i;
const YEARLESS = /^--(\d\d)-?(\d\d)$/;
/** Dates that say less than a day (RFC 6350 §4.3.1, ISO 8601 reduced and truncated). */
const PARTIAL = /^(?:\d{4}|\d{4}-\d\d|--\d\d|---\d\d)?(?:T[\d-]+(?:Z|[+-]\d\d(?:\d\d)?)?)?$/i;

/** BDAY and its kin: RFC 2426 §3.1.5 to RFC 6350 §6.2.5. Apple's omitted year is a year left out. */
export function dateTo4(draft: Draft): void {
  const omitted = draft.take('X-APPLE-OMIT-YEAR');
  const value = draft.value.trim();
  const isText = draft.valueType === 'text';
  const day = DATE.exec(value);
  const isYearless = Number(omitted ?? NO_YEAR) === Number(day?.[1]);
  draft.setParam('VALUE', undefined);
  if (!isText && day) draft.value = `${isYearless ? '--' : day[1]}${day[2]}${day[3]}`;
  else if (!isText && TIME.test(value)) draft.value = basicTime(value);
  else if (!isText && YEARLESS.test(value)) draft.value = value.replace(YEARLESS, '--$1$2');
  else {
    // No date of 3.0: it goes back as it was.
    if (!draft.params.has(NAME_IN_3)) draft.setParam(NAME_IN_3, draft.name);
    if (isText || value === '' || !PARTIAL.test(value)) draft.setParam('VALUE', 'text');
  }
}

/** RFC 6350 §6.2.5 to RFC 2426 §3.1.5; what 3.0 has no date for is set aside. */
export function dateTo3(draft: Draft): void {
  const value = draft.value.trim();
  const isText = draft.valueType === 'text';
  const yearless = YEARLESS.exec(value);
  if (!isText) draft.setParam('VALUE', undefined);
  if (!isText && yearless) {
    draft.setParam('X-APPLE-OMIT-YEAR', String(NO_YEAR));
    draft.value = `${NO_YEAR}-${yearless[1]}-${yearless[2]}`;
  } else if (!isText && DATE.test(value)) draft.value = value.replace(DATE, '$1-$2-$3');
  else if (!isText && TIME.test(value)) {
    draft.setParam('VALUE', 'date-time');
    draft.value = extendedTime(value);
  } else setAside(draft);
}

/** REV: `1995-10-31T22:27:10Z` ↔ `19951031T222710Z`. */
export function stampTo4(draft: Draft): void {
  draft.setParam('VALUE', undefined);
  draft.value = DATE.test(draft.value) ? draft.value.replace(DATE, '$1$2$3') : basicTime(draft.value.trim());
}

export function stampTo3(draft: Draft): void {
  draft.value = extendedTime(draft.value.trim());
}

function basicTime(value: string): string {
  const match = TIME.exec(value);
  return match ? `${match.slice(1, 4).join('')}T${match.slice(4, 7).join('')}${(match[7] ?? '').replace(':', '')}` : value;
}

function extendedTime(value: string): string {
  const match = TIME.exec(value);
  if (!match) return value;
  const zone = (match[7] ?? '').replace(/^([+-]\d\d):?(\d\d)$/, '$1:$2');
  return `${match.slice(1, 4).join('-')}T${match.slice(4, 7).join(':')}${zone}`;
}

const OFFSET = /^([+-]\d\d):?(\d\d)?$/;

/** TZ: an offset unless said otherwise (RFC 2426 §3.4.1) to a text unless said otherwise (RFC 6350 §6.5.1). */
export function zoneTo4(draft: Draft): void {
  const offset = draft.valueType === 'text' ? null : OFFSET.exec(draft.value.trim());
  draft.setParam('VALUE', offset ? 'utc-offset' : undefined);
  if (offset) draft.value = `${offset[1]}${offset[2] ?? ''}`;
}

export function zoneTo3(draft: Draft): void {
  const offset = draft.valueType === 'utc-offset' ? OFFSET.exec(draft.value.trim()) : null;
  if (draft.valueType === 'uri') setAside(draft);
  else draft.setParam('VALUE', offset ? undefined : 'text');
  if (offset) draft.value = `${offset[1]}:${offset[2] ?? '00'}`;
}
