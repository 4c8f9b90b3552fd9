import { type Component, escapeText } from '../content-lines.js';
import { labelsTo3, labelsTo4, sortingTo3, sortingTo4 } from './convert/addresses.js';
import { Draft } from './convert/draft.js';
import { decoded, draftsFrom21 } from './convert/from-21.js';
import { bringBack, NAME_IN_3, NAME_IN_4, setAside } from './convert/marks.js';
import { groupsOf, joinLists, labelledTo3, labelledTo4, markOwn, nameTo3, nameTo4 } from './convert/names.js';
import { RULES } from './convert/rules.js';
import { type CardVersion, cardVersion, displayName, parseCard } from './validate.js';

/** Versions that cards are given in. */
export type DeliveredVersion = '3.0' | '4.0';

/** The version a text says it has, without reading all of it; undefined where it says none that is known. */
export function versionOf(text: string): CardVersion | undefined {
  const found = /^(?:[^\s:;]+\.)?VERSION(?:;[^:\r\n]*)?:[ \t]*(2\.1|3\.0|4\.0)[ \t]*\r?$/im.exec(text);
  return found?.[1] as CardVersion | undefined;
}

/**
 * A card in another version, without loss: what one version can't say stands beside in extended parameters and properties
 * (convert/marks.ts), and is there again when the card comes back. Lines that need no change keep their bytes; a card that
 * has the version already is given back as it is. Line ends become CR LF.
 * @throws CardError for a text that is no card
 */
export function convertCard(text: string, version: DeliveredVersion): string {
  if (versionOf(text) === version) return text;
  const card = parseCard(text);
  const from = cardVersion(card);
  if (from === version) return text;
  const drafts = (from === '2.1' ? draftsFrom21(card) : draftsOf(card)).filter(({ name }) => name !== 'VERSION');
  const named = withName(drafts, card, from);
  const converted = version === '4.0' ? to4(named) : from === '2.1' ? named : to3(named);
  const components = from === '2.1' ? [] : card.components.map((one) => one.toString().replace(/\r?\n/g, '\r\n'));
  const inner = [`VERSION:${version}\r\n`, ...(version === '3.0' ? withN(converted) : converted), ...components].join('');
  return `BEGIN:VCARD\r\n${inner}END:VCARD\r\n`;
}

function draftsOf(card: Component): Draft[] {
  return card.properties.map((property) => (property.isQuotedPrintable ? decoded(property) : new Draft(property)));
}

/** Every version but 2.1 wants FN. */
function withName(drafts: Draft[], card: Component, from: CardVersion): Draft[] {
  const isNamed = drafts.some(({ name, value }) => name === 'FN' && (value.trim() !== '' || from !== '2.1'));
  return isNamed ? drafts : [new Draft('FN', escapeText(displayName(card) || '-')), ...drafts];
}

/** Names that Apple has for what 4.0 calls KIND, of which there is one. */
const KINDS = /^X-(?:ADDRESSBOOKSERVER-KIND|ABSHOWAS)$/;

/** Properties of one card that get the name they have in 4.0; further ones keep theirs. */
const MAX_RENAMED = 500;

function to4(drafts: Draft[]): Draft[] {
  for (const draft of drafts) commonTo4(draft);
  const own = new Set(drafts.filter((draft) => draft.param(NAME_IN_4) === draft.name));
  const labelled = labelsTo4(sortingTo4(drafts, own), own);
  const gone = new Set<Draft>();
  const groups = groupsOf(labelled);
  let hasAnniversary = labelled.some(({ name }) => name === 'ANNIVERSARY');
  for (const draft of labelled) {
    if (!/^X-AB(?:DATE|RELATEDNAMES)$/.test(draft.name) || own.has(draft)) continue;
    labelledTo4(draft, groups, hasAnniversary, gone);
    hasAnniversary ||= draft.name === 'ANNIVERSARY';
  }
  for (const draft of own) draft.take(NAME_IN_4);
  const rest = labelled.filter((draft) => !gone.has(draft));
  let hasKind = rest.some(({ name }) => name === 'KIND');
  let renamed = 0;
  const result = rest.flatMap((draft) => {
    const isRenamed = draft.source !== undefined && draft.source.name !== draft.name;
    if (isRenamed || own.has(draft) || bringBack(draft)) return [draft];
    if (KINDS.test(draft.name) && hasKind) return [draft];
    hasKind ||= KINDS.test(draft.name);
    const [first, ...more] = (renamed < MAX_RENAMED ? nameTo4(draft, rest) : [draft]) as [Draft, ...Draft[]];
    if (first.source?.name !== first.name) renamed++;
    if (first === draft && draft.source?.name === draft.name) RULES[draft.name]?.to4?.(draft);
    return [first, ...more];
  });
  for (const extra of result.filter(({ name }) => name === 'FN').slice(1))
    if (extra.source?.name === 'FN') extra.setParam(NAME_IN_3, 'FN');
  return result;
}

