import type { Property } from '../../formats/content-lines.js';
import { formatTime, type IcalTime, parseTime } from '../../formats/ical/values.js';

/**
 * Another time that an attendee proposes (RFC 5546 §3.2.7, MS-ASCMD ProposedStartTime), kept on the ATTENDEE line of both
 * copies: in UTC.
 */
export const PROPOSED_START = 'X-PROPOSED-START';
export const PROPOSED_END = 'X-PROPOSED-END';

export interface Proposal {
  readonly start: IcalTime;
  readonly end: IcalTime;
}

export function proposalOf(attendee: Property | undefined): Proposal | null {
  const [start, end] = [attendee?.param(PROPOSED_START), attendee?.param(PROPOSED_END)];
  if (start === undefined || end === undefined) return null;
  try {
    return { start: parseTime(start), end: parseTime(end) };
  } catch {
    return null;
  }
}

export function setProposal(attendee: Property, proposal: Proposal | null): void {
  attendee.setParam(PROPOSED_START, proposal ? formatTime(proposal.start) : undefined);
  attendee.setParam(PROPOSED_END, proposal ? formatTime(proposal.end) : undefined);
}
