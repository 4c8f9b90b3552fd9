import { joinMessage, splitMessage } from '../../../formats/mime/headers.js';
import { contentOnly, contentType, type Entity, field, isShown, multipartOf, partsOf, textOf, withText } from './entity.js';
import { appendHtml, htmlQuote, type Original, plainQuote, type Verb } from './quote.js';

/** A part of the original that goes along: its encoded bytes are not touched. */
export interface OriginalPart {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly encoding: string;
  readonly filename: string | null;
  readonly contentId: string | null;
  readonly inline: boolean;
  readonly bytes: Uint8Array;
}

/**
 * The device's message with the original below it (MS-ASCMD SmartReply, SmartForward): its texts get the original as quote,
 * the original's parts are attached byte for byte. What is signed is not opened: the quote goes beside it.
 * @throws MimeError when the message can't be read
 */
export function smartMessage(mime: Uint8Array, verb: Verb, original: Original, parts: readonly OriginalPart[]): Uint8Array {
  const message: Entity = splitMessage(mime);
  const quoted = quotedIn(message, verb, original) ?? beside(message, verb, original);
  const whole = parts.length === 0 ? quoted : withParts(quoted, parts.map(partEntity));
  return joinMessage(versioned(whole), whole.body);
}

/** The entity with the quote in each of its texts; null when there is no text to put it into. */
function quotedIn(entity: Entity, verb: Verb, original: Original): Entity | null {
  const { type } = contentType(entity);
  if (!isShown(entity)) return null;
  if (type === 'text/plain') return withText(entity, textOf(entity) + plainQuote(original, verb));
  if (type === 'text/html') return withText(entity, appendHtml(textOf(entity), htmlQuote(original, verb)));
  if (!/^multipart\/(alternative|mixed|related)$/.test(type)) return null;
  const parts = partsOf(entity);
  if (!parts) return null;
  const all = type === 'multipart/alternative';
  const changed = parts.map((part, at) => ((all || at === 0) && quotedIn(part, verb, original)) || part);
  if (changed.every((part, at) => part === parts[at])) return null;
  return multipartOf(typeWithoutBoundary(entity), changed, entity.fields);
}

function typeWithoutBoundary(entity: Entity): string {
  const { type, parameters } = contentType(entity);
  const kept = [...parameters].filter(([name]) => name === 'type' || name === 'start');
  return [type, ...kept.map(([name, value]) => `${name}="${value}"`)].join('; ');
}

/** The message as it is, and the quote as a text after it. */
function beside(message: Entity, verb: Verb, original: Original): Entity {
  const quote = withText({ fields: [field('Content-Type', 'text/plain')], body: new Uint8Array() }, plainQuote(original, verb));
  return multipartOf('multipart/mixed', [contentOnly(message), quote], message.fields);
}

function withParts(message: Entity, parts: readonly Entity[]): Entity {
  return multipartOf('multipart/mixed', [contentOnly(message), ...parts], message.fields);
}

function partEntity(part: OriginalPart): Entity {
  const parameters = Object.entries(part.parameters).filter(([name]) => /^[\w-]+$/.test(name) && name !== 'name');
  const type = [part.type, ...parameters.map(([name, value]) => `${name}="${value.replace(/[^\x20-\x7e]|["\\]/g, '')}"`)];
  const disposition = part.inline && part.contentId ? 'inline' : 'attachment';
  return {
    fields: [
      field('Content-Type', type.join('; ')),
      field('Content-Transfer-Encoding', part.encoding || '7bit'),
      field('Content-Disposition', part.filename ? `${disposition}; ${filenameParameter(part.filename)}` : disposition),
      ...(part.contentId ? [field('Content-ID', `<${part.contentId.replace(/[<>\s]/g, '')}>`)] : []),
    ],
    body: part.bytes,
  };
}

/** RFC 2231 §4 where the name is not plain ASCII. */
function filenameParameter(name: string): string {
  if (/^[\x20-\x7e]+$/.test(name)) return `filename="${name.replace(/["\\]/g, '_')}"`;
  return `filename*=utf-8''${encodeURIComponent(name).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)}`;
}

function versioned(entity: Entity): Entity['fields'] {
  const has = entity.fields.some(({ name }) => name === 'mime-version');
  return has ? entity.fields : [...entity.fields, field('MIME-Version', '1.0')];
}
