import { DomainError, type ErrorKind, type ErrorReason } from '../../domain/errors.js';
import { C, CARD, type ClarkName, D } from '../../formats/xml/names.js';
import { XmlError } from '../../formats/xml/read.js';
import { document, element, textElement, type Xml } from '../../formats/xml/write.js';
import { type DavReply, xmlReply } from './message.js';
import { BadPath, type HomeType } from './paths.js';

/** A refusal in WebDAV's own words: a status and, where a specification names one, the broken precondition (RFC 4918 §16). */
export class DavError extends Error {
  override readonly name = 'DavError';

  constructor(
    readonly status: number,
    readonly condition?: Xml,
    readonly headers?: Readonly<Record<string, string>>,
  ) {
    super(`HTTP ${status}`);
  }
}

/** A refusal that names a precondition or postcondition. */
export function conditionError(status: number, name: ClarkName, content?: Xml): DavError {
  return new DavError(status, element(name, content));
}

/** Statuses of the domain's errors where no reason says more. */
const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'precondition-failed': 412,
  invalid: 403,
  'stale-cursor': 403,
  'too-large': 413,
  unavailable: 503,
};

interface Condition {
  readonly status?: number;
  readonly calendars: ClarkName;
  readonly addressbooks: ClarkName;
}
const both = (name: ClarkName, status?: number): Condition => ({ calendars: name, addressbooks: name, status });

/** Preconditions: RFC 4791 §5.3.2.1 and §9.10, RFC 6352 §6.3.2.1, RFC 6578 §3.2, RFC 6638 §3.2.4. */
const CONDITIONS: Readonly<Record<ErrorReason, Condition | null>> = {
  'valid-calendar-data': both(C('valid-calendar-data')),
  'valid-calendar-object-resource': both(C('valid-calendar-object-resource')),
  'supported-calendar-data': both(C('supported-calendar-data')),
  'supported-calendar-component': both(C('supported-calendar-component')),
  'calendar-collection-location-ok': both(C('calendar-collection-location-ok')),
  'valid-address-data': both(CARD('valid-address-data')),
  'supported-address-data': both(CARD('supported-address-data')),
  'no-uid-conflict': { calendars: C('no-uid-conflict'), addressbooks: CARD('no-uid-conflict'), status: 403 },
  'max-resource-size': { calendars: C('max-resource-size'), addressbooks: CARD('max-resource-size'), status: 403 },
  'max-attachment-size': both(C('max-attachment-size'), 403),
  'max-attachments-per-resource': both(C('max-attachments-per-resource'), 403),
  'valid-managed-id-parameter': both(C('valid-managed-id-parameter'), 403),
  'valid-rid-parameter': both(C('valid-rid-parameter'), 403),
  'max-instances': both(C('max-instances'), 403),
  'max-attendees-per-instance': both(C('max-attendees-per-instance'), 403),
  'min-date-time': both(C('min-date-time'), 403),
  'max-date-time': both(C('max-date-time'), 403),
  'resource-must-be-null': both(D('resource-must-be-null'), 403),
  'valid-sync-token': both(D('valid-sync-token'), 403),
  'number-of-matches-within-limits': both(D('number-of-matches-within-limits'), 507),
  'need-privileges': both(D('need-privileges'), 403),
  'allowed-organizer-scheduling-object-change': both(C('allowed-organizer-scheduling-object-change'), 403),
  'allowed-attendee-scheduling-object-change': both(C('allowed-attendee-scheduling-object-change'), 403),
  'unique-scheduling-object-resource': both(C('unique-scheduling-object-resource'), 403),
  'same-organizer-in-all-components': both(C('same-organizer-in-all-components'), 403),
  'quota-not-exceeded': both(D('quota-not-exceeded'), 507),
  'mail-server': null,
};

/** Status of any failure; 500 for those that nobody expected. */
export function statusOf(error: unknown): number {
  if (error instanceof DavError) return error.status;
  if (error instanceof BadPath) return 400;
  if (error instanceof XmlError) return error.tooLarge ? 413 : 400;
  if (!(error instanceof DomainError)) return 500;
  return (error.reason && CONDITIONS[error.reason]?.status) ?? STATUS_OF_KIND[error.kind];
}

/** The precondition element of a failure; `hrefOf` turns the name of the item in the way into its path. */
export function conditionOf(error: unknown, type: HomeType, hrefOf: (name: string) => string): Xml | undefined {
  if (error instanceof DavError) return error.condition;
  if (!(error instanceof DomainError) || error.reason === undefined) return undefined;
  const condition = CONDITIONS[error.reason];
  if (!condition) return undefined;
  const { href } = error.details;
  return element(condition[type], href === undefined ? undefined : textElement(D('href'), hrefOf(href)));
}

/** The answer to a failed request. Nothing of an unexpected error's text reaches the client. */
export function errorReply(error: unknown, type: HomeType, hrefOf: (name: string) => string): DavReply {
  const status = statusOf(error);
  const condition = conditionOf(error, type, hrefOf);
  const headers = { ...headersOf(error) };
  return condition === undefined ? { status, headers } : xmlReply(status, document(D('error'), condition), headers);
}

function headersOf(error: unknown): Readonly<Record<string, string>> {
  if (error instanceof DavError) return error.headers ?? {};
  if (!(error instanceof DomainError) || error.kind !== 'unavailable') return {};
  return { 'Retry-After': String(error.details.retryAfter ?? 30) };
}
