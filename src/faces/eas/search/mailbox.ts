import type { MailFolder } from '../../../domain/mail/model.js';
import type { FoundMessage } from '../../../domain/mail/search.js';
import type { MailQuery } from '../../../domain/mail/service.js';
import type { Collection, PimKind } from '../../../domain/pim/model.js';
import { bytes, child, children, childText, type Element, el, elements, text } from '../../../formats/wbxml/tree.js';
import { readDate } from '../classes/dates.js';
import type { EasContext } from '../context.js';
import { isVirtual, withDescendants } from '../folders.js';
import { readItemOptions } from '../item-options.js';
import { folderOfNotebook, notebookId, sortFolders } from '../notebooks.js';
import { StatusError } from '../status.js';
import { MailSource } from '../sync/mail-source.js';
import type { SyncOptions } from '../sync/state.js';
import { inConversation } from './conversation.js';
import { KqlError, parseKql } from './kql.js';
import { searchPim } from './pim.js';
import { answeredRange, type Range, readResultRange } from './range.js';
import { resultElement } from './result.js';
import { SEARCH } from './status.js';

/** A mailbox query (MS-ASCMD Query (Search)). */
interface MailboxQuery {
  readonly classes: readonly string[];
  readonly collections: readonly string[];
  readonly words: string;
  readonly conversation: Uint8Array | null;
  readonly after: Date | null;
  readonly before: Date | null;
}

/** Where a query looks. */
interface Scope {
  readonly folders: readonly MailFolder[];
  readonly collections: readonly Collection[];
  readonly notebooks: readonly MailFolder[];
}

const NO_FOLDERS = { mail: [], notebooks: [] };
const DAY = 86_400_000;
/** Nobody pages further. */
const LAST = 999;

/** Searches mail, and other items where their class is asked for. @throws StatusError with the Status of the Store */
export async function searchMailbox(context: EasContext, element: Element, options: Element | undefined, page: number) {
  const query = readQuery(element);
  const range = readResultRange(childText(options, 'Search:Range'), page);
  if (!range) throw new StatusError(SEARCH.Invalid, 'unreadable Range');
  if (range.last > LAST) throw new StatusError(SEARCH.EndOfRange, 'Range goes too far');
  const scope = await scopeOf(context, query, child(options, 'Search:DeepTraversal') !== undefined);
  const wishes = cut(readItemOptions(options, []));
  const fresh = child(options, 'Search:RebuildResults') !== undefined;
  const mail = await searchMail(context, { query, folders: scope.folders }, range, wishes, fresh);
  const rest = { first: Math.max(0, range.first - mail.total), last: range.last - mail.total };
  const pim = await searchPim(context, scope, query.words, rest, wishes);
  const results = [...mail.results, ...pim.results];
  const total = mail.total + pim.total;
  if (results.length === 0 && range.first > 0) throw new StatusError(SEARCH.EndOfRange, 'nothing in that Range');
  // A mailbox search without a match has one empty Result; Android wants Range and Total even then.
  return { results: results.length > 0 ? results : [el('Search:Result')], range: answeredRange(range, results.length), total };
}

/** A hundred whole bodies would be too much for one answer; the rest of a body is fetched by its LongId. */
const LONGEST_BODY = 100 * 1024;

function cut(wishes: SyncOptions): SyncOptions {
  const shorter = (size = LONGEST_BODY) => Math.min(size, LONGEST_BODY);
  return { ...wishes, bodies: wishes.bodies.map((body) => ({ ...body, truncationSize: shorter(body.truncationSize) })) };
}

function readQuery(element: Element): MailboxQuery {
  const and = child(element, 'Search:And');
  const parent = and ?? element;
  const classes = children(parent, 'AirSync:Class').map((each) => text(each)?.trim() ?? '');
  const isNested = elements(parent).some(({ tag }) => tag === 'Search:Or' || tag === 'Search:And');
  const isBeside = and !== undefined && elements(element).length > 1;
  if (isNested || isBeside || (!and && classes.length > 0)) throw new StatusError(SEARCH.TooComplex, 'query is too complex');
  const texts = [...children(parent, 'Search:FreeText').map((each) => text(each) ?? ''), ...(and ? [] : [directText(element)])];
  const query = {
    classes,
    collections: children(parent, 'AirSync:CollectionId').map((each) => text(each)?.trim() ?? ''),
    words: texts.join(' ').trim(),
    conversation: bytes(child(parent, 'Search:ConversationId')) ?? null,
    after: dateOf(child(parent, 'Search:GreaterThan')),
    before: dateOf(child(parent, 'Search:LessThan')),
  };
  const asksNothing = query.words === '' && !query.conversation && !query.after && !query.before;
  if (asksNothing || query.words.length > 1024) throw new StatusError(SEARCH.Invalid, 'nothing to look for');
  return query;
}

function directText(element: Element): string {
  return element.content.filter((node) => typeof node === 'string').join('');
}

/** Only the date of reception can be compared. */
function dateOf(element: Element | undefined): Date | null {
  if (!element) return null;
  const date = readDate(childText(element, 'Search:Value'));
  if (!date || !child(element, 'Email:DateReceived')) throw new StatusError(SEARCH.Invalid, 'unreadable comparison');
  return date;
}

