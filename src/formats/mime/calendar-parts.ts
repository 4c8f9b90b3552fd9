import PostalMime from 'postal-mime';

/** Longer messages carry files, not only an invitation, and need not be taken apart for one. */
const MAX_BYTES = 4 << 20;
const HINT = /content-type:\s*(?:text\/calendar|application\/ics)/i;

/** The calendar parts of a raw message, decoded; none where it has none or is very large. */
export async function calendarTexts(raw: Uint8Array): Promise<readonly string[]> {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  if (bytes.length > MAX_BYTES || !HINT.test(bytes.toString('latin1'))) return [];
  const { attachments } = await PostalMime.parse(bytes, { attachmentEncoding: 'arraybuffer', maxNestingDepth: 20 });
  return attachments
    .filter(({ mimeType }) => /^text\/calendar$/i.test(mimeType))
    .map(({ content }) => (typeof content === 'string' ? content : Buffer.from(content as ArrayBuffer).toString('utf8')));
}
