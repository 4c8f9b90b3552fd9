import { isDomainError } from '../../../domain/errors.js';
import { child, childText, type Element, el, text } from '../../../formats/wbxml/tree.js';
import { documentAnswer, type EasAnswer, type EasContext } from '../context.js';
import { searchGal } from '../search/gal.js';
import { searchMailbox } from '../search/mailbox.js';
import { answeredRange, readResultRange } from '../search/range.js';
import { SEARCH } from '../search/status.js';
import { COMMON, StatusError } from '../status.js';

/** Results of one answer. */
const PAGE = 100;

/** What a store found. */
interface Found {
  readonly results: readonly Element[];
  readonly range: string;
  readonly total: number;
}

/** Search of one store. @throws StatusError with the Status of the Store */
type Store = (context: EasContext, query: Element, options: Element | undefined) => Promise<Found>;

const STORES: Readonly<Record<string, Store>> = {
  gal: searchPeople,
  mailbox: (context, query, options) => searchMailbox(context, query, options, PAGE),
  documentlibrary: async () => {
    throw new StatusError(SEARCH.Blocked, 'there is no document library');
  },
};

/** Searches the mailbox or the address list (MS-ASCMD 2.2.1.16). */
export async function search(context: EasContext): Promise<EasAnswer> {
  const store = context.body ? child(context.body, 'Search:Store') : undefined;
  if (!store) throw new StatusError(COMMON.InvalidXML, 'no Store');
  return documentAnswer(el('Search:Search', el('Search:Status', 1), el('Search:Response', await searchStore(context, store))));
}

async function searchStore(context: EasContext, store: Element): Promise<Element> {
  try {
    const run = STORES[(childText(store, 'Search:Name') ?? '').trim().toLowerCase()];
    const query = child(store, 'Search:Query');
    if (!run || !query) throw new StatusError(SEARCH.Invalid, 'unknown store, or no Query');
    const { results, range, total } = await run(context, query, child(store, 'Search:Options'));
    const where = [el('Search:Range', range), el('Search:Total', total)];
    return el('Search:Store', el('Search:Status', SEARCH.Success), results, where);
  } catch (error) {
    return el('Search:Store', el('Search:Status', statusOf(context, error)));
  }
}

function statusOf(context: EasContext, error: unknown): number {
  if (isDomainError(error, 'unauthenticated')) throw error;
  if (error instanceof StatusError) return error.status;
  if (isDomainError(error, 'invalid')) return SEARCH.TooComplex;
  context.log.warn({ device: context.query.deviceId, err: error }, 'search failed');
  return SEARCH.ServerError;
}

async function searchPeople(context: EasContext, query: Element, options: Element | undefined): Promise<Found> {
  const range = readResultRange(childText(options, 'Search:Range'), PAGE);
  const words = text(query)?.trim() ?? '';
  if (!range || words === '' || words.length > 256) throw new StatusError(SEARCH.Invalid, 'no usable query or Range');
  const { entries, total } = await searchGal(context, words, range, child(options, 'Search:Picture'));
  if (entries.length === 0 && range.first > 0) throw new StatusError(SEARCH.EndOfRange, 'nothing in that Range');
  const results = entries.map((entry) => el('Search:Result', el('Search:Properties', entry)));
  return { results, range: answeredRange(range, results.length), total };
}
