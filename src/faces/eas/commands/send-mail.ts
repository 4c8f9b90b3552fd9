import { isDomainError } from '../../../domain/errors.js';
import { bytes, child, childText } from '../../../formats/wbxml/tree.js';
import { type EasAnswer, type EasContext, EMPTY } from '../context.js';
import { COMMON, StatusError } from '../status.js';

const MAX_CLIENT_ID = 40;

/** Sends a message as it is (MS-ASCMD 2.2.1.17): an empty answer when it was accepted. */
export async function sendMail(context: EasContext): Promise<EasAnswer> {
  const { body } = context;
  const mime = bytes(body ? child(body, 'ComposeMail:Mime') : undefined);
  const clientId = body ? childText(body, 'ComposeMail:ClientId') : undefined;
  if (!body || !mime || !clientId || clientId.length > MAX_CLIENT_ID)
    throw new StatusError(COMMON.InvalidXML, 'Mime or ClientId');
  const saveInSent = child(body, 'ComposeMail:SaveInSentItems') !== undefined;
  await sendOnce(context, clientId, mime, saveInSent);
  return EMPTY;
}

/** Sends what has not been sent under that ClientId before. @throws StatusError */
export async function sendOnce(context: EasContext, clientId: string, mime: Uint8Array, saveInSent: boolean): Promise<void> {
  const { store, session, query, services } = context;
  if (mime.length === 0) throw new StatusError(COMMON.InvalidMIME, 'empty message');
  if (!(await store.reserveSend(session, query.deviceId, clientId)))
    throw new StatusError(COMMON.MessagePreviouslySent, 'ClientId was used before');
  try {
    // Not bound to the request: a phone that hangs up while the message is handed over must not leave it half sent.
    await services.mail.send({ ...session, signal: undefined }, mime, { saveInSent });
  } catch (error) {
    await store.releaseSend(session, query.deviceId, clientId);
    throw failure(error);
  }
}

function failure(error: unknown): unknown {
  if (isDomainError(error, 'invalid')) {
    const noRecipient = /recipient/i.test(error.message);
    return new StatusError(noRecipient ? COMMON.MessageHasNoRecipient : COMMON.InvalidMIME, error.message);
  }
  if (isDomainError(error) && error.kind !== 'unauthenticated')
    return new StatusError(COMMON.MailSubmissionFailed, error.message);
  return error;
}
