import type { TagName } from '../../../formats/wbxml/pages.js';
import { child, children, childText, type Element, text } from '../../../formats/wbxml/tree.js';
import { readDate } from '../classes/dates.js';
import { StatusError } from '../status.js';
import { integer } from '../sync/request.js';

/** Status values of ResolveRecipients itself (MS-ASCMD Status (ResolveRecipients)). */
export const RESOLVE = { Success: 1, ProtocolError: 5, ServerError: 6 } as const;

/** What a client wants to know of whom. */
export interface ResolveRequest {
  readonly to: readonly string[];
  readonly certificates: 'none' | 'full' | 'mini';
  /** Certificates in the whole answer. */
  readonly maxCertificates: number;
  /** Suggestions for each name that fits to several. */
  readonly maxAmbiguous: number;
  readonly availability: { readonly start: number; readonly end: number } | null;
  /** The Picture element of the Options. */
  readonly picture: Element | undefined;
}

const MAX_TO = 100;
const MAX_LENGTH = 256;
const MAX_NUMBER = 9999;
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const LEAST = 30 * MINUTE;
const LONGEST = 42 * DAY;
const CERTIFICATES = { '1': 'none', '2': 'full', '3': 'mini' } as const;

/** Reads the request. @throws StatusError 5 */
export function readResolve(body: Element): ResolveRequest {
  const to = children(body, 'ResolveRecipients:To').map((element) => text(element)?.trim() ?? '');
  const wrong = to.some((each) => each === '' || each.length > MAX_LENGTH);
  if (to.length === 0 || to.length > MAX_TO || wrong) throw malformed('To');
  const options = child(body, 'ResolveRecipients:Options');
  const retrieval = childText(options, 'ResolveRecipients:CertificateRetrieval')?.trim() ?? '1';
  const certificates = CERTIFICATES[retrieval as keyof typeof CERTIFICATES];
  if (!certificates) throw malformed('CertificateRetrieval');
  return {
    to,
    certificates,
    maxCertificates: number(options, 'ResolveRecipients:MaxCertificates'),
    maxAmbiguous: number(options, 'ResolveRecipients:MaxAmbiguousRecipients'),
    availability: span(child(options, 'ResolveRecipients:Availability')),
    picture: child(options, 'ResolveRecipients:Picture'),
  };
}

function malformed(what: string): StatusError {
  return new StatusError(RESOLVE.ProtocolError, what);
}

function number(options: Element | undefined, tag: TagName): number {
  const value = childText(options, tag);
  if (value === undefined) return MAX_NUMBER;
  const read = integer(value);
  if (read === null || read > MAX_NUMBER) throw malformed(tag);
  return read;
}

/** MS-ASCMD EndTime (ResolveRecipients): a week where there is none. */
function span(element: Element | undefined): ResolveRequest['availability'] {
  if (!element) return null;
  const start = readDate(childText(element, 'ResolveRecipients:StartTime'))?.getTime();
  const given = childText(element, 'ResolveRecipients:EndTime');
  const end = given === undefined ? (start ?? 0) + 7 * DAY : readDate(given)?.getTime();
  if (start === undefined || end === undefined || end - start < LEAST || end - start > LONGEST) throw malformed('Availability');
  return { start, end };
}
