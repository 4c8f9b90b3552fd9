import { isDomainError } from '../../../domain/errors.js';
import { composeAbout, composeAlone, composeWith, type Original, type Purpose } from '../../../domain/mail/compose.js';
import { noteKey } from '../../../domain/mail/notes.js';
import type { Item } from '../../../domain/pim/model.js';
import { type EventExcerpt, eventExcerpt } from '../../../domain/scheduling/forward.js';
import { composeNote } from '../../../formats/mime/compose.js';
import { isToSeveral } from '../../../formats/mime/outgoing.js';
import { type EasAnswer, type EasContext, EMPTY } from '../context.js';
import { readLongId } from '../long-id.js';
import { COMMON, StatusError } from '../status.js';
import { resolveCollection } from '../sync/open.js';
import { splitServerId } from '../sync/source.js';
import { type ComposeRequest, readCompose, type SourceName } from './compose-request.js';
import { sendOnce } from './send-mail.js';

/** Answers a message or event, with the original below (MS-ASCMD 2.2.1.20). */
export function smartReply(context: EasContext): Promise<EasAnswer> {
  return smartSend(context, 'reply');
}

/** Forwards a message with all that is attached to it, or an event (MS-ASCMD 2.2.1.19). */
export function smartForward(context: EasContext): Promise<EasAnswer> {
  return smartSend(context, 'forward');
}

const MARKS: Readonly<Record<Purpose, string>> = { reply: '\\Answered', forward: '$Forwarded' };

async function smartSend(context: EasContext, purpose: Purpose): Promise<EasAnswer> {
  const request = readCompose(context);
  const { source, mime } = request;
  if (!source) throw new StatusError(COMMON.InvalidXML, 'no Source');
  if (!mime && purpose === 'reply') throw new StatusError(COMMON.InvalidXML, 'no Mime');
  let found: Found | undefined;
  await sendOnce(context, { ...request, isForwarded: purpose === 'forward' }, async () => {
    found = await find(context, source);
    return 'message' in found ? aboutMessage(context, request, found, purpose) : aboutEvent(context, request, found, purpose);
  });
  if (found && 'message' in found) await mark(context, found, purpose, mime);
  return EMPTY;
}

/** What the Source stands for: a message, or an event of a calendar. */
type Found = Original | { readonly event: Item; readonly instance: Date | null };

/** @throws StatusError 150 when it is gone */
async function find(context: EasContext, { item, folder, instance }: SourceName): Promise<Found> {
  const named = folder === null ? readLongId(item) : splitServerId(item);
  if (!named) throw new StatusError(COMMON.ItemNotFound, 'no such source');
  // An item that was moved keeps its old id in a phone that has not synced since: only its own folder is believed.
  const ref = folder === null || folder === named.collection ? await resolveCollection(context, named.collection) : null;
  if (ref?.kind === 'mail') {
    const [message] = await context.services.mail.summaries(context.session, ref.folder, [named.number]);
    if (message && instance) throw new StatusError(COMMON.NoRecurrenceInCalendar, 'a message does not recur');
    if (message) return { folder: ref.folder, message };
  }
  if (ref?.kind === 'pim' && ref.collection.kind === 'calendar') {
    const event = await context.services.pim.item(context.session, ref.collection, { id: String(named.number) });
    if (event) return { event, instance };
  }
  throw new StatusError(COMMON.ItemNotFound, 'the source is gone');
}

async function aboutMessage(
  { services, session }: EasContext,
  request: ComposeRequest,
  original: Original,
  purpose: Purpose,
): Promise<Uint8Array> {
  const mime = request.mime ?? (await noteOf(request, original.message.subject));
  if (request.replaceMime) return composeAlone(mime, original, purpose);
  return composeAbout(services.mail, session, mime, original, purpose);
}

async function aboutEvent(
  { session }: EasContext,
  request: ComposeRequest,
  { event, instance }: { readonly event: Item; readonly instance: Date | null },
  purpose: Purpose,
): Promise<Uint8Array> {
  const { subject, appendix } = excerpt(() => eventExcerpt(event.text, instance, session.user, purpose));
  const mime = request.mime ?? (await noteOf(request, subject));
  return request.replaceMime ? mime : composeWith(mime, appendix);
}

function excerpt(read: () => EventExcerpt): EventExcerpt {
  try {
    return read();
  } catch (error) {
    if (isDomainError(error, 'precondition-failed')) throw new StatusError(COMMON.NoRecurrenceInCalendar, error.message);
    if (isDomainError(error, 'not-found')) throw new StatusError(COMMON.ItemNotFound, error.message);
    throw error;
  }
}

/** The message that the phone leaves to the server (16.0 and later): to the forwardees, with its note. */
function noteOf({ forwardees, note }: ComposeRequest, subject: string): Promise<Uint8Array> {
  const prefixed = /^fwd?:/i.test(subject) ? subject : `FW: ${subject}`;
  return composeNote({ to: forwardees, subject: prefixed, ...(note ?? { type: 'plain', text: '' }) });
}

/** The message is sent by now: that it can't be marked is no reason to tell the phone that sending failed. */
async function mark(context: EasContext, { folder, message }: Original, purpose: Purpose, mime: Uint8Array | null) {
  const { mail, mailNotes, clock } = context.services;
  const session = { ...context.session, signal: undefined };
  const verb = purpose === 'reply' && mime && isToSeveral(mime) ? 'reply-all' : purpose;
  try {
    // The note first: the flag is what other devices hear of.
    await mailNotes.write(session, [noteKey(message)], { lastVerb: { verb, at: clock.now().toISOString() } });
    await mail.setFlags(session, folder, [message.uid], { add: [MARKS[purpose]] });
  } catch (error) {
    if (!isDomainError(error)) throw error;
    context.log.warn({ folder: folder.id, err: error }, 'source of a message could not be marked');
  }
}
