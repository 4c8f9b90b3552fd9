import { isDomainError } from '../../../domain/errors.js';
import type { MailFolder } from '../../../domain/mail/model.js';
import { child, children, childText, type Element, el, elements, optional } from '../../../formats/wbxml/tree.js';
import { readFileReference } from '../classes/email.js';
import { documentAnswer, type EasAnswer, type EasContext } from '../context.js';
import { multipart } from '../multipart.js';
import { StatusError } from '../status.js';
import { readRange, slice } from '../sync/attachment.js';
import { MailSource } from '../sync/mail-source.js';
import { openSource, resolveCollection } from '../sync/open.js';
import { PimSource } from '../sync/pim-source.js';
import { integer, readBodyPreferences } from '../sync/request.js';
import { splitServerId } from '../sync/source.js';
import { DEFAULT_OPTIONS, type SyncOptions } from '../sync/state.js';

/** Status values of ItemOperations (MS-ASCMD 2.2.3.177.8). */
const STATUS = {
  Success: 1,
  ProtocolError: 2,
  ServerError: 3,
  NotFound: 6,
  BadRange: 8,
  UnknownStore: 9,
  TooLarge: 11,
  Conversion: 14,
  BadAttachment: 15,
} as const;
const FAILED_MOVE = 154;
const MAX_OPERATIONS = 100;

/** Bytes that go beside the document in a multipart answer; null: they go inside. */
type Parts = Uint8Array[] | null;

type Operation = (context: EasContext, element: Element, parts: Parts) => Promise<Element>;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  'ItemOperations:Fetch': fetchItem,
  'ItemOperations:EmptyFolderContents': emptyFolder,
  'ItemOperations:Move': async (_context, element) =>
    el('ItemOperations:Move', el('ItemOperations:Status', FAILED_MOVE), child(element, 'ItemOperations:ConversationId')),
};

/** A list of operations, carried out in order (MS-ASCMD 2.2.1.10). */
export async function itemOperations(context: EasContext): Promise<EasAnswer> {
  const operations = context.body ? elements(context.body) : [];
  if (operations.length === 0) throw new StatusError(STATUS.ProtocolError, 'no operation');
  if (operations.length > MAX_OPERATIONS) throw new StatusError(STATUS.TooLarge, 'too many operations');
  const parts: Parts = context.query.acceptMultipart ? [] : null;
  const answers: Element[] = [];
  for (const operation of operations) {
    const run = OPERATIONS[operation.tag];
    if (!run) throw new StatusError(STATUS.ProtocolError, `unknown operation ${operation.tag}`);
    answers.push(await run(context, operation, parts));
  }
  const root = el(
    'ItemOperations:ItemOperations',
    el('ItemOperations:Status', STATUS.Success),
    el('ItemOperations:Response', answers),
  );
  return parts ? multipart(root, parts) : documentAnswer(root);
}

async function fetchItem(context: EasContext, element: Element, parts: Parts): Promise<Element> {
  const reference = childText(element, 'AirSyncBase:FileReference');
  const echoes = ['AirSync:CollectionId', 'AirSync:ServerId', 'Search:LongId', 'AirSyncBase:FileReference'] as const;
  const identity = echoes.map((tag) => optional(tag, childText(element, tag)));
  try {
    const store = childText(element, 'ItemOperations:Store')?.toLowerCase();
    if (store !== 'mailbox') throw new StatusError(STATUS.UnknownStore, 'unknown store');
    const { className, properties } =
      reference === undefined ? await message(context, element, parts) : await attachment(context, element, reference, parts);
    return fetched(STATUS.Success, [...identity, optional('AirSync:Class', className), properties]);
  } catch (error) {
    return fetched(statusOf(context, error, reference !== undefined), identity);
  }
}

function fetched(status: number, content: readonly (Element | undefined)[]): Element {
  return el('ItemOperations:Fetch', el('ItemOperations:Status', status), content);
}

function statusOf(context: EasContext, error: unknown, isAttachment: boolean): number {
  if (error instanceof StatusError) return error.status;
  if (isDomainError(error, 'not-found')) return isAttachment ? STATUS.BadAttachment : STATUS.NotFound;
  if (isDomainError(error, 'too-large')) return STATUS.TooLarge;
  if (isDomainError(error, 'unauthenticated')) throw error;
  context.log.warn({ device: context.query.deviceId, err: error }, 'item could not be fetched');
  return STATUS.ServerError;
}

interface Found {
  readonly className?: string;
  readonly properties: Element;
}

