import { isDomainError } from '../../../domain/errors.js';
import type { BodyText, MailFolder, MessagePart, MessageSummary } from '../../../domain/mail/model.js';
import { MimeError } from '../../../formats/mime/headers.js';
import { bytes, child, childText, type Element } from '../../../formats/wbxml/tree.js';
import type { Original, Verb } from '../compose/quote.js';
import { type OriginalPart, smartMessage } from '../compose/smart.js';
import { type EasAnswer, type EasContext, EMPTY } from '../context.js';
import { COMMON, StatusError } from '../status.js';
import { splitServerId } from '../sync/source.js';
import { sendOnce } from './send-mail.js';

const MAX_CLIENT_ID = 40;
/** Of the original's text that is quoted. */
const MAX_QUOTE = 1024 * 1024;
/** Encoded bytes of the original's parts that go along. */
const MAX_PARTS_BYTES = 48 * 1024 * 1024;

/** Answers a message, with the original below (MS-ASCMD 2.2.1.20). */
export function smartReply(context: EasContext): Promise<EasAnswer> {
  return smartSend(context, 'reply', '\\Answered');
}

/** Forwards a message with all that is attached to it (MS-ASCMD 2.2.1.19). */
export function smartForward(context: EasContext): Promise<EasAnswer> {
  return smartSend(context, 'forward', '$Forwarded');
}

interface Source {
  readonly folder: MailFolder;
  readonly summary: MessageSummary;
}

async function smartSend(context: EasContext, verb: Verb, flag: string): Promise<EasAnswer> {
  const { body } = context;
  const mime = bytes(body ? child(body, 'ComposeMail:Mime') : undefined);
  const clientId = body ? childText(body, 'ComposeMail:ClientId') : undefined;
  if (!body || !mime || !clientId || clientId.length > MAX_CLIENT_ID)
    throw new StatusError(COMMON.InvalidXML, 'Mime or ClientId');
  const saveInSent = child(body, 'ComposeMail:SaveInSentItems') !== undefined;
  const source = await sourceOf(context, child(body, 'ComposeMail:Source'));
  const replace = child(body, 'ComposeMail:ReplaceMime') !== undefined;
  await sendOnce(context, clientId, replace ? mime : await composed(context, mime, verb, source), saveInSent);
  await marked(context, source, flag);
  return EMPTY;
}

/** The message that is answered: by folder and item, or by LongId. @throws StatusError */
async function sourceOf(context: EasContext, element: Element | undefined): Promise<Source> {
  const { mail } = context.services;
  const id = childText(element, 'ComposeMail:LongId') ?? childText(element, 'ComposeMail:ItemId') ?? '';
  const named = splitServerId(id);
  if (!named) throw new StatusError(COMMON.ItemNotFound, 'no such source');
  const folder = (await mail.foldersById(context.session, [named.collection])).get(named.collection);
  const [summary] = folder ? await mail.summaries(context.session, folder, [named.number]) : [];
  if (!folder || !summary) throw new StatusError(COMMON.ItemNotFound, 'the source is gone');
  return { folder, summary };
}

async function composed(context: EasContext, mime: Uint8Array, verb: Verb, source: Source): Promise<Uint8Array> {
  const original: Original = {
    summary: source.summary,
    plain: await textOf(context, source, 'plain'),
    html: await textOf(context, source, 'html'),
  };
  const parts = await partsOf(context, source, verb);
  try {
    return smartMessage(mime, verb, original, parts);
  } catch (error) {
    if (error instanceof MimeError) throw new StatusError(COMMON.InvalidMIME, error.message);
    throw error;
  }
}

async function textOf(context: EasContext, { folder, summary }: Source, type: 'plain' | 'html'): Promise<string> {
  const wish = () => ({ type, maxBytes: MAX_QUOTE });
  const bodies = await context.services.mail.bodies(context.session, folder, [summary], wish);
  const body: BodyText | undefined = bodies.get(summary.uid);
  return body ? Buffer.from(body.data).toString('utf8') : '';
}

/** What goes along: with a forward everything that is attached, with an answer the images inside its text. */
async function partsOf(context: EasContext, { folder, summary }: Source, verb: Verb): Promise<readonly OriginalPart[]> {
  const { mail } = context.services;
  const listed = mail.attachments(summary).filter((part) => verb === 'forward' || (part.inline && part.contentId !== null));
  const wanted = listed.flatMap((attachment) => {
    const part = findPart(summary.structure, attachment.section);
    return part ? [{ attachment, part }] : [];
  });
  const size = wanted.reduce((sum, { part }) => sum + part.size, 0);
  if (size > MAX_PARTS_BYTES) throw new StatusError(COMMON.AttachmentIsTooLarge, 'the attachments are too large');
  if (wanted.length === 0) return [];
  const requests = wanted.map(({ part }) => ({ uid: summary.uid, section: part.section }));
  const read = new Map((await mail.parts(context.session, folder, requests)).map(({ section, bytes }) => [section, bytes]));
  return wanted.flatMap(({ attachment, part }) => {
    const content = read.get(part.section);
    if (!content) return [];
    const { filename, contentId, inline } = attachment;
    return [
      { type: part.type, parameters: part.parameters, encoding: part.encoding, filename, contentId, inline, bytes: content },
    ];
  });
}

function findPart(part: MessagePart, section: string): MessagePart | undefined {
  if (part.section === section) return part;
  for (const inner of part.children) {
    const found = findPart(inner, section);
    if (found) return found;
  }
  return undefined;
}

/** The message is sent by now: that it can't be marked is no reason to tell the phone that sending failed. */
async function marked(context: EasContext, { folder, summary }: Source, flag: string): Promise<void> {
  try {
    await context.services.mail.setFlags(context.session, folder, [summary.uid], { add: [flag] });
  } catch (error) {
    if (!isDomainError(error)) throw error;
    context.log.warn({ folder: folder.id, err: error }, 'source of an answer could not be marked');
  }
}
