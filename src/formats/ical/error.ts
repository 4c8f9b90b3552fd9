/** The rule that calendar data broke, named as in RFC 4791 §5.3.2.1; a subset of the domain's reasons. */
export type IcalReason =
  | 'valid-calendar-data'
  | 'valid-calendar-object-resource'
  | 'supported-calendar-data'
  | 'supported-calendar-component'
  | 'max-resource-size'
  | 'max-attendees-per-instance';

/** Calendar data that can't be taken. */
export class IcalError extends Error {
  override readonly name = 'IcalError';

  constructor(
    readonly reason: IcalReason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A recurrence set that would cost more work than the budget allows. */
export class TooComplex extends Error {
  override readonly name = 'TooComplex';
}

/** @throws IcalError valid-calendar-data */
export function badData(message: string): never {
  throw new IcalError('valid-calendar-data', message);
}
