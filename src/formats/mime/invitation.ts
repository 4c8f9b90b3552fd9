import MailComposer from 'nodemailer/lib/mail-composer';
import type { MailboxAddress } from './addresses.js';

/** A scheduling message as a mail (RFC 6047 §2.4). */
export interface Invitation {
  readonly from: MailboxAddress;
  readonly to: MailboxAddress;
  readonly subject: string;
  readonly date: Date;
  /** Without angle brackets. */
  readonly messageId: string;
  /** What people read. */
  readonly text: string;
  readonly method: string;
  readonly calendar: string;
}

/** Text and calendar as alternatives, and the calendar again as a file for clients that know no other way. */
export function composeInvitation({ method, calendar, messageId, ...message }: Invitation): Promise<Uint8Array> {
  return new MailComposer({
    ...message,
    messageId: `<${messageId}>`,
    newline: '\r\n',
    icalEvent: { method, content: calendar, filename: 'invite.ics' },
  })
    .compile()
    .build();
}
