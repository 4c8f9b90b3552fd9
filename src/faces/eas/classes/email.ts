import { createHash } from 'node:crypto';
import type { AttachmentInfo, MailAddress, MessageSummary } from '../../../domain/mail/model.js';
import type { LastVerb, MailNote } from '../../../domain/mail/notes.js';
import type { TagName } from '../../../formats/wbxml/pages.js';
import { type Content, type Element, el, optional } from '../../../formats/wbxml/tree.js';
import { categoryOf, isCategory } from '../sync/mail-flags.js';
import { atLeast, type EasVersion } from '../versions.js';
import { bodyElement, bodyPartElement, isClearSigned, isSmime, nativeType, type RenderedBody, textOrBytes } from './body.js';
import { COMPLETED, flagElement } from './follow-up.js';
import type { MeetingMessage } from './meeting-request.js';

/** A message with what is needed to show it. */
export interface EmailItem {
  readonly summary: MessageSummary;
  readonly body: RenderedBody | undefined;
  /** Index of the part of a multipart answer that holds the body instead of Data. */
  readonly bodyPart?: number;
  readonly attachments: readonly AttachmentInfo[];
  readonly serverId: string;
  /** It lies in the Drafts folder. */
  readonly draft: boolean;
  /** What it says of a meeting. */
  readonly meeting?: MeetingMessage;
  /** What devices said of it that IMAP does not keep. */
  readonly note?: MailNote;
  /** What it adds to its conversation, where the device asks for that. */
  readonly own?: RenderedBody;
}

/** A row: the element, since and until when it exists, and its content; undefined leaves the element out. */
interface Row {
  readonly tag: TagName;
  readonly since?: EasVersion;
  readonly until?: EasVersion;
  get(item: EmailItem): Content | Element;
}

const MAX_ADDRESSES = 500;
const SEPARATOR = ', ';

/** Elements of an e-mail in the order of MS-ASEMAIL's examples, which several clients rely on. */
const EMAIL: readonly Row[] = [
  { tag: 'Email:To', get: ({ summary }) => addresses(summary.to, SEPARATOR) },
  { tag: 'Email:Cc', get: ({ summary }) => addresses(summary.cc, SEPARATOR) },
  { tag: 'Email:From', get: ({ summary }) => addresses(summary.from, SEPARATOR) },
  { tag: 'Email:Subject', get: ({ summary }) => summary.subject || undefined },
  { tag: 'Email:ReplyTo', get: ({ summary }) => replyTo(summary) },
  { tag: 'Email:DateReceived', get: ({ summary }) => summary.received.toISOString() },
  { tag: 'Email:DisplayTo', get: ({ summary }) => displayNames(summary.to) },
  { tag: 'Email:ThreadTopic', get: ({ summary }) => threadTopic(summary.subject) || undefined },
  { tag: 'Email:Importance', get: ({ summary }) => importance(summary.headers) },
  { tag: 'Email:Read', get: ({ summary }) => hasFlag(summary, '\\Seen') },
  { tag: 'Email:Attachments', until: '2.5', get: ({ attachments, serverId }) => oldAttachmentList(attachments, serverId) },
  { tag: 'Email:Body', until: '2.5', get: ({ body }) => (body && body.type !== 4 ? textOf(body) : undefined) },
  { tag: 'Email:BodySize', until: '2.5', get: ({ body }) => (body && body.type !== 4 ? body.estimatedSize : undefined) },
  { tag: 'Email:BodyTruncated', until: '2.5', get: ({ body }) => (body && body.type !== 4 ? body.truncated : undefined) },
  { tag: 'Email:MIMEData', until: '2.5', get: ({ body }) => (body?.type === 4 ? textOf(body) : undefined) },
  { tag: 'Email:MIMETruncated', until: '2.5', get: ({ body }) => (body?.type === 4 ? body.truncated : undefined) },
  { tag: 'Email:MIMESize', until: '2.5', get: ({ body }) => (body?.type === 4 ? body.estimatedSize : undefined) },
  { tag: 'AirSyncBase:Attachments', since: '12.0', get: ({ attachments, serverId }) => attachmentList(attachments, serverId) },
  { tag: 'AirSyncBase:Body', since: '12.0', get: ({ body, bodyPart }) => body && bodyElement(body, bodyPart) },
  { tag: 'AirSyncBase:BodyPart', since: '14.1', get: ({ own }) => own && bodyPartElement(own) },
  { tag: 'Email:MessageClass', get: ({ summary, meeting }) => meeting?.messageClass ?? messageClass(summary) },
  { tag: 'Email:MeetingRequest', get: ({ meeting }) => meeting?.element },
  { tag: 'Email:InternetCPID', get: () => 65001 },
  { tag: 'Email:Flag', since: '12.0', get: ({ summary, note }) => flagOf(summary, note) },
  {
    tag: 'Email:ContentClass',
    since: '12.0',
    get: ({ meeting }) => `urn:content-classes:${meeting ? 'calendarmessage' : 'message'}`,
  },
  { tag: 'AirSyncBase:NativeBodyType', since: '12.0', get: ({ summary }) => nativeType(summary.structure) },
  { tag: 'Email2:ConversationId', since: '14.0', get: ({ summary }) => conversationId(summary) },
  { tag: 'Email2:ConversationIndex', since: '14.0', get: ({ summary }) => conversationIndex(summary) },
  { tag: 'Email2:LastVerbExecuted', since: '14.0', get: ({ summary, note }) => lastVerb(summary, note) },
  { tag: 'Email2:LastVerbExecutionTime', since: '14.0', get: ({ summary, note }) => verbNote(summary, note)?.at },
  { tag: 'Email2:Sender', since: '14.0', get: ({ summary }) => sender(summary) },
  { tag: 'Email:Categories', since: '14.0', get: ({ summary }) => categories(summary) },
  { tag: 'Email2:IsDraft', since: '16.0', get: ({ draft }) => (draft ? 1 : undefined) },
  { tag: 'Email2:Bcc', since: '16.0', get: ({ draft, summary }) => (draft ? addresses(summary.bcc, SEPARATOR) : undefined) },
];

