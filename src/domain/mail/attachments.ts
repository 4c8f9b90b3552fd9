import { attachmentParts, decodedSize, isInline } from '../../formats/mime/structure.js';
import type { AttachmentInfo, MessagePart, MessageSummary } from './model.js';

/** More attachments of one message are not listed. */
const MAX_ATTACHMENTS = 500;

/** File name endings for parts that have no name; a phone opens a file by its ending. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'image/heic': 'heic',
  'image/svg+xml': 'svg',
  'application/pdf': 'pdf',
  'application/zip': 'zip',
  'application/pkcs7-mime': 'p7m',
  'application/pkcs7-signature': 'p7s',
  'application/pgp-signature': 'asc',
  'application/pgp-encrypted': 'asc',
  'message/rfc822': 'eml',
  'message/delivery-status': 'txt',
  'text/plain': 'txt',
  'text/html': 'html',
  'text/csv': 'csv',
  'text/calendar': 'ics',
  'text/vcard': 'vcf',
  'text/x-vcard': 'vcf',
  'text/rfc822-headers': 'txt',
  'audio/mpeg': 'mp3',
  'video/mp4': 'mp4',
};

/** Attachments and inline parts of a message, from its structure alone. */
export function attachmentsOf(message: MessageSummary): readonly AttachmentInfo[] {
  return attachmentParts<MessagePart>(message.structure)
    .slice(0, MAX_ATTACHMENTS)
    .map((part) => ({
      section: part.section,
      type: part.type,
      filename: part.filename ?? `part-${part.section}.${EXTENSIONS[part.type] ?? 'bin'}`,
      estimatedSize: decodedSize(part),
      contentId: part.contentId,
      contentLocation: part.contentLocation,
      inline: isInline(part),
      embedded: part.type === 'message/rfc822',
    }));
}
