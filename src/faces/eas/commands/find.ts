import { isDomainError } from '../../../domain/errors.js';
import type { MailFolder, MessageSummary } from '../../../domain/mail/model.js';
import type { FoundMessage } from '../../../domain/mail/search.js';
import { attachmentParts } from '../../../formats/mime/structure.js';
import { child, childText, type Element, el, optional, text } from '../../../formats/wbxml/tree.js';
import { emailOverview } from '../classes/email.js';
import { documentAnswer, type EasAnswer, type EasContext } from '../context.js';
import { isVirtual, withDescendants } from '../folders.js';
import { sortFolders } from '../notebooks.js';
import { searchGal } from '../search/gal.js';
import { readWords } from '../search/mailbox.js';
import { answeredRange, type Range, readResultRange } from '../search/range.js';
import { StatusError } from '../status.js';
import { serverId } from '../sync/source.js';

/** Status values of Find and of its Response (MS-ASCMD Status (Find)). */
const FIND = { Success: 1, Invalid: 2, FolderSyncRequired: 3 } as const;
const RESPONSE = { Success: 1, ServerError: 2, BadRange: 4 } as const;
const PAGE = 100;
const LAST = 999;
const PREVIEW = 255;
const PREVIEW_BYTES = 1500;

/** Searches mails or the address list, in whatever version it is sent: iOS does so below 16.1 too (MS-ASCMD Find). */
export async function find(context: EasContext): Promise<EasAnswer> {
  const { body } = context;
  const searchId = body ? childText(body, 'Find:SearchId')?.trim() : undefined;
  const execute = body ? child(body, 'Find:ExecuteSearch') : undefined;
  const mailbox = child(execute, 'Find:MailBoxSearchCriterion');
  const gal = child(execute, 'Find:GalSearchCriterion');
  if (!searchId || searchId.length > 64 || (mailbox === undefined) === (gal === undefined))
    throw new StatusError(FIND.Invalid, 'SearchId or ExecuteSearch');
  const response = mailbox ? await inMailbox(context, searchId, mailbox) : await inGal(context, gal as Element);
  return documentAnswer(el('Find:Find', el('Find:Status', FIND.Success), response));
}

function responseOf(store: string, status: number, results: readonly Element[] = [], more: readonly Element[] = []): Element {
  return el('Find:Response', el('ItemOperations:Store', store), el('Find:Status', status), results, more);
}

function failed(context: EasContext, store: string, error: unknown): Element {
  if (error instanceof StatusError || isDomainError(error, 'unauthenticated')) throw error;
  if (isDomainError(error, 'invalid')) throw new StatusError(FIND.Invalid, error.message);
  context.log.warn({ device: context.query.deviceId, err: error }, 'find failed');
  return responseOf(store, RESPONSE.ServerError);
}

function found(store: string, range: Range, results: readonly Element[], total: number): Element {
  const where = [el('Find:Range', answeredRange(range, results.length)), el('Find:Total', total)];
  return responseOf(store, RESPONSE.Success, results, where);
}

async function inGal(context: EasContext, criterion: Element): Promise<Element> {
  const options = child(criterion, 'Find:Options');
  const range = readResultRange(childText(options, 'Find:Range'), PAGE);
  const words = text(child(criterion, 'Find:Query'))?.trim() ?? '';
  if (words === '' || words.length > 256) throw new StatusError(FIND.Invalid, 'no usable query');
  if (!range || range.last > LAST) return responseOf('GAL', RESPONSE.BadRange);
  try {
    const { entries, total } = await searchGal(context, words, range, child(options, 'Find:Picture'));
    const results = entries.map((entry) => el('Find:Result', el('Find:Properties', entry)));
    return found('GAL', range, results, total);
  } catch (error) {
    return failed(context, 'GAL', error);
  }
}

async function inMailbox(context: EasContext, searchId: string, criterion: Element): Promise<Element> {
  const query = child(criterion, 'Find:Query');
  const options = child(criterion, 'Find:Options');
  const range = readResultRange(childText(options, 'Find:Range'), PAGE);
  const words = childText(query, 'Find:FreeText')?.trim() ?? '';
  const className = childText(query, 'AirSync:Class')?.trim() ?? 'Email';
  if (words === '' || className.toLowerCase() !== 'email') throw new StatusError(FIND.Invalid, 'no FreeText, or no class Email');
  if (!range || range.last > LAST) return responseOf('Mailbox', RESPONSE.BadRange);
  const wanted = wordsOf(words);
  const id = childText(query, 'AirSync:CollectionId')?.trim() ?? '';
  const folders = await foldersOf(context, id, child(options, 'Find:DeepTraversal') !== undefined);
  if (Object.keys(wanted).length === 0 || folders.length === 0) return found('Mailbox', range, [], 0);
  try {
    const request = { key: JSON.stringify(['Find', searchId, wanted, id]), folders, query: wanted };
    const outcome = await context.runtime.searches.find(context.session, request, range, range.first === 0);
    if (!outcome.complete) context.log.info({ found: outcome.total }, 'find was not over in time');
    if (!outcome.complete && outcome.found.length === 0) return responseOf('Mailbox', RESPONSE.ServerError);
    return found('Mailbox', range, await describe(context, outcome.found), outcome.total);
  } catch (error) {
    return failed(context, 'Mailbox', error);
  }
}

/** A query that can't be read is Status 2 here. */
function wordsOf(words: string) {
  try {
    return readWords(words);
  } catch (error) {
    if (error instanceof StatusError) throw new StatusError(FIND.Invalid, error.message);
    throw error;
  }
}

async function foldersOf(context: EasContext, id: string, deep: boolean): Promise<readonly MailFolder[]> {
  const { mail: all } = await sortFolders(context, await context.services.mail.folders(context.session));
  if (id === '' || id === '0') return all;
  const chosen = all.filter((folder) => folder.id === id);
  if (chosen.length === 0 && !isVirtual(id)) throw new StatusError(FIND.FolderSyncRequired, 'unknown CollectionId');
  return deep ? withDescendants(all, chosen) : chosen;
}

async function describe(context: EasContext, hits: readonly FoundMessage[]): Promise<Element[]> {
  const previews = await previewsOf(context, hits);
  return hits.map(({ folder, message }) => {
    const properties = [
      ...emailOverview(message, folder.role === 'drafts'),
      optional('Find:Preview', previews.get(message)),
      el('Find:HasAttachments', attachmentParts(message.structure).length > 0),
    ];
    return el(
      'Find:Result',
      el('AirSync:Class', 'Email'),
      el('AirSync:ServerId', serverId(folder.id, message.uid)),
      el('AirSync:CollectionId', folder.id),
      el('Find:Properties', properties),
    );
  });
}

/** The first characters of the texts; a text that can't be read is left out. */
async function previewsOf(context: EasContext, hits: readonly FoundMessage[]): Promise<ReadonlyMap<MessageSummary, string>> {
  const previews = new Map<MessageSummary, string>();
  for (const folder of new Set(hits.map((hit) => hit.folder))) {
    const messages = hits.filter((hit) => hit.folder === folder).map(({ message }) => message);
    const wish = () => ({ type: 'plain', maxBytes: PREVIEW_BYTES }) as const;
    const bodies = await context.services.mail.bodies(context.session, folder, messages, wish);
    for (const message of messages) {
      const plain = Buffer.from(bodies.get(message.uid)?.data ?? []).toString('utf8');
      const short = [...plain.replace(/\s+/g, ' ').trim()].slice(0, PREVIEW).join('');
      if (short !== '') previews.set(message, short);
    }
  }
  return previews;
}
