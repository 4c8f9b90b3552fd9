import { type Component, ContentLineError, type ContentLineLimits, parseContentLines } from '../content-lines.js';

export type CardVersion = '2.1' | '3.0' | '4.0';

/** What a store must know of a card. */
export interface CardSummary {
  /** Null when the card has none, although RFC 6352 §5.1 wants one: the caller decides what that means. */
  readonly uid: string | null;
  readonly version: CardVersion;
  /** FN, or what stands for it in a card without one; never empty. */
  readonly fn: string;
}

/** A text that can't be stored as a card. `reason` is the precondition of RFC 6352 §6.3.2.1. */
export class CardError extends Error {
  override readonly name = 'CardError';

  constructor(
    message: string,
    readonly reason: 'valid-address-data' | 'supported-address-data' = 'valid-address-data',
  ) {
    super(message);
  }
}

const VERSIONS: readonly CardVersion[] = ['2.1', '3.0', '4.0'];

/** Properties of which a card has at most one (RFC 2426 §5, RFC 6350 §6.7.6, §6.7.9). */
const SINGLE = ['VERSION', 'UID', 'N'] as const;

/** What names a card without FN, best first. Clients exist that send none; the name is only used for display. */
const NAMING = ['FN', 'N', 'ORG', 'NICKNAME', 'EMAIL', 'TEL'] as const;

/**
 * Parses the text of exactly one card, whatever its version.
 * @throws CardError
 */
export function parseCard(text: string, limits: Partial<ContentLineLimits> = {}): Component {
  const roots = parsed(text, limits);
  const [card] = roots;
  if (roots.length !== 1 || card?.name !== 'VCARD') throw new CardError('not exactly one VCARD');
  return card;
}

/** The version a card says it has. @throws CardError */
export function cardVersion(card: Component): CardVersion {
  const value = card.first('VERSION')?.value.trim();
  const version = VERSIONS.find((known) => known === value);
  if (!version) throw new CardError(value === undefined ? 'VERSION is missing' : 'unknown VERSION', 'supported-address-data');
  return version;
}

/** What to call a card: FN, else the first of the other naming properties that says something. */
export function displayName(card: Component): string {
  for (const name of NAMING) {
    const words =
      card
        .first(name)
        ?.structured.flat()
        .map((word) => word.trim()) ?? [];
    const shown = name === 'FN' ? card.first('FN')?.text.trim() : words.filter(Boolean).join(' ');
    if (shown) return shown;
  }
  return '';
}

/**
 * Checks a card that a client wants to store: 2.1, 3.0 or 4.0, one VCARD, one VERSION, at most one UID, a name.
 * Groups, unknown properties and bare line feeds are fine.
 * @throws CardError
 */
export function readCard(text: string, limits: Partial<ContentLineLimits> = {}): CardSummary {
  const card = parseCard(text, limits);
  const version = cardVersion(card);
  for (const name of SINGLE) if (card.all(name).length > 1) throw new CardError(`${name} more than once`);
  const fn = displayName(card);
  if (fn === '') throw new CardError('FN is missing');
  return { uid: card.first('UID')?.text.trim() || null, version, fn };
}

function parsed(text: string, limits: Partial<ContentLineLimits>): Component[] {
  try {
    return parseContentLines(text, limits);
  } catch (error) {
    if (error instanceof ContentLineError) throw new CardError(error.message);
    throw error;
  }
}
