/** Kinds of failure the domain reports; each face has one table that turns them into its own words. */
export type ErrorKind =
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'precondition-failed'
  | 'invalid'
  | 'stale-cursor'
  | 'too-large'
  | 'unavailable';

/**
 * The precise rule that was broken, named as the specification names it where it has a name
 * (RFC 4791 §5.3.2.1, RFC 6352 §6.3.2.1, RFC 4918 §16, RFC 8607 §3.11).
 */
export type ErrorReason =
  | 'valid-calendar-data'
  | 'valid-calendar-object-resource'
  | 'supported-calendar-data'
  | 'supported-calendar-component'
  | 'calendar-collection-location-ok'
  | 'valid-address-data'
  | 'supported-address-data'
  | 'no-uid-conflict'
  | 'max-resource-size'
  | 'max-attachment-size'
  | 'max-attachments-per-resource'
  | 'valid-managed-id-parameter'
  | 'valid-rid-parameter'
  | 'max-instances'
  | 'max-attendees-per-instance'
  | 'min-date-time'
  | 'max-date-time'
  | 'resource-must-be-null'
  | 'valid-sync-token'
  | 'number-of-matches-within-limits'
  | 'need-privileges'
  | 'allowed-organizer-scheduling-object-change'
  | 'allowed-attendee-scheduling-object-change'
  | 'same-organizer-in-all-components'
  | 'unique-scheduling-object-resource'
  | 'quota-not-exceeded'
  | 'mail-server';

/** An expected failure with a kind. Anything else that is thrown is a bug and becomes the protocol's server error. */
export class DomainError extends Error {
  override readonly name = 'DomainError';

  constructor(
    readonly kind: ErrorKind,
    message: string,
    readonly details: {
      readonly reason?: ErrorReason;
      readonly href?: string;
      /** The item in the way, where it is in another collection of the same account. */
      readonly elsewhere?: { readonly account: string; readonly collection: string; readonly name: string };
      readonly retryAfter?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: details.cause });
  }

  get reason(): ErrorReason | undefined {
    return this.details.reason;
  }
}

/** Whether `error` is a DomainError, of that kind where one is given. */
export function isDomainError(error: unknown, kind?: ErrorKind): error is DomainError {
  return error instanceof DomainError && (kind === undefined || error.kind === kind);
}
