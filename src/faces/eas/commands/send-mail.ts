import { isDomainError } from '../../../domain/errors.js';
import { type EasAnswer, type EasContext, EMPTY } from '../context.js';
import { COMMON, StatusError } from '../status.js';
import { has } from '../versions.js';
import { readCompose } from './compose-request.js';

/** Sends a message as it is (MS-ASCMD 2.2.1.17): an empty answer when it was accepted. */
export async function sendMail(context: EasContext): Promise<EasAnswer> {
  const { clientId, mime, saveInSent } = readCompose(context);
  if (!mime) throw new StatusError(COMMON.InvalidXML, 'no Mime');
  await sendOnce(context, { clientId, saveInSent }, async () => mime);
  return EMPTY;
}

/** How a message is sent; without a ClientId nothing tells it from one sent before. */
export interface Sending {
  readonly clientId: string | null;
  readonly saveInSent: boolean;
  /** Sent although the gateway has mailed the same invitation: to somebody who was not invited. */
  readonly isForwarded?: boolean;
}

/**
 * Makes and sends what has not been sent under that ClientId before. Whether it was is looked at first: the message that it
 * answers may be gone by the time of a repetition. @returns false when older versions repeat a message, which is no error
 * @throws StatusError
 */
export async function sendOnce(context: EasContext, sending: Sending, make: () => Promise<Uint8Array>): Promise<boolean> {
  const { store, session, query, services } = context;
  const { clientId, saveInSent } = sending;
  const state = clientId === null ? 'go' : await store.reserveSend(session, query.deviceId, clientId);
  if (state === 'underway') throw new StatusError(COMMON.ServerErrorRetryLater, 'the same message is being sent');
  if (state === 'sent') {
    if (!has(context.version, 'composeMail')) return false;
    throw new StatusError(COMMON.MessagePreviouslySent, 'ClientId was used before');
  }
  try {
    const mime = await make();
    if (mime.length === 0) throw new StatusError(COMMON.InvalidMIME, 'empty message');
    // Not bound to the request: a phone that hangs up while the message is handed over must not leave it half sent.
    // An invitation that the gateway has mailed is not mailed again by the client.
    if (sending.isForwarded || !(await services.scheduling.sentMail.isRepeated(session, mime))) {
      await services.mail.send({ ...session, signal: undefined }, mime, { saveInSent });
      if (!sending.isForwarded) await services.scheduling.sentMail.note(session, mime);
    }
    if (clientId !== null) await store.confirmSend(session, query.deviceId, clientId);
    return true;
  } catch (error) {
    if (clientId !== null) await store.releaseSend(session, query.deviceId, clientId);
    throw failure(error);
  }
}

/** What is wrong with the message is told apart from what the submission server does not want. */
function failure(error: unknown): unknown {
  if (isDomainError(error, 'invalid') && error.reason === 'mail-server')
    return new StatusError(COMMON.MailSubmissionFailed, error.message);
  if (isDomainError(error, 'invalid')) {
    const noRecipient = /recipient/i.test(error.message);
    return new StatusError(noRecipient ? COMMON.MessageHasNoRecipient : COMMON.InvalidMIME, error.message);
  }
  if (isDomainError(error, 'too-large')) return new StatusError(COMMON.AttachmentIsTooLarge, error.message);
  if (isDomainError(error) && error.kind !== 'unauthenticated')
    return new StatusError(COMMON.MailSubmissionFailed, error.message);
  return error;
}
