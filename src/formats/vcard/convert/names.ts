import { escapeText, Property, unescapeText } from '../../content-lines.js';
import { dateTo3, dateTo4 } from './dates.js';
import { Draft } from './draft.js';
import { NAME_IN_3, NAME_IN_4 } from './marks.js';

/** A property that 4.0 has and that apps write in 3.0 under names of their own. */
interface Alias {
  readonly name: string;
  /** TYPE of RELATED. */
  readonly type?: string;
  /** Scheme of IMPP. */
  readonly scheme?: string;
}

const related = (type: string, ...names: string[]): [string, Alias][] => names.map((name) => [name, { name: 'RELATED', type }]);
const handle = (scheme: string, ...names: string[]): [string, Alias][] => names.map((name) => [name, { name: 'IMPP', scheme }]);
const same = (...names: string[]): [string, Alias][] => names.map((name) => [name, { name }]);

const ALIASES: ReadonlyMap<string, Alias> = new Map([
  ...['X-ANNIVERSARY', 'X-EVOLUTION-ANNIVERSARY', 'X-KADDRESSBOOK-X-ANNIVERSARY', 'X-MS-ANNIVERSARY'].map(
    (name): [string, Alias] => [name, { name: 'ANNIVERSARY' }],
  ),
  ...related('spouse', 'X-SPOUSE', 'X-MS-SPOUSE', 'X-EVOLUTION-SPOUSE', 'X-KADDRESSBOOK-X-SPOUSESNAME'),
  ...related('x-manager', 'X-MANAGER', 'X-MS-MANAGER', 'X-EVOLUTION-MANAGER', 'X-KADDRESSBOOK-X-MANAGERSNAME'),
  ...related('agent', 'X-ASSISTANT', 'X-MS-ASSISTANT', 'X-EVOLUTION-ASSISTANT', 'X-KADDRESSBOOK-X-ASSISTANTSNAME'),
  ...related('child', 'X-CHILDREN', 'X-MS-CHILD'),
  ...handle('xmpp', 'X-JABBER'),
  ...handle('aim', 'X-AIM'),
  ...handle('icq', 'X-ICQ'),
  ...handle('msnim', 'X-MSN'),
  ...handle('ymsgr', 'X-YAHOO'),
  ...handle('skype', 'X-SKYPE', 'X-SKYPE-USERNAME'),
  // Names of 4.0 that a 3.0 card may have already, and that are called otherwise when they come from 4.0.
  ...same('ANNIVERSARY', 'RELATED', 'KIND', 'MEMBER'),
]);

/** Properties of which a card of 4.0 has at most one. */
const SINGLE: ReadonlySet<string> = new Set(['ANNIVERSARY', 'KIND']);
/** Lists in 3.0, one line each in 4.0. */
const LISTS: ReadonlySet<string> = new Set(['X-CHILDREN', 'X-MS-CHILD']);

/** Names that are 3.0's own. Apple's of groups and companies are none: they are never meant otherwise. */
const OWN: ReadonlySet<string> = new Set([
  ...[...ALIASES.keys()].filter((name) => name.startsWith('X-')),
  ...['X-ABDATE', 'X-ABRELATEDNAMES', 'AGENT', 'LABEL', 'SORT-STRING'],
]);

/** A line of 4.0 under a name that is 3.0's own has it in 4.0 again. */
export function markOwn(draft: Draft, groups: Groups): void {
  const isOther = draft.name === 'X-ABDATE' && labelOf(draft, groups)?.text !== usual('Anniversary');
  if (OWN.has(draft.name) && !isOther) draft.setParam(NAME_IN_4, draft.name);
}

/** Gives a line of 3.0 the name that 4.0 has for it. @returns what it becomes */
export function nameTo4(draft: Draft, card: readonly Draft[]): readonly Draft[] {
  const alias = ALIASES.get(draft.name);
  if (!alias || draft.value.trim() === '' || keepsItsName(draft)) return [draft];
  if (SINGLE.has(alias.name) && card.some((other) => other !== draft && other.name === alias.name)) return [draft];
  if (alias.scheme !== undefined && !toMessenger(draft, alias.scheme, card)) return [draft];
  draft.setParam(NAME_IN_3, draft.name);
  const { name } = draft;
  draft.name = alias.name;
  if (alias.name === 'ANNIVERSARY') dateTo4(draft);
  if (alias.type === undefined) return [draft];
  draft.setParam('VALUE', 'text');
  draft.types = [...draft.types, alias.type];
  return LISTS.has(name) ? splitList(draft) : [draft];
}

/** Whether a name of 4.0 in a 3.0 card would be the same if it came from 4.0. */
function keepsItsName(draft: Draft): boolean {
  if (draft.name === 'RELATED') return draft.valueType !== 'text';
  if (draft.name === 'KIND') return !/^(?:group|org)$/i.test(draft.value.trim());
  return draft.name === 'ANNIVERSARY' && draft.group !== null;
}

/** A handle as an URI, unless the card says the same by IMPP already. */
function toMessenger(draft: Draft, scheme: string, card: readonly Draft[]): boolean {
  const value = `${scheme}:${encodeURIComponent(draft.text).replace(/%40/g, '@')}`;
  if (card.some((other) => other.name === 'IMPP' && other.value.toLowerCase() === value.toLowerCase())) return false;
  draft.value = value;
  return true;
}

function splitList(draft: Draft): Draft[] {
  const names = new Property(draft.name, draft.value).list;
  return names.map((name) => {
    const one = new Draft(draft.name, escapeText(name), {}, draft.group);
    for (const [key, values] of draft.params) one.params.set(key, values);
    return one;
  });
}

