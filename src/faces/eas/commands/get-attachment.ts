import { isDomainError } from '../../../domain/errors.js';
import type { EasAnswer, EasContext } from '../context.js';
import { openAttachment, readAttachmentName } from '../operations/attachment.js';
import { exactly } from '../operations/large.js';
import { HttpError } from '../status.js';

/** The bytes of one attachment, for versions up to 12.1 (MS-ASCMD 2.2.1.8); one that is gone is HTTP 500. */
export async function getAttachment(context: EasContext): Promise<EasAnswer> {
  const name = readAttachmentName(context.query.attachmentName ?? '');
  if (!name) throw new HttpError(500, 'unknown AttachmentName');
  try {
    const { type, bytes } = await openAttachment(context, name, null);
    if ('open' in bytes) return { kind: 'stream', type, length: bytes.length, body: exactly(bytes) };
    return { kind: 'bytes', type, body: bytes };
  } catch (error) {
    if (isDomainError(error, 'not-found') || isDomainError(error, 'too-large')) throw new HttpError(500, error.message);
    throw error;
  }
}