/** Words of TYPE that are registered (RFC 2426 §3.2, §3.3, RFC 6350 §5.6, §6.4.1): their case means nothing. */
const TYPES: ReadonlySet<string> = new Set(
  'home work voice fax cell msg video pager bbs modem car isdn pcs text textphone dom intl postal parcel internet x400'.split(
    ' ',
  ),
);

/** CHARSET has no place in 4.0, and TYPE=pref is PREF=1 (RFC 6350 §5.3). */
function commonTo4(draft: Draft): void {
  draft.take('CHARSET');
  if (draft.hasType('pref')) {
    draft.isPreferred = true;
    draft.dropType('pref');
    if (!draft.params.has('PREF')) draft.setParam('PREF', '1');
  }
  draft.types = draft.types.map((type) => (TYPES.has(type.toLowerCase()) ? type.toLowerCase() : type));
}

function to3(drafts: Draft[]): Draft[] {
  const best = bestOf(drafts);
  for (const draft of drafts) commonTo3(draft, best.get(draft.name) as number);
  const groups = groupsOf(drafts);
  let number = 0;
  const freeGroup = (): string => {
    do number++;
    while (groups.has(`ITEM${number}`));
    return `item${number}`;
  };
  const result = drafts.flatMap((draft) => {
    markOwn(draft, groups);
    if (nameTo3(draft)) return [draft];
    RULES[draft.name]?.to3?.(draft);
    const label = /^(?:ANNIVERSARY|RELATED)$/.test(draft.name) ? labelledTo3(draft, freeGroup) : undefined;
    return label ? [draft, label] : [draft];
  });
  onlyFirstName(result);
  return joinLists(sortingTo3(labelsTo3(result)));
}

/** The best PREF among the properties of each name, as far as it is a number (RFC 6350 §5.3). */
function bestOf(drafts: readonly Draft[]): Map<string, number> {
  const best = new Map<string, number>();
  for (const draft of drafts) best.set(draft.name, Math.min(best.get(draft.name) ?? Number.POSITIVE_INFINITY, preference(draft)));
  return best;
}

function preference(draft: Draft): number {
  const value = draft.param('PREF') ?? '';
  return /^(?:[1-9]\d?|100)$/.test(value) ? Number(value) : Number.POSITIVE_INFINITY;
}

/** 3.0 knows preferred and not: the best is, and finer grades stay beside. */
function commonTo3(draft: Draft, best: number): void {
  const own = preference(draft);
  if (own === 1) draft.setParam('PREF', undefined);
  const isBest = Number.isFinite(own) && own === best;
  const types = draft.types.map((type) => (TYPES.has(type.toLowerCase()) ? type.toUpperCase() : type));
  draft.types = isBest ? [...types, 'PREF'] : types;
}

/** 3.0 has one FN; the preferred stays, and other languages and forms are set aside. */
function onlyFirstName(drafts: readonly Draft[]): void {
  const names = drafts.filter(({ name }) => name === 'FN');
  const shown = names.find((draft) => draft.hasType('pref')) ?? names[0];
  for (const draft of names) if (draft !== shown) setAside(draft);
}

/** N, which 3.0 wants, from what the card is called. */
function withN(drafts: Draft[]): Draft[] {
  if (drafts.some(({ name }) => name === 'N')) return drafts;
  const shown = drafts.find(({ name }) => name === 'FN')?.text.trim() ?? '';
  const has = (name: string) => drafts.some((draft) => draft.name === name);
  const words = shown.split(/\s+/);
  const family = words.length > 1 || has('X-ADDRESSBOOKSERVER-KIND') ? words.pop() : '';
  const parts = has('X-ABSHOWAS') ? ['', ''] : has('X-ADDRESSBOOKSERVER-KIND') ? [shown, ''] : [family, words.join(' ')];
  const value = `${parts.map((part) => escapeText(part ?? '')).join(';')};;;`;
  const at = drafts.findIndex(({ name }) => name === 'FN') + 1;
  return [...drafts.slice(0, at), new Draft('N', value), ...drafts.slice(at)];
}
