import { createHash } from 'node:crypto';
import { IcalError } from '../../formats/ical/error.js';
import { indexCalendarObject } from '../../formats/ical/index-row.js';
import { readCalendarObject } from '../../formats/ical/parse.js';
import { CardError, readCard } from '../../formats/vcard/validate.js';
import { DomainError, type ErrorKind, type ErrorReason } from '../errors.js';
import { CALENDAR_COMPONENTS } from './kinds.js';
import type { PimKind } from './model.js';
import type { ItemIndex } from './store.js';

/** Strong entity tag of a text: the same bytes have the same tag. */
export function etagOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

const DAY = 86_400_000;
/** How far around the time of writing a series is expanded: what lies outside is looked up in the text. */
const PAST = 180 * DAY;
const FUTURE = 400 * DAY;

/**
 * Checks an item's text and derives its index columns as of `now`.
 * @throws DomainError with the precondition that the text breaks
 */
export function describe(kind: PimKind, text: string, now: Date): ItemIndex {
  try {
    return kind === 'contacts' ? describeCard(text) : describeCalendarObject(text, now.getTime());
  } catch (error) {
    if (error instanceof IcalError || error instanceof CardError) throw broken(error.reason, error.message, error);
    throw error;
  }
}

function describeCard(text: string): ItemIndex {
  const { uid } = readCard(text);
  if (uid === null) throw broken('valid-address-data', 'UID is missing (RFC 6352 §5.1)');
  return { uid: checkedUid(uid, 'valid-address-data'), component: 'VCARD', spans: null, exact: null, alarms: [] };
}

function describeCalendarObject(text: string, now: number): ItemIndex {
  const object = readCalendarObject(text, { components: CALENDAR_COMPONENTS });
  const { spans, exact, floating, alarms } = indexCalendarObject(object, { horizon: { from: now - PAST, to: now + FUTURE } });
  return {
    uid: checkedUid(object.uid, 'valid-calendar-object-resource'),
    component: object.component,
    spans,
    exact: floating || exact.start >= exact.end ? null : exact,
    alarms,
  };
}

/** UIDs are index keys: PostgreSQL takes at most 2,700 bytes, nobody needs more than these. */
const MAX_UID_BYTES = 1000;

function checkedUid(uid: string, reason: ErrorReason): string {
  if (Buffer.byteLength(uid) > MAX_UID_BYTES) throw broken(reason, `the UID is longer than ${MAX_UID_BYTES} bytes`);
  return uid;
}

const KINDS_OF_REASON: Partial<Record<ErrorReason, ErrorKind>> = { 'max-resource-size': 'too-large' };

function broken(reason: ErrorReason, message: string, cause?: unknown): DomainError {
  return new DomainError(KINDS_OF_REASON[reason] ?? 'invalid', message, { reason, cause });
}