/** A whole item of any class. */
async function message(context: EasContext, element: Element, parts: Parts): Promise<Found> {
  const id = splitServerId(childText(element, 'AirSync:ServerId') ?? childText(element, 'Search:LongId') ?? '');
  if (!id) throw new StatusError(STATUS.NotFound, 'no such item');
  const ref = await resolveCollection(context, id.collection);
  if (!ref) throw new StatusError(STATUS.NotFound, 'no such collection');
  const source = await openSource(context, ref, { requestKey: '', deletesAsMoves: true });
  const options = readOptions(child(element, 'ItemOperations:Options'));
  const item =
    source instanceof MailSource
      ? await source.fetch(id.number, options, parts)
      : source instanceof PimSource
        ? await source.fetch(id.number, options)
        : { id: id.number, missing: true as const };
  if ('missing' in item) throw new StatusError(STATUS.NotFound, 'no such item');
  if ('error' in item) throw new StatusError(STATUS.Conversion, 'the item can not be shown');
  return { className: source.className, properties: el('ItemOperations:Properties', item.data) };
}

/** Body preferences of this request; without any the body comes whole, in the form it has. */
function readOptions(element: Element | undefined): SyncOptions {
  const bodies = readBodyPreferences(children(element, 'AirSyncBase:BodyPreference'));
  return {
    ...DEFAULT_OPTIONS,
    mimeSupport: integer(childText(element, 'AirSync:MIMESupport') ?? '') ?? 0,
    bodies: bodies.length > 0 ? bodies : [{ type: 1 }, { type: 2 }],
  };
}

/** One attachment, whole or a range of bytes (MS-ASCMD FileReference, Range). */
async function attachment(context: EasContext, element: Element, reference: string, parts: Parts): Promise<Found> {
  if (reference === '' || children(element, 'AirSyncBase:FileReference').length > 1)
    throw new StatusError(STATUS.ProtocolError, 'one FileReference, not empty');
  const named = readFileReference(reference);
  const id = named && splitServerId(named.serverId);
  if (!named || !id) throw new StatusError(STATUS.BadAttachment, 'unknown FileReference');
  const rangeText = childText(child(element, 'ItemOperations:Options'), 'ItemOperations:Range');
  const range = rangeText === undefined ? null : readRange(rangeText);
  if (rangeText !== undefined && !range) throw new StatusError(STATUS.BadRange, 'unreadable Range');
  const folder = await context.services.mail.folder(context.session, id.collection);
  const { type, content } = await context.services.mail.download(context.session, folder, id.number, named.section);
  const cut = await slice(content, range);
  if (range && cut.bytes.length === 0) throw new StatusError(STATUS.BadRange, 'nothing in that Range');
  const data = parts
    ? el('ItemOperations:Part', parts.push(cut.bytes))
    : el('ItemOperations:Data', Buffer.from(cut.bytes).toString('base64'));
  const where = range
    ? [el('ItemOperations:Range', `${range.first}-${range.first + cut.bytes.length - 1}`), el('ItemOperations:Total', cut.total)]
    : [];
  return { properties: el('ItemOperations:Properties', where, el('AirSyncBase:ContentType', type), data) };
}

/** Empties a mail folder for good (MS-ASCMD EmptyFolderContents). */
async function emptyFolder(context: EasContext, element: Element): Promise<Element> {
  const id = childText(element, 'AirSync:CollectionId') ?? '';
  const below = child(child(element, 'ItemOperations:Options'), 'ItemOperations:DeleteSubFolders') !== undefined;
  let status: number = STATUS.Success;
  try {
    await empty(context, await context.services.mail.folder(context.session, id), below);
  } catch (error) {
    status = statusOf(context, error, false);
  }
  return el('ItemOperations:EmptyFolderContents', el('ItemOperations:Status', status), el('AirSync:CollectionId', id));
}

async function empty(context: EasContext, folder: MailFolder, below: boolean): Promise<void> {
  const { mail } = context.services;
  const uids = [...(await mail.list(context.session, folder, null))];
  if (uids.length > 0) await mail.remove(context.session, folder, uids);
  if (!below) return;
  const folders = await mail.folders(context.session);
  for (const inner of descendants(folders, folder.id)) await mail.deleteFolder(context.session, inner.id);
}

/** The folders below, deepest first. */
function descendants(folders: readonly MailFolder[], id: string): MailFolder[] {
  return folders.filter((folder) => folder.parent === id).flatMap((folder) => [...descendants(folders, folder.id), folder]);
}