/** What can change in a message that a device holds (classes: changeRules): all of it goes, so the device can't be wrong. */
const CHANGING = new Set<TagName>([
  'Email:Read',
  'Email:Flag',
  'Email2:LastVerbExecuted',
  'Email2:LastVerbExecutionTime',
  'Email:Categories',
]);

/** ApplicationData of a message, and roughly its size in bytes. */
export function emailData(item: EmailItem, version: EasVersion): { readonly data: readonly Element[]; readonly bytes: number } {
  const data = rows(rowsOf(version), item);
  return { data, bytes: 1000 + 200 * item.attachments.length + (item.body?.data?.length ?? 0) + (item.own?.data?.length ?? 0) };
}

/** ApplicationData of a Change: read state, flag, answered or forwarded, categories. */
export function emailChange(summary: MessageSummary, version: EasVersion, note?: MailNote): readonly Element[] {
  const bare = { summary, body: undefined, attachments: [], serverId: '', draft: false, note };
  const changing = rowsOf(version).filter((row) => CHANGING.has(row.tag));
  const data = rows(changing, bare);
  const cleared = atLeast(version, '14.0') && !data.some((element) => element.tag === 'Email:Categories');
  return cleared ? [...data, el('Email:Categories')] : data;
}

/** What a list of found messages shows of each (MS-ASCMD Properties (Find)). */
export function emailOverview(summary: MessageSummary, draft: boolean): readonly Element[] {
  return [
    optional('Email:Subject', summary.subject || undefined),
    el('Email:DateReceived', summary.received.toISOString()),
    optional('Email:DisplayTo', displayNames(summary.to)),
    optional('Find:DisplayCc', displayNames(summary.cc)),
    optional('Find:DisplayBcc', displayNames(summary.bcc)),
    el('Email:Importance', importance(summary.headers)),
    el('Email:Read', hasFlag(summary, '\\Seen')),
    draft ? el('Email2:IsDraft', 1) : undefined,
    optional('Email:From', addresses(summary.from, SEPARATOR)),
  ].filter((element) => element !== undefined);
}

const byVersion = new Map<EasVersion, readonly Row[]>();

/** The rows of a version: chosen once, not for each message. */
function rowsOf(version: EasVersion): readonly Row[] {
  const known = byVersion.get(version);
  if (known) return known;
  const rows = EMAIL.filter(({ since, until }) => (!since || atLeast(version, since)) && (!until || atLeast(until, version)));
  byVersion.set(version, rows);
  return rows;
}

function rows(table: readonly Row[], item: EmailItem): Element[] {
  const data: Element[] = [];
  for (const { tag, get } of table) {
    const value = get(item);
    if (value !== undefined && value !== null) data.push(isRowElement(value, tag) ? value : el(tag, value));
  }
  return data;
}

function isRowElement(value: Content | Element, tag: TagName): value is Element {
  return typeof value === 'object' && value !== null && 'tag' in value && value.tag === tag;
}

