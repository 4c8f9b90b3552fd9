import { randomUUID } from 'node:crypto';
import { composeText } from '../../formats/mime/compose.js';
import { MimeError } from '../../formats/mime/headers.js';
import { type Outgoing, prepareOutgoing } from '../../formats/mime/outgoing.js';
import { DomainError } from '../errors.js';
import type { Account, Clock, Logger, Session } from '../types.js';
import type { MailBackend } from './backend.js';
import type { FolderBook } from './folder-book.js';
import type { SendOptions } from './service.js';

/** What sending works with. */
export interface SendingParts {
  readonly backend: MailBackend;
  readonly folders: FolderBook;
  readonly clock: Clock;
  readonly log: Logger;
  /** `server`: the submission server files a copy in Sent itself, as Gmail does. */
  readonly sentCopy: 'append' | 'server';
}

/** Submits a message, then files it in Sent. A failure after the submission is only logged, or the phone would send again. */
export async function send(parts: SendingParts, s: Session, raw: Uint8Array, options: SendOptions): Promise<void> {
  const { saveInSent } = options;
  const message = prepare(parts, s, raw, options.onBehalfOf);
  const refused = await parts.backend.submit(s, { from: message.from, to: message.to }, message.transmitted);
  if (saveInSent && parts.sentCopy === 'append')
    await later(parts, s, 'sent copy not filed', () => fileInSent(parts, s, message));
  if (refused.length > 0) await later(parts, s, 'refusal not told', () => tellRefusal(parts, s, refused));
}

function prepare(parts: SendingParts, s: Session, raw: Uint8Array, onBehalfOf: Account | undefined): Outgoing {
  const { address, aliases, displayName } = s.user;
  const domain = address.slice(address.lastIndexOf('@') + 1);
  try {
    return prepareOutgoing(raw, {
      address,
      aliases,
      displayName,
      date: parts.clock.now(),
      messageId: `${randomUUID()}@${domain}`,
      ...(onBehalfOf && { onBehalfOf: [onBehalfOf.address, ...onBehalfOf.aliases] }),
    });
  } catch (error) {
    if (error instanceof MimeError) throw new DomainError('invalid', error.message, { cause: error });
    throw error;
  }
}

async function fileInSent({ backend, folders }: SendingParts, s: Session, message: Outgoing): Promise<void> {
  const sent = await folders.byRole(s, 'sent', 'Sent');
  await backend.append(s, sent.path, message.kept, ['\\Seen']);
}

/** Of several recipients some were refused at once: no bounce will come, so a note of our own does. */
async function tellRefusal({ backend, clock }: SendingParts, s: Session, refused: readonly string[]): Promise<void> {
  const { address } = s.user;
  const note = await composeText({
    from: { name: 'Mail Delivery', address },
    to: [{ name: '', address }],
    subject: 'Undelivered message',
    date: clock.now(),
    messageId: `${randomUUID()}@${address.slice(address.lastIndexOf('@') + 1)}`,
    text: `The mail server refused these recipients of a message you just sent:\r\n\r\n${refused.join('\r\n')}\r\n\r\nAll others got it.\r\n`,
  });
  await backend.append(s, 'INBOX', note, []);
}

async function later({ log }: SendingParts, s: Session, message: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    log.warn({ account: s.account, error: (error as Error).message }, message);
  }
}
