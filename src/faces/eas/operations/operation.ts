import { isDomainError } from '../../../domain/errors.js';
import type { Element } from '../../../formats/wbxml/tree.js';
import type { EasContext } from '../context.js';
import { StatusError } from '../status.js';
import type { Output } from './large.js';

/** Status values of ItemOperations (MS-ASCMD 2.2.3.177.8). */
export const STATUS = {
  Success: 1,
  ProtocolError: 2,
  ServerError: 3,
  NotFound: 6,
  BadRange: 8,
  UnknownStore: 9,
  TooLarge: 11,
  Conversion: 14,
  BadAttachment: 15,
  AccessDenied: 16,
} as const;

/** One operation of a request: its answer, whatever happens. */
export type Operation = (context: EasContext, element: Element, output: Output) => Promise<Element>;

/** The Status of an operation that failed. */
export function statusOf(context: EasContext, error: unknown, missing: number = STATUS.NotFound): number {
  if (error instanceof StatusError) return error.status;
  if (isDomainError(error, 'not-found')) return missing;
  if (isDomainError(error, 'too-large')) return STATUS.TooLarge;
  if (isDomainError(error, 'forbidden')) return STATUS.AccessDenied;
  if (isDomainError(error, 'unauthenticated')) throw error;
  context.log.warn({ device: context.query.deviceId, err: error }, 'operation failed');
  return STATUS.ServerError;
}