/** `"Name" <address>` and so on (RFC 5322 §3.4), names in their own characters. */
function addresses(list: readonly MailAddress[], separator: string): string | undefined {
  const texts = list
    .slice(0, MAX_ADDRESSES)
    .map(({ name, address }) => (name && name !== address ? `${quoted(name)} <${address}>` : address));
  return texts.length === 0 ? undefined : texts.join(separator);
}

function quoted(name: string): string {
  return `"${name.replace(/[\r\n]+/g, ' ').replace(/(["\\])/g, '\\$1')}"`;
}

function displayNames(list: readonly MailAddress[]): string | undefined {
  return (
    list
      .slice(0, MAX_ADDRESSES)
      .map(({ name, address }) => name || address)
      .join(';') || undefined
  );
}

/** Only where it differs from From: clients show it as a further line. */
function replyTo({ replyTo, from }: MessageSummary): string | undefined {
  const same = replyTo.length === from.length && replyTo.every(({ address }, at) => address === from[at]?.address);
  return same ? undefined : addresses(replyTo, ';');
}

function sender({ sender, from }: MessageSummary): string | undefined {
  return sender.length === 0 || sender[0]?.address === from[0]?.address ? undefined : addresses(sender.slice(0, 1), SEPARATOR);
}

const PREFIX = /^\s*((re|fwd?|aw|wg|sv|vs|antw|tr|rif|res)(\[\d+\])?\s*:\s*)+/i;

/** The subject without `Re:` and its kin. */
export function threadTopic(subject: string): string {
  return subject.replace(PREFIX, '').trim();
}

/** 0 low, 1 normal, 2 high, by Importance or X-Priority. */
function importance(headers: ReadonlyMap<string, string>): number {
  const named = headers.get('importance')?.trim().toLowerCase();
  if (named === 'high') return 2;
  if (named === 'low') return 0;
  const priority = Number.parseInt(headers.get('x-priority') ?? '3', 10);
  return priority < 3 ? 2 : priority > 3 ? 0 : 1;
}

function hasFlag(summary: MessageSummary, flag: string): boolean {
  return summary.flags.some((set) => set.toLowerCase() === flag.toLowerCase());
}

/** Whether there may be a note on the message: it carries a mark that one goes with. */
export function mayHaveNote(summary: MessageSummary): boolean {
  return ['\\Flagged', COMPLETED, '\\Answered', '$Forwarded'].some((flag) => hasFlag(summary, flag));
}

function flagOf(summary: MessageSummary, note: MailNote | undefined): Element {
  return flagElement(hasFlag(summary, '\\Flagged'), hasFlag(summary, COMPLETED), summary.received, note);
}

const VERBS = { reply: 1, 'reply-all': 2, forward: 3 } as const;

/** What is known of the last answer or forwarding, if the mail server still says that there was one. */
function verbNote(summary: MessageSummary, note: MailNote | undefined): LastVerb | undefined {
  const verb = note?.lastVerb;
  return verb && hasFlag(summary, verb.verb === 'forward' ? '$Forwarded' : '\\Answered') ? verb : undefined;
}

/** 1 replied, 2 replied to all, 3 forwarded (MS-ASEMAIL LastVerbExecuted). */
function lastVerb(summary: MessageSummary, note: MailNote | undefined): number | undefined {
  const known = verbNote(summary, note);
  if (known) return VERBS[known.verb];
  if (hasFlag(summary, '$Forwarded')) return VERBS.forward;
  return hasFlag(summary, '\\Answered') ? VERBS.reply : undefined;
}

function categories(summary: MessageSummary): Element | undefined {
  const names = summary.flags.filter(isCategory);
  return names.length === 0
    ? undefined
    : el(
        'Email:Categories',
        names.map((name) => el('Email:Category', categoryOf(name))),
      );
}

/** MS-ASEMAIL MessageClass: what clients choose their view by. */
function messageClass({ structure }: MessageSummary): string {
  if (isClearSigned(structure)) return 'IPM.Note.SMIME.MultipartSigned';
  if (isSmime(structure)) return 'IPM.Note.SMIME';
  if (structure.type === 'multipart/report')
    return REPORTS[structure.parameters['report-type']?.toLowerCase() ?? ''] ?? 'IPM.Note';
  return 'IPM.Note';
}

const REPORTS: Readonly<Record<string, string>> = {
  'delivery-status': 'REPORT.IPM.NOTE.NDR',
  'disposition-notification': 'REPORT.IPM.NOTE.IPNRN',
};

