import { createHash } from 'node:crypto';
import type { TagName } from '../../../formats/wbxml/pages.js';
import { bytes, child, children, childText, type Element, text } from '../../../formats/wbxml/tree.js';
import { readDate } from '../classes/dates.js';
import type { EasContext } from '../context.js';
import { COMMON, StatusError } from '../status.js';
import { has } from '../versions.js';

/** The message or event that is answered or forwarded (MS-ASCMD Source). */
export interface SourceName {
  /** A ServerId or a LongId. */
  readonly item: string;
  /** Null with a LongId. */
  readonly folder: string | null;
  /** One occurrence of a series. */
  readonly instance: Date | null;
}

export interface Forwardee {
  readonly name: string;
  readonly address: string;
}

/** SendMail, SmartReply and SmartForward in either form. */
export interface ComposeRequest {
  readonly clientId: string | null;
  /** Null when the server is to make the message from `forwardees` and `note`. */
  readonly mime: Uint8Array | null;
  readonly saveInSent: boolean;
  readonly replaceMime: boolean;
  readonly source: SourceName | null;
  readonly forwardees: readonly Forwardee[];
  /** Body of a message that the server makes. */
  readonly note: { readonly type: 'plain' | 'html'; readonly text: string } | null;
}

const MAX_CLIENT_ID = 40;
const MAX_FORWARDEES = 500;
const MAX_NOTE = 1024 * 1024;

/** Reads the request: a document from 14.0 on, before that the message itself with parameters in the query. @throws StatusError */
export function readCompose(context: EasContext): ComposeRequest {
  return has(context.version, 'composeMail') ? readDocument(context.body) : readMessage(context);
}

function readMessage({ raw, query }: EasContext): ComposeRequest {
  const item = query.longId ?? query.itemId;
  return {
    clientId: messagePrint(raw),
    mime: raw,
    saveInSent: query.saveInSent,
    replaceMime: false,
    source:
      item === null ? null : { item, folder: query.longId ? null : query.collectionId, instance: instant(query.occurrence) },
    forwardees: [],
    note: null,
  };
}

const HEADER = 64 * 1024;

/** Stands for the ClientId that older versions have not: the same bytes again are the same message, if it names itself. */
function messagePrint(raw: Uint8Array): string | null {
  const head = Buffer.from(raw.subarray(0, HEADER)).toString('latin1');
  const named = /^message-id:/im.test(head.split(/\r?\n\r?\n/, 1)[0] ?? '');
  return named ? `sha-${createHash('sha256').update(raw).digest('base64url').slice(0, 36)}` : null;
}

function readDocument(body: Element | null): ComposeRequest {
  if (!body) throw new StatusError(COMMON.InvalidContent, 'no body');
  const clientId = childText(body, 'ComposeMail:ClientId');
  if (!clientId || clientId.length > MAX_CLIENT_ID) throw new StatusError(COMMON.InvalidXML, 'ClientId');
  checkAccount(body);
  const has = (tag: TagName) => child(body, tag) !== undefined;
  const mime = bytes(child(body, 'ComposeMail:Mime')) ?? null;
  const replaceMime = has('ComposeMail:ReplaceMime');
  const madeHere = has('ComposeMail:Forwardees') || has('AirSyncBase:Body');
  if (madeHere && (mime || replaceMime))
    throw new StatusError(COMMON.InvalidMimeBodyCombination, 'Mime beside Forwardees or Body');
  if (!madeHere && !mime) throw new StatusError(COMMON.InvalidXML, 'no Mime');
  return {
    clientId,
    mime,
    saveInSent: has('ComposeMail:SaveInSentItems'),
    replaceMime,
    source: readSource(child(body, 'ComposeMail:Source')),
    forwardees: madeHere ? readForwardees(child(body, 'ComposeMail:Forwardees')) : [],
    note: readNote(child(body, 'AirSyncBase:Body')),
  };
}

/** No account but the user's own is offered, and that has no id (MS-ASCMD AccountId); rights management is off. */
function checkAccount(body: Element): void {
  if (childText(body, 'ComposeMail:AccountId')) throw new StatusError(COMMON.InvalidAccountId, 'unknown AccountId');
  if (childText(body, 'RightsManagement:TemplateID')) throw new StatusError(COMMON.RightsManagementOff, 'TemplateID');
}

function readSource(element: Element | undefined): SourceName | null {
  if (!element) return null;
  const longId = childText(element, 'ComposeMail:LongId');
  const item = childText(element, 'ComposeMail:ItemId');
  const folder = childText(element, 'ComposeMail:FolderId');
  if (longId !== undefined && (item !== undefined || folder !== undefined))
    throw new StatusError(COMMON.InvalidCombinationOfIDs, 'LongId beside FolderId or ItemId');
  const instance = instant(childText(element, 'ComposeMail:InstanceId') ?? null);
  if (longId !== undefined) return { item: longId, folder: null, instance };
  if (item === undefined || folder === undefined)
    throw new StatusError(COMMON.InvalidCombinationOfIDs, 'FolderId without ItemId');
  return { item, folder, instance };
}

function instant(value: string | null): Date | null {
  if (value === null || value === '') return null;
  const date = readDate(value);
  if (!date) throw new StatusError(COMMON.InvalidDateTime, 'InstanceId is no date');
  return date;
}

/** At least one, each with an address (MS-ASCMD Forwardees: Status 179). */
function readForwardees(element: Element | undefined): readonly Forwardee[] {
  const list = children(element, 'ComposeMail:Forwardee').map((forwardee) => ({
    name: childText(forwardee, 'ComposeMail:Name')?.trim() ?? '',
    address: childText(forwardee, 'ComposeMail:Email')?.trim() ?? '',
  }));
  const wrong = list.some(({ address }) => !/^[^\s@<>,;"]+@[^\s@<>,;"]+$/.test(address));
  if (list.length === 0 || list.length > MAX_FORWARDEES || wrong)
    throw new StatusError(COMMON.InvalidSmartForwardParameters, 'Forwardees');
  return list;
}

function readNote(element: Element | undefined): ComposeRequest['note'] {
  if (!element) return null;
  const type = childText(element, 'AirSyncBase:Type')?.trim();
  const data = text(child(element, 'AirSyncBase:Data')) ?? '';
  if ((type !== '1' && type !== '2') || data.length > MAX_NOTE)
    throw new StatusError(COMMON.InvalidSmartForwardParameters, 'Body');
  return { type: type === '2' ? 'html' : 'plain', text: data };
}
