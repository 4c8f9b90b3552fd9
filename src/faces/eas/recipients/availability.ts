import { isDomainError } from '../../../domain/errors.js';
import type { BusyPeriod, BusyType } from '../../../domain/pim/free-busy.js';
import { type Element, el, optional } from '../../../formats/wbxml/tree.js';
import type { EasContext } from '../context.js';
import type { Candidate } from './candidates.js';

/** Status values of Availability (MS-ASCMD 2.2.2). */
const STATUS = { Success: 1, TooMany: 160, Transient: 162, Failure: 163 } as const;
/** More people's calendars are not read for one request. */
const MOST = 100;
const INTERVAL = 30 * 60_000;

/** 1 tentative, 2 busy, 3 out of office; the highest of an interval wins (MS-ASCMD MergedFreeBusy). */
const DIGITS: Readonly<Record<BusyType, number>> = { 'BUSY-TENTATIVE': 1, BUSY: 2, 'BUSY-UNAVAILABLE': 3 };

/** When people are free: a digit for each half hour, for those who have an account here. */
export class AvailabilityReader {
  private left = MOST;

  constructor(
    private readonly context: EasContext,
    private readonly span: { readonly start: number; readonly end: number },
  ) {}

  async of({ account }: Candidate): Promise<Element> {
    const { services, session, log } = this.context;
    if (!account) return availability(STATUS.Failure);
    if (this.left-- <= 0) return availability(STATUS.TooMany);
    try {
      const periods = await services.availability.ofAccount(session, account, this.span);
      return availability(STATUS.Success, mergedFreeBusy(this.span, periods));
    } catch (error) {
      log.warn({ err: error }, 'free and busy times could not be read');
      return availability(isDomainError(error, 'forbidden') ? STATUS.Failure : STATUS.Transient);
    }
  }
}

function availability(status: number, digits?: string): Element {
  return el(
    'ResolveRecipients:Availability',
    el('ResolveRecipients:Status', status),
    optional('ResolveRecipients:MergedFreeBusy', digits),
  );
}

/** A digit for each begun half hour of the span. */
export function mergedFreeBusy(
  { start, end }: { readonly start: number; readonly end: number },
  periods: readonly BusyPeriod[],
): string {
  const digits = new Array<number>(Math.ceil((end - start) / INTERVAL)).fill(0);
  for (const period of periods) {
    const first = Math.max(0, Math.floor((period.start - start) / INTERVAL));
    const last = Math.min(digits.length, Math.ceil((period.end - start) / INTERVAL));
    for (let at = first; at < last; at++) digits[at] = Math.max(digits[at] as number, DIGITS[period.type]);
  }
  return digits.join('');
}
