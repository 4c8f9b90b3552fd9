import { type ErrorKind, isDomainError } from '../../../domain/errors.js';
import type { MailFolder, MessageSummary } from '../../../domain/mail/model.js';
import type { Collection } from '../../../domain/pim/model.js';
import { readInvitations } from '../../../domain/scheduling/invitations.js';
import type { MeetingAnswer, MeetingTarget } from '../../../domain/scheduling/respond.js';
import { htmlToText } from '../../../formats/mime/text.js';
import type { TagName } from '../../../formats/wbxml/pages.js';
import { child, children, childText, type Element, el, optional } from '../../../formats/wbxml/tree.js';
import { readDate } from '../classes/dates.js';
import { documentAnswer, type EasAnswer, type EasContext } from '../context.js';
import { readLongId } from '../long-id.js';
import { COMMON, StatusError } from '../status.js';
import { deleteMessages } from '../sync/mail-apply.js';
import { resolveCollection } from '../sync/open.js';
import { itemNumber, serverId } from '../sync/source.js';
import { atLeast, has } from '../versions.js';

/** Status values of MeetingResponse (MS-ASCMD 2.2.3.177.10). */
const STATUS = { Success: 1, InvalidRequest: 2, MailboxError: 3, ServerError: 4 } as const;
const STATUS_OF_KIND: Readonly<Partial<Record<ErrorKind, number>>> = { unavailable: STATUS.ServerError };

/** UserResponse to PARTSTAT. */
const ANSWERS: Readonly<Record<string, MeetingAnswer['partstat']>> = { 1: 'ACCEPTED', 2: 'TENTATIVE', 3: 'DECLINED' };
const MAX_REQUESTS = 100;

/** What is answered: a message in a mail folder, or an item in a calendar. */
type Asked =
  | { readonly kind: 'mail'; readonly folder: MailFolder; readonly message: MessageSummary; readonly target: MeetingTarget }
  | { readonly kind: 'pim'; readonly target: MeetingTarget };

/** Accepts, declines or doubts meetings (MS-ASCMD 2.2.1.11); one Result for each Request, in order. */
export async function meetingResponse(context: EasContext): Promise<EasAnswer> {
  const requests = context.body ? children(context.body, 'MeetingResponse:Request') : [];
  if (requests.length === 0 || requests.length > MAX_REQUESTS)
    throw new StatusError(COMMON.InvalidXML, 'no requests, or too many');
  const results: Element[] = [];
  for (const request of requests) results.push(await result(context, request));
  return documentAnswer(el('MeetingResponse:MeetingResponse', results));
}

async function result(context: EasContext, request: Element): Promise<Element> {
  const requestId = childText(request, 'MeetingResponse:RequestId') ?? childText(request, 'Search:LongId');
  const answered = await carryOut(context, request);
  return el(
    'MeetingResponse:Result',
    optional('MeetingResponse:RequestId', requestId),
    el('MeetingResponse:Status', answered.status),
    optional('MeetingResponse:CalendarId', answered.calendarId),
  );
}

async function carryOut(context: EasContext, request: Element): Promise<{ status: number; calendarId?: string }> {
  try {
    const answer = readAnswer(context, request);
    const asked = answer && (await find(context, request));
    if (!answer || !asked) return { status: STATUS.InvalidRequest };
    const { scheduling, pim } = context.services;
    // The device does not hold what comes of it: it is no echo, and hides no other change that the device has not seen yet.
    const session = { ...context.session, signal: undefined, origin: `${context.session.origin}+answered` };
    const said = speaksForOwner(context, asked.target) ? { ...answer, mail: true } : answer;
    const { collection, item } = await scheduling.respond(pim, session, asked.target, said);
    // The invitation has done its duty (MS-ASCMD 3.1.5.6).
    if (asked.kind === 'mail' && asked.folder.role !== 'trash')
      await deleteMessages(context, asked.folder, [asked.message.uid], true);
    return { status: STATUS.Success, ...(item === null ? {} : { calendarId: serverId(collection.id, Number(item)) }) };
  } catch (error) {
    if (!isDomainError(error) || error.kind === 'unauthenticated') throw error;
    context.log.info({ err: error }, 'meeting was not answered');
    return { status: STATUS_OF_KIND[error.kind] ?? STATUS.InvalidRequest };
  }
}

/** Phones up to 14.1 mail answers themselves, but as their own user: what is asked of somebody else the gateway answers. */
function speaksForOwner({ version }: EasContext, target: MeetingTarget): boolean {
  return !has(version, 'serverSchedules') && 'collection' in target && target.collection.owner !== null;
}

/** Null: not an answer. */
function readAnswer({ version }: EasContext, request: Element): MeetingAnswer | null {
  const partstat = ANSWERS[childText(request, 'MeetingResponse:UserResponse')?.trim() ?? ''];
  const instanceText = childText(request, 'MeetingResponse:InstanceId');
  const instance = readDate(instanceText);
  if (!partstat || (instanceText && !instance)) return null;
  const send = has(version, 'serverSchedules') ? child(request, 'MeetingResponse:SendResponse') : undefined;
  const [start, end] = (['ProposedStartTime', 'ProposedEndTime'] as const).map((name) =>
    readDate(send && childText(send, `MeetingResponse:${name}` as TagName)),
  );
  const proposal = start && end && atLeast(version, '16.1') ? { start, end } : undefined;
  return { partstat, instance, comment: commentOf(send), proposal, mail: send !== undefined };
}

const HTML = '2';

function commentOf(send: Element | undefined): string | undefined {
  const body = send && child(send, 'AirSyncBase:Body');
  const data = body && childText(body, 'AirSyncBase:Data');
  if (!data) return undefined;
  const text = childText(body, 'AirSyncBase:Type') === HTML ? htmlToText(data) : data;
  return text.trim() || undefined;
}

async function find(context: EasContext, request: Element): Promise<Asked | null> {
  const named = nameOf(request);
  const source = named && (await resolveCollection(context, named.collection));
  if (!named || !source || source.kind === 'none' || source.kind === 'notes') return null;
  if (source.kind === 'pim') return inCalendar(context, source.collection, named.number);
  return inMail(context, source.folder, named.number);
}

function nameOf(request: Element): { readonly collection: string; readonly number: number } | null {
  const long = childText(request, 'Search:LongId');
  if (long) return readLongId(long);
  const collection = childText(request, 'MeetingResponse:CollectionId') ?? '';
  const number = itemNumber(collection, childText(request, 'MeetingResponse:RequestId') ?? '');
  return number === null ? null : { collection, number };
}

function inCalendar({ version }: EasContext, collection: Collection, number: number): Asked | null {
  if (collection.kind !== 'calendar' || !atLeast(version, '14.0')) return null;
  return { kind: 'pim', target: { collection, id: String(number) } };
}

async function inMail({ services, session }: EasContext, folder: MailFolder, uid: number): Promise<Asked | null> {
  const [message] = await services.mail.summaries(session, folder, [uid]);
  const invitation = message && (await readInvitations(services.mail, session, folder, [message])).get(uid);
  return message && invitation !== undefined ? { kind: 'mail', folder, message, target: { invitation } } : null;
}