const PIM_KINDS: Readonly<Record<string, PimKind>> = {
  calendar: 'calendar',
  contacts: 'contacts',
  tasks: 'tasks',
  notes: 'notes',
};

/** No CollectionId, or 0, which Outlook for phones sends, means everything; no Class means mail. */
async function scopeOf(context: EasContext, { classes, collections }: MailboxQuery, deep: boolean): Promise<Scope> {
  const { mail, pim } = context.services;
  const asked = new Set(collections.filter((id) => id !== '0' && id !== ''));
  const kinds = new Set(classes.map((name) => PIM_KINDS[name.toLowerCase()]));
  const wantsMail = classes.length === 0 || classes.some((name) => name.toLowerCase() === 'email');
  const wantsNotes = kinds.has('notes') || [...asked].some((id) => folderOfNotebook(id) !== null);
  const listed = wantsMail || wantsNotes ? await sortFolders(context, await mail.folders(context.session)) : NO_FOLDERS;
  const all = wantsMail ? listed.mail : [];
  const isAsked = ({ id }: { readonly id: string }) => asked.size === 0 || asked.has(id);
  const chosen = asked.size > 0 && deep ? withDescendants(all, all.filter(isAsked)) : all.filter(isAsked);
  const own = asked.size > 0 || kinds.size > 0 ? await pim.collections(context.session) : [];
  const notes = listed.notebooks.map(({ id }) => notebookId(id));
  const known = new Set([...[...all, ...own].map(({ id }) => id), ...notes]);
  if (wantsMail && [...asked].some((id) => !known.has(id) && !isVirtual(id)))
    throw new StatusError(SEARCH.FolderSyncRequired, 'unknown CollectionId');
  const named = (collection: Collection) => (asked.has(collection.id) && classes.length === 0) || kinds.has(collection.kind);
  const isNamed = (id: string) =>
    (asked.size === 0 || asked.has(id)) && (kinds.has('notes') || (asked.has(id) && classes.length === 0));
  return {
    folders: chosen,
    collections: own.filter((collection) => named(collection) && isAsked(collection)),
    notebooks: wantsNotes ? listed.notebooks.filter(({ id }) => isNamed(notebookId(id))) : [],
  };
}

interface MailSearchWish {
  readonly query: MailboxQuery;
  readonly folders: readonly MailFolder[];
}

async function searchMail(context: EasContext, wish: MailSearchWish, range: Range, options: SyncOptions, fresh: boolean) {
  const { query, folders } = wish;
  if (folders.length === 0) return { results: [], total: 0 };
  const { after, before } = query;
  const wanted = await mailQuery(context, query, folders);
  if (!wanted) return { results: [], total: 0 };
  const key = JSON.stringify(['Search', wanted, after, before, folders.map(({ id }) => id).sort()]);
  const request = { key, folders, query: wanted, after, before };
  const outcome = await context.runtime.searches.find(context.session, request, range, fresh || range.first === 0);
  if (!outcome.complete) {
    context.log.info({ folders: folders.length, found: outcome.total }, 'search was not over in time');
    if (outcome.found.length === 0) throw new StatusError(SEARCH.TimedOut, 'search was not over in time');
  }
  return { results: await describe(context, outcome.found, options), total: outcome.total };
}

/** Null: nothing can match. */
async function mailQuery(context: EasContext, query: MailboxQuery, folders: readonly MailFolder[]): Promise<MailQuery | null> {
  const words = query.words === '' ? {} : readWords(query.words);
  if (query.words !== '' && Object.keys(words).length === 0) return null;
  const conversation = query.conversation ? await inConversation(context, query.conversation, folders) : {};
  if (!conversation) return null;
  return {
    all: [words, conversation].filter((each) => Object.keys(each).length > 0),
    ...(query.after && { since: midnight(query.after.getTime() - DAY) }),
    ...(query.before && { before: midnight(query.before.getTime() + 2 * DAY) }),
  };
}

/** The server's days may begin half a day earlier or later than ours. */
function midnight(time: number): Date {
  return new Date(Math.max(0, time - (time % DAY)));
}

export function readWords(words: string): MailQuery {
  try {
    return parseKql(words);
  } catch (error) {
    if (error instanceof KqlError) throw new StatusError(SEARCH.TooComplex, error.message);
    throw error;
  }
}

/** Results in the order of the hits; the bodies of one folder are read together. */
async function describe(context: EasContext, found: readonly FoundMessage[], options: SyncOptions): Promise<Element[]> {
  const results = new Map<FoundMessage, Element>();
  for (const folder of new Set(found.map((hit) => hit.folder))) {
    const hits = found.filter((hit) => hit.folder === folder);
    const source = new MailSource(context, folder, true);
    const messages = hits.map(({ message }) => message);
    for await (const item of source.describe(messages, options)) {
      const hit = hits.find(({ message }) => message.uid === item.id);
      if (hit && 'data' in item) results.set(hit, resultElement('Email', folder.id, item.id, item.data));
    }
  }
  return found.flatMap((hit) => results.get(hit) ?? []);
}