/** Sixteen bytes that all messages of a thread share: from the first of References, else of what it answers, else its own id. */
export function conversationId({ headers, inReplyTo, messageId, subject }: MessageSummary): Uint8Array {
  const references = headers.get('references')?.match(/<[^<>\s]+>/)?.[0];
  const root = references ?? inReplyTo.match(/<[^<>\s]+>/)?.[0] ?? (messageId || threadTopic(subject).toLowerCase());
  return createHash('md5').update(root.replace(/^<|>$/g, '')).digest();
}

/** ConversationId and ConversationIndex of a message that begins a conversation. */
export function newConversation(messageId: string, date: Date): Element[] {
  const id = createHash('md5').update(messageId).digest();
  // A header's date has no milliseconds.
  const index = indexOf(new Date(Math.floor(date.getTime() / 1000) * 1000));
  return [el('Email2:ConversationId', id), el('Email2:ConversationIndex', index)];
}

const EPOCH_1601 = 116_444_736_000_000_000n;

/**
 * Five bytes of the time and five for each answer (MS-ASEMAIL ConversationIndex): from Thread-Index where Outlook wrote
 * one, else from the message's date.
 */
export function conversationIndex({ headers, date, received }: MessageSummary): Uint8Array {
  const index = Buffer.from(headers.get('thread-index') ?? '', 'base64');
  if (index.length >= 22 && index[0] === 1) return Buffer.concat([index.subarray(1, 6), index.subarray(22)]).subarray(0, 500);
  return indexOf(date ?? received);
}

function indexOf(date: Date): Uint8Array {
  const filetime = BigInt(date.getTime()) * 10_000n + EPOCH_1601;
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, filetime));
  return bytes.subarray(1, 6);
}

function attachmentList(list: readonly AttachmentInfo[], serverId: string): Element | undefined {
  if (list.length === 0) return undefined;
  return el(
    'AirSyncBase:Attachments',
    list.map((attachment) => attachmentElement(attachment, serverId)),
  );
}

const NORMAL = 1;
const EMBEDDED = 5;

function attachmentElement(attachment: AttachmentInfo, serverId: string): Element {
  return el(
    'AirSyncBase:Attachment',
    el('AirSyncBase:DisplayName', displayName(attachment)),
    el('AirSyncBase:FileReference', fileReference(serverId, attachment.section)),
    el('AirSyncBase:Method', attachment.embedded ? EMBEDDED : NORMAL),
    el('AirSyncBase:EstimatedDataSize', attachment.estimatedSize),
    optional('AirSyncBase:ContentId', attachment.contentId),
    optional('AirSyncBase:ContentLocation', attachment.contentLocation),
    attachment.inline ? el('AirSyncBase:IsInline', 1) : undefined,
  );
}

/** The list as version 2.5 has it: AttName is what GetAttachment asks for (MS-ASEMAIL Attachments). */
function oldAttachmentList(list: readonly AttachmentInfo[], serverId: string): Element | undefined {
  if (list.length === 0) return undefined;
  const old = (attachment: AttachmentInfo) =>
    el(
      'Email:Attachment',
      el('Email:AttMethod', attachment.embedded ? EMBEDDED : NORMAL),
      el('Email:AttSize', attachment.estimatedSize),
      el('Email:DisplayName', displayName(attachment)),
      el('Email:AttName', fileReference(serverId, attachment.section)),
      optional('Email:AttOid', attachment.contentId),
    );
  return el('Email:Attachments', list.map(old));
}

/** Text goes as a string; bytes that are no UTF-8 (raw MIME) go unchanged as OPAQUE. */
function textOf({ data }: RenderedBody): string | Uint8Array | undefined {
  return data === null ? undefined : textOrBytes(data);
}

/** Android opens an embedded message only by its `.eml`. */
function displayName({ filename, embedded }: AttachmentInfo): string {
  const name = filename || 'attachment';
  return embedded && !/\.eml$/i.test(name) ? `${name}.eml` : name;
}

/** Names an attachment for ItemOperations: the message's ServerId and the IMAP section. */
export function fileReference(serverId: string, section: string): string {
  return `${serverId}:${section}`;
}

/** The parts of a FileReference, or null when it is none of ours. */
export function readFileReference(reference: string): { readonly serverId: string; readonly section: string } | null {
  const match = /^(.{1,64}:\d{1,15}):([\d.]{1,100})$/.exec(reference);
  return match ? { serverId: match[1] as string, section: match[2] as string } : null;
}
