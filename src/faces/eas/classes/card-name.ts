import { escapeText, formatStructured, Property } from '../../../formats/content-lines.js';
import { component, componentsOf, setComponent, setText } from '../../../formats/vcard/edit.js';
import { displayName } from '../../../formats/vcard/validate.js';
import type { CardModel } from './card-model.js';

/** Components of N (RFC 2426 §3.1.2). */
const N = { family: 0, given: 1, middle: 2, prefix: 3, suffix: 4 } as const;
const N_LENGTH = 5;

export type NamePart = keyof typeof N;

export type PersonName = Readonly<Record<NamePart, string>>;

const NOBODY: PersonName = { family: '', given: '', middle: '', prefix: '', suffix: '' };

/** N; for a card without one, what FN says, its last word being the family name. */
export function nameOf(model: CardModel): PersonName {
  const parts = componentsOf(model.card.first('N'), ' ');
  const [family = '', given = '', middle = '', prefix = '', suffix = ''] = parts.slice(0, N_LENGTH);
  const name: PersonName = { family, given, middle, prefix, suffix };
  return isNobody(name) ? guessedName(model) : name;
}

function isNobody(name: PersonName): boolean {
  return name.family === '' && name.given === '' && name.middle === '' && name.prefix === '' && name.suffix === '';
}

function guessedName({ card }: CardModel): PersonName {
  const fn = card.first('FN')?.text.trim() ?? '';
  const company = component(card.first('ORG'), 0);
  // The name of a company or of a mail address is nobody's name.
  if (fn === '' || fn === company || /[@\d]/.test(fn)) return NOBODY;
  const words = fn.split(/\s+/);
  const family = words.length > 1 ? (words.pop() as string) : '';
  return { ...NOBODY, given: words.join(' '), family };
}

export function setNamePart(model: CardModel, part: NamePart, value = ''): void {
  const before = nameOf(model);
  const property = model.card.first('N');
  if (
    property &&
    !isNobody(Object.fromEntries(Object.entries(N).map(([key, at]) => [key, component(property, at)])) as PersonName)
  )
    setComponent(property, N[part], value, N_LENGTH);
  else model.card.set('N', formatN({ ...before, [part]: value }));
}

function formatN(name: PersonName): string {
  return formatStructured([name.family, name.given, name.middle, name.prefix, name.suffix]);
}

/** `Dr. Ada King Lovelace jun.` */
export function fullName(name: PersonName): string {
  return [name.prefix, name.given, name.middle, name.family, name.suffix].filter(Boolean).join(' ');
}

/** Properties that hold what FileAs says, as other servers and apps write them. */
const FILE_AS = ['X-FILE-AS', 'X-EVOLUTION-FILE-AS'] as const;

/** FileAs: what a client wanted, else what follows from the card: `Lovelace, Ada King`, the company, the first address. */
export function fileAsOf(model: CardModel): string | undefined {
  const kept = FILE_AS.map((name) => model.card.first(name)?.text.trim()).find(Boolean);
  return kept ?? usualFileAs(model);
}

function usualFileAs(model: CardModel): string | undefined {
  const { family, given, middle } = nameOf(model);
  const first = [given, middle].filter(Boolean).join(' ');
  return (
    [family, first].filter(Boolean).join(', ') || component(model.card.first('ORG'), 0) || displayName(model.card) || undefined
  );
}

/**
 * Brings what follows from the name in line with it, after a change: FN, which every card has, N, which 3.0 wants, and
 * FileAs. @param before the name and FN before the change
 */
export function settleName(model: CardModel, before: PersonName): void {
  const { card, version } = model;
  const name = nameOf(model);
  const fn = card.first('FN');
  const isRenamed = fullName(name) !== fullName(before);
  if (isRenamed && fn) setText(fn, renamed(fn.text, before, name) || otherName(model));
  else if (!fn?.text.trim()) card.set('FN', escapeText(fullName(name) || otherName(model)));
  if (version !== '4.0' && !card.first('N')) card.add(new Property('N', formatN(name)));
  settleFileAs(model);
}

/** A display name with the new words in place of the old ones; the plain full name where that leaves some out. */
function renamed(fn: string, before: PersonName, name: PersonName): string {
  let result = fn;
  for (const part of Object.keys(N) as NamePart[])
    if (before[part] !== '' && before[part] !== name[part]) result = result.replace(before[part], name[part]);
  const words = [name.given, name.family].filter(Boolean);
  const isComplete = words.length > 0 && Object.values(name).every((word) => result.includes(word));
  return isComplete ? result.replace(/\s+/g, ' ').trim() : fullName(name);
}

function otherName(model: CardModel): string {
  const { card, fileAs } = model;
  const company = component(card.first('ORG'), 0);
  const mail = card.first('EMAIL')?.text.trim();
  return fileAs || company || card.first('NICKNAME')?.list[0] || mail || card.first('TEL')?.text.trim() || '-';
}

function settleFileAs(model: CardModel): void {
  const { card, fileAs } = model;
  if (fileAs === undefined) return;
  const [kept] = FILE_AS.filter((name) => card.first(name));
  const isUsual = fileAs === null || fileAs === usualFileAs(model);
  if (isUsual) for (const name of FILE_AS) card.remove(name);
  else card.set(kept ?? FILE_AS[0], escapeText(fileAs));
}
