import { DomainError, type ErrorKind } from '../../domain/errors.js';
import { type EasVersion, has } from './versions.js';

/** Status values that are valid for every command from 14.0 on (MS-ASCMD 2.2.2 Common Status Codes). */
export const COMMON = {
  InvalidContent: 101,
  InvalidWBXML: 102,
  InvalidXML: 103,
  InvalidDateTime: 104,
  InvalidCombinationOfIDs: 105,
  InvalidIDs: 106,
  InvalidMIME: 107,
  DeviceIdMissingOrInvalid: 108,
  DeviceTypeMissingOrInvalid: 109,
  ServerError: 110,
  ServerErrorRetryLater: 111,
  MailboxQuotaExceeded: 113,
  MessagePreviouslySent: 118,
  MessageHasNoRecipient: 119,
  MailSubmissionFailed: 120,
  AttachmentIsTooLarge: 122,
  DeviceIsBlockedForThisUser: 129,
  AccessDenied: 130,
  CommandNotSupported: 137,
  VersionNotSupported: 138,
  DeviceNotFullyProvisionable: 139,
  RemoteWipeRequested: 140,
  LegacyDeviceOnStrictPolicy: 141,
  DeviceNotProvisioned: 142,
  InvalidPolicyKey: 144,
  ExternallyManagedDevicesNotAllowed: 145,
  NoRecurrenceInCalendar: 146,
  InvalidStoredRequest: 149,
  ItemNotFound: 150,
  MoveNotPersistent: 155,
  MoveDestinationInvalid: 156,
  BodyPartTypeNotSupported: 164,
  DeviceInformationRequired: 165,
  InvalidAccountId: 166,
  RightsManagementOff: 168,
  NoPicture: 173,
  PictureTooLarge: 174,
  PictureLimitReached: 175,
  InvalidMimeBodyCombination: 178,
  InvalidSmartForwardParameters: 179,
  InvalidRecipients: 183,
} as const;

/** What 12.1 and older get instead of a common Status; what is missing here is 500. */
const HTTP_BY_STATUS: Readonly<Record<number, number>> = {
  101: 400,
  102: 400,
  103: 400,
  104: 400,
  105: 400,
  106: 400,
  107: 400,
  108: 400,
  109: 400,
  111: 503,
  113: 507,
  129: 403,
  130: 403,
  137: 501,
  138: 400,
  139: 403,
  140: 449,
  141: 449,
  142: 449,
  144: 449,
  145: 403,
};

const STATUS_BY_KIND: Readonly<Record<ErrorKind, number>> = {
  unauthenticated: COMMON.AccessDenied,
  forbidden: COMMON.AccessDenied,
  'not-found': COMMON.ItemNotFound,
  conflict: COMMON.ServerErrorRetryLater,
  'precondition-failed': COMMON.ServerErrorRetryLater,
  invalid: COMMON.InvalidXML,
  'stale-cursor': COMMON.ServerErrorRetryLater,
  'too-large': COMMON.ServerError,
  unavailable: COMMON.ServerErrorRetryLater,
};

/** A request that ends with a Status for the whole command: the command's own value or a common one. */
export class StatusError extends Error {
  override readonly name = 'StatusError';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** An answer that is only an HTTP status. */
export class HttpError extends Error {
  override readonly name = 'HttpError';

  constructor(
    readonly code: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** Seconds a client shall stay away while the mail server or the database can't be reached. */
const RETRY_AFTER = 30;

/** What a failure of a whole command is to the client: a Status for the body, or an HTTP code without one. */
export function failureOf(
  error: unknown,
  version: EasVersion,
): { status: number } | { http: number; headers?: Record<string, string> } {
  if (error instanceof HttpError) return { http: error.code, headers: error.headers };
  if (error instanceof StatusError) return byVersion(error.status, version);
  if (!(error instanceof DomainError)) return byVersion(COMMON.ServerError, version);
  if (error.kind === 'unauthenticated') return { http: 401, headers: { 'WWW-Authenticate': 'Basic realm="ActiveSync"' } };
  if (error.kind === 'unavailable')
    return { http: 503, headers: { 'Retry-After': String(error.details.retryAfter ?? RETRY_AFTER) } };
  return byVersion(STATUS_BY_KIND[error.kind], version);
}

/** What is said instead of an HTTP code once the answer has begun; null: nothing can be said, the line is cut. */
export function statusAfterBegin(code: number, version: EasVersion): number | null {
  if (!has(version, 'commonStatus')) return null;
  return code === 503 ? COMMON.ServerErrorRetryLater : code === 500 ? COMMON.ServerError : null;
}

function byVersion(status: number, version: EasVersion): { status: number } | { http: number } {
  if (status < 100 || has(version, 'commonStatus')) return { status };
  return { http: HTTP_BY_STATUS[status] ?? 500 };
}
