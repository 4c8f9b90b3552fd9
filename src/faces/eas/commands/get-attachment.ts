import { isDomainError } from '../../../domain/errors.js';
import { readFileReference } from '../classes/email.js';
import type { EasAnswer, EasContext } from '../context.js';
import { HttpError } from '../status.js';
import { slice } from '../sync/attachment.js';
import { splitServerId } from '../sync/source.js';

/** The bytes of one attachment, for versions up to 12.1 (MS-ASCMD 2.2.1.8); one that is gone is HTTP 500. */
export async function getAttachment(context: EasContext): Promise<EasAnswer> {
  const { mail } = context.services;
  const named = readFileReference(context.query.attachmentName ?? '');
  const id = named && splitServerId(named.serverId);
  if (!named || !id) throw new HttpError(500, 'unknown AttachmentName');
  try {
    const folder = await mail.folder(context.session, id.collection);
    const { type, content } = await mail.download(context.session, folder, id.number, named.section);
    return { kind: 'bytes', type, body: (await slice(content, null)).bytes };
  } catch (error) {
    if (isDomainError(error, 'not-found') || isDomainError(error, 'too-large')) throw new HttpError(500, error.message);
    throw error;
  }
}
