import type { Item } from '../../domain/pim/model.js';
import { convertCard, type DeliveredVersion, versionOf } from '../../formats/vcard/convert.js';
import { CardError } from '../../formats/vcard/validate.js';
import { CARD } from '../../formats/xml/names.js';
import { conditionError } from './errors.js';
import type { DavRequest } from './message.js';

/** Versions that cards are taken and given in (RFC 6352 §6.2.2); 2.1 is taken as well. */
export const CARD_VERSIONS: readonly DeliveredVersion[] = ['3.0', '4.0'];

/**
 * Clients that read no 4.0 and ask for no version: Apple's. Others that name none are given cards as they were put, byte
 * for byte, although RFC 6352 §10.4 has 3.0 as its default: clients that keep 4.0 cards ask without a version too.
 */
const READS_3_ONLY = /\b(?:AddressBook\w*|dataaccessd|accountsd)\//;

/** What a client is given that asks for no version; null: what is stored. */
export function usualVersion(request: DavRequest): DeliveredVersion | null {
  return READS_3_ONLY.test(request.header('user-agent') ?? '') ? '3.0' : null;
}

/** A card in a version, or as it is stored where none is wanted. 2.1 is never given: no client of CardDAV asks for it. */
export function cardAs(text: string, version: DeliveredVersion | null): string {
  const stored = versionOf(text);
  const wanted = version ?? (stored === '2.1' ? '3.0' : null);
  if (wanted === null || wanted === stored) return text;
  try {
    return convertCard(text, wanted);
  } catch (error) {
    if (error instanceof CardError) return text; // stored before a check that it does not pass
    throw error;
  }
}

/** Whether a card is given in another form than it was put: then no entity tag says that both are the same. */
export function isRewritten(text: string): boolean {
  return versionOf(text) === '2.1';
}

/** One form of a card, ready for an answer to GET. */
export interface CardForm {
  readonly text: () => string;
  readonly etag: string;
  readonly version: DeliveredVersion | null;
}

/**
 * The form of a card that a request accepts (RFC 6352 §5.1.1). A form that is not the usual one has a tag of its own, as
 * RFC 9110 §8.8.3.3 wants: strong, and taken in If-Match for the card's (see bareTag).
 * @throws DavError 406
 */
export function cardForm(request: DavRequest, item: Item): CardForm {
  const stored = versionOf(item.text);
  const kept = stored === '2.1' || stored === undefined ? '3.0' : stored;
  const version = acceptedVersion(request.header('accept'), usualVersion(request) ?? kept);
  const text = () => cardAs(item.text, version);
  return version === kept ? { text, etag: item.etag, version: null } : { text, etag: `${item.etag}~${version}`, version };
}

/** The tag of a card from the tag of one of its forms. */
export function bareTag(tag: string): string {
  return tag.replace(/~[34]\.0$/, '');
}

interface Range {
  readonly type: string;
  readonly version: string | undefined;
  readonly q: number;
}

/** Names of the type before RFC 6350 registered one; text/directory was that of 3.0 (RFC 2426). */
const NAMES: Readonly<Record<string, string | undefined>> = { 'text/x-vcard': undefined, 'text/directory': '3.0' };
const MAX_RANGES = 50;

function rangesIn(accept: string): Range[] {
  return accept
    .split(',', MAX_RANGES)
    .map((range) => range.split(';').map((part) => part.trim().toLowerCase()))
    .map(([type = '', ...params]) => {
      const param = (name: string) => params.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
      const q = Number(param('q') ?? 1);
      const version = param('version')?.replaceAll('"', '') ?? NAMES[type];
      return { type: type in NAMES ? 'text/vcard' : type, version, q: q >= 0 && q <= 1 ? q : 0 };
    });
}

/** How well a range fits a version, the particular first (RFC 9110 §12.5.1). */
function fit({ type, version }: Range, wanted: string): number {
  if (type === 'text/vcard') return version === undefined ? 3 : version === wanted ? 4 : 0;
  return type === 'text/*' ? 2 : type === '*/*' ? 1 : 0;
}

function quality(ranges: readonly Range[], version: string): number {
  const best = ranges.filter((range) => fit(range, version) > 0).sort((a, b) => fit(b, version) - fit(a, version))[0];
  return best?.q ?? 0;
}

/** An Accept that is not about cards at all is a client's habit, and no wish. */
function acceptedVersion(accept: string | undefined, usual: DeliveredVersion): DeliveredVersion {
  if (accept === undefined) return usual;
  const ranges = rangesIn(accept);
  const [first, second] = [usual, usual === '3.0' ? '4.0' : '3.0'] as const;
  const [own, other] = [quality(ranges, first), quality(ranges, second)];
  if (own > 0 || other > 0) return other > own ? second : first;
  if (ranges.some(({ type }) => type === 'text/vcard')) {
    throw conditionError(406, CARD('supported-address-data-conversion'));
  }
  return usual;
}