/** Gives a line of 4.0 the name it had in 3.0. @returns whether it had one */
export function nameTo3(draft: Draft): boolean {
  const name = draft.param(NAME_IN_3)?.toUpperCase();
  const alias = name === undefined ? undefined : ALIASES.get(name);
  if (name === undefined || alias?.name !== draft.name) return false;
  if (alias.type !== undefined && draft.valueType !== 'text') return false;
  if (alias.scheme !== undefined) {
    if (!draft.value.toLowerCase().startsWith(`${alias.scheme}:`)) return false;
    draft.value = escapeText(decoded(draft.value.slice(alias.scheme.length + 1)));
  }
  draft.take(NAME_IN_3);
  if (draft.name === 'ANNIVERSARY') anniversaryTo3(draft, name);
  else draft.name = name;
  if (alias.type === undefined) return true;
  draft.dropType(alias.type);
  draft.setParam('VALUE', undefined);
  return true;
}

function anniversaryTo3(draft: Draft, name: string): void {
  draft.setParam(NAME_IN_3, name); // for a date that 3.0 has no form for
  dateTo3(draft);
  draft.take(NAME_IN_3);
  draft.name = name;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return unescapeText(value);
  }
}

/** Puts lists together again that 4.0 has a line for each of. */
export function joinLists(drafts: readonly Draft[]): Draft[] {
  const found = new Map<string, Draft>();
  return drafts.filter((draft) => {
    const first = found.get(draft.name);
    if (!LISTS.has(draft.name) || draft.source?.name === draft.name) return true;
    found.set(draft.name, first ?? draft);
    if (first) first.value = `${first.value},${draft.value}`;
    return first === undefined;
  });
}

/** Words of Apple's labels for the kinds of relations that 4.0 has too (RFC 6350 §6.6.6). */
const LABELS: readonly (readonly [type: string, label: string])[] = [
  ['spouse', 'Spouse'],
  ['child', 'Child'],
  ['friend', 'Friend'],
  ['parent', 'Parent'],
  ['agent', 'Assistant'],
  ['x-manager', 'Manager'],
];

const usual = (label: string): string => `_$!<${label}>!$_`;

/** Lines by the name of their group, upper case. */
export type Groups = ReadonlyMap<string, readonly Draft[]>;

export function groupsOf(drafts: readonly Draft[]): Groups {
  const groups = new Map<string, Draft[]>();
  for (const draft of drafts) {
    const group = draft.group?.toUpperCase();
    const lines = group === undefined ? undefined : groups.get(group);
    if (lines) lines.push(draft);
    else if (group !== undefined) groups.set(group, [draft]);
  }
  return groups;
}

/** The label of a line that shares its group with nothing else. */
function labelOf(draft: Draft, groups: Groups): Draft | undefined {
  const lines = groups.get(draft.group?.toUpperCase() ?? '') ?? [];
  const [label] = lines.length === 2 ? lines.filter((other) => other !== draft) : [];
  return label?.name === 'X-ABLABEL' ? label : undefined;
}

/**
 * Apple's labelled dates and names: `item1.X-ABDATE` with the label Anniversary, `item1.X-ABRELATEDNAMES`. A label that
 * 4.0 has a word for is said by that word; any other stays beside.
 */
export function labelledTo4(draft: Draft, groups: Groups, hasAnniversary: boolean, gone: Set<Draft>): void {
  const label = labelOf(draft, groups);
  const isSaid = draft.name === 'X-ABDATE' ? !hasAnniversary && dateOf(draft, label) : nameOf(draft, label);
  if (!isSaid || !label) return;
  gone.add(label);
  draft.group = null;
}

function dateOf(draft: Draft, label: Draft | undefined): boolean {
  if (label?.text !== usual('Anniversary') || label.params.size > 0) return false;
  const trial = new Draft('ANNIVERSARY', draft.value, {}, null);
  for (const [key, values] of draft.params) trial.params.set(key, values);
  dateTo4(trial);
  if (trial.params.has(NAME_IN_3)) return false;
  dateTo4(draft);
  draft.name = 'ANNIVERSARY';
  return true;
}

function nameOf(draft: Draft, label: Draft | undefined): boolean {
  const [type] = LABELS.find(([, word]) => label?.params.size === 0 && label.text === usual(word)) ?? [];
  const isSaid = type !== undefined && draft.types.length === 0;
  draft.name = 'RELATED';
  draft.setParam('VALUE', 'text');
  if (isSaid) draft.types = [type];
  else draft.setParam(NAME_IN_3, 'X-ABRELATEDNAMES');
  return isSaid;
}

/** Dates and names of 4.0 in Apple's form. @returns the line of the label that belongs to it, if it needs one */
export function labelledTo3(draft: Draft, freeGroup: () => string): Draft | undefined {
  if (draft.name === 'RELATED' && draft.param(NAME_IN_3) === 'X-ABRELATEDNAMES') {
    draft.take(NAME_IN_3);
    draft.setParam('VALUE', undefined);
    draft.name = 'X-ABRELATEDNAMES';
    return undefined;
  }
  const isDate = draft.name === 'ANNIVERSARY';
  const types = draft.types.filter((type) => type.toLowerCase() !== 'pref');
  const label = isDate ? 'Anniversary' : LABELS.find(([type]) => types.length === 1 && draft.hasType(type))?.[1];
  if (isDate) dateTo3(draft);
  if (label === undefined || draft.group !== null || (isDate ? draft.name !== 'ANNIVERSARY' : draft.valueType !== 'text'))
    return undefined;
  draft.name = isDate ? 'X-ABDATE' : 'X-ABRELATEDNAMES';
  if (!isDate) {
    draft.types = draft.types.filter((type) => !types.includes(type));
    draft.setParam('VALUE', undefined);
  }
  draft.group = freeGroup();
  return new Draft('X-ABLABEL', usual(label), {}, draft.group);
}
