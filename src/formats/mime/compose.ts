import MailComposer from 'nodemailer/lib/mail-composer';
import type { MailboxAddress } from './addresses.js';
import { joinMessage, splitMessage } from './headers.js';

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

/** A message that the sender left to us: sender, date and id are put in when it is sent. */
export interface Note {
  readonly to: readonly MailboxAddress[];
  readonly subject: string;
  readonly type: 'plain' | 'html';
  readonly text: string;
}

/** Builds the message of a note. */
export async function composeNote({ to, subject, type, text }: Note): Promise<Uint8Array> {
  const content = type === 'html' ? { html: text } : { text };
  const { fields, body } = splitMessage(
    await new MailComposer({ to: [...to], subject, ...content, newline: '\r\n' }).compile().build(),
  );
  const kept = fields.filter(({ name }) => name !== 'message-id' && name !== 'date');
  return joinMessage(kept, body);
}

/** Builds a text message of our own, for notices. */
export function composeText(message: TextMessage): Promise<Uint8Array> {
  return new MailComposer({ ...message, to: [...message.to], messageId: `<${message.messageId}>`, newline: '\r\n' })
    .compile()
    .build();
}
