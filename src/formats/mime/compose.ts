import MailComposer from 'nodemailer/lib/mail-composer';
import type { MailboxAddress } from './addresses.js';

/** A small text message. */
export interface TextMessage {
  readonly from: MailboxAddress;
  readonly to: readonly MailboxAddress[];
  readonly subject: string;
  readonly date: Date;
  /** Without angle brackets. */
  readonly messageId: string;
  readonly text: string;
}

/** Builds a text message of our own, for notices. */
export function composeText(message: TextMessage): Promise<Uint8Array> {
  return new MailComposer({ ...message, to: [...message.to], messageId: `<${message.messageId}>`, newline: '\r\n' })
    .compile()
    .build();
}
