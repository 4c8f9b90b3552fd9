import { type Component, formatList, Property } from '../../../formats/content-lines.js';
import { labelOf, removeProperty, setText } from '../../../formats/vcard/edit.js';
import type { CardModel } from './card-model.js';

/** How apps call one person that another is related to: properties of their own, TYPE of RELATED, Apple's label. */
export interface Relation {
  /** The first is written in 3.0. */
  readonly names: readonly string[];
  readonly type: string;
  readonly label: string;
}

export const RELATIONS = {
  spouse: {
    names: ['X-SPOUSE', 'X-MS-SPOUSE', 'X-EVOLUTION-SPOUSE', 'X-KADDRESSBOOK-X-SPOUSESNAME'],
    type: 'spouse',
    label: 'spouse',
  },
  manager: {
    names: ['X-MANAGER', 'X-MS-MANAGER', 'X-EVOLUTION-MANAGER', 'X-KADDRESSBOOK-X-MANAGERSNAME'],
    type: 'x-manager',
    label: 'manager',
  },
  assistant: {
    names: ['X-ASSISTANT', 'X-MS-ASSISTANT', 'X-EVOLUTION-ASSISTANT', 'X-KADDRESSBOOK-X-ASSISTANTSNAME'],
    type: 'agent',
    label: 'assistant',
  },
  child: { names: ['X-CHILDREN', 'X-MS-CHILD'], type: 'child', label: 'child' },
} as const satisfies Record<string, Relation>;

/** The lines that name somebody by a text; links to other cards say no name. */
function linesOf(card: Component, relation: Relation): Property[] {
  return card.properties.filter((property) => {
    if (relation.names.includes(property.name)) return true;
    if (property.name === 'X-ABRELATEDNAMES') return labelOf(card, property)?.toLowerCase() === relation.label;
    if (property.name !== 'RELATED') return false;
    const isLink = /^(?:urn:|https?:|mailto:)/i.test(property.value) && property.param('VALUE')?.toLowerCase() !== 'text';
    return !isLink && property.paramValues('TYPE').some((type) => type.toLowerCase() === relation.type);
  });
}

export function relatedTo({ card }: CardModel, relation: Relation): string | undefined {
  return linesOf(card, relation)
    .map((property) => property.text.trim())
    .find(Boolean);
}

export function setRelated(model: CardModel, relation: Relation, value: string | undefined): void {
  const all = linesOf(model.card, relation).filter((property) => property.text.trim() !== '');
  const same = alike(all, all[0], (property) => property.text.trim());
  if (value === undefined) for (const property of same) removeProperty(model.card, property);
  else for (const property of same.length > 0 ? same : [addLine(model, relation)]) setText(property, value);
}

/** The lines that say the same as one of them: what an app wrote in several ways is changed in all of them. */
export function alike(all: readonly Property[], one: Property | undefined, saying: (property: Property) => string) {
  return one ? all.filter((property) => saying(property) === saying(one)) : [];
}

/** Every name of a relation: lines of one name each, and lists. */
export function allRelated({ card }: CardModel, relation: Relation): readonly string[] | undefined {
  const names = linesOf(card, relation).flatMap((property) => property.list.map((name) => name.trim()).filter(Boolean));
  return names.length > 0 ? [...new Set(names)] : undefined;
}

/** Names that stay keep their lines; those gone go from theirs; new ones come in one line. */
export function setAllRelated(model: CardModel, relation: Relation, values: readonly string[] = []): void {
  const known = new Set<string>();
  for (const property of linesOf(model.card, relation)) {
    const kept = property.list.map((name) => name.trim()).filter((name) => values.includes(name) && !known.has(name));
    for (const name of kept) known.add(name);
    if (kept.length === 0) removeProperty(model.card, property);
    else if (kept.length < property.list.length) property.value = formatList(kept);
  }
  const fresh = values.filter((name) => !known.has(name));
  if (model.version === '4.0') for (const name of fresh) setText(addLine(model, relation), name);
  else if (fresh.length > 0) addFresh(model, relation, fresh);
}

function addFresh(model: CardModel, relation: Relation, names: readonly string[]): void {
  const line = model.card.first(relation.names[0] as string);
  if (line) line.value = formatList([...line.list, ...names]);
  else addLine(model, relation).value = formatList(names);
}

function addLine({ card, version }: CardModel, relation: Relation): Property {
  if (version !== '4.0') return card.add(new Property(relation.names[0] as string, ''));
  return card.add(new Property('RELATED', '', { VALUE: 'text', TYPE: relation.type }));
}

/** Properties of instant-messaging handles of their own, which IMPP (RFC 4770) replaced. */
const MESSENGERS = [
  'X-JABBER',
  'X-AIM',
  'X-SKYPE',
  'X-SKYPE-USERNAME',
  'X-ICQ',
  'X-MSN',
  'X-YAHOO',
  'X-GOOGLE-TALK',
  'X-GADUGADU',
  'X-QQ',
];
const SCHEME = /^([a-z][a-z0-9+.-]*):(?!\/\/)/i;

/** Lines of handles, IMPP first; what an app wrote twice, both ways, counts once. */
function handles(card: Component): Property[] {
  const found = new Map<string, Property>();
  for (const property of card.all('IMPP')) found.set(handleOf(property).toLowerCase(), property);
  for (const name of MESSENGERS)
    for (const property of card.all(name)) {
      const handle = handleOf(property).toLowerCase();
      if (!found.has(handle)) found.set(handle, property);
    }
  found.delete('');
  return [...found.values()];
}

/** A handle without the scheme of its service: `xmpp:ada@example.org` → `ada@example.org` */
export function plainHandle(text: string): string {
  return text.replace(SCHEME, '');
}

function handleOf(property: Property): string {
  const text = property.text.trim();
  if (property.name !== 'IMPP') return text;
  try {
    return decodeURIComponent(plainHandle(text));
  } catch {
    return plainHandle(text);
  }
}

export const MESSENGER_TAGS = ['Contacts2:IMAddress', 'Contacts2:IMAddress2', 'Contacts2:IMAddress3'] as const;
type MessengerTag = (typeof MESSENGER_TAGS)[number];

/** Which line each of the three elements shows. */
export function messengerSlots(card: Component): [MessengerTag, Property][] {
  const found = handles(card);
  return MESSENGER_TAGS.flatMap((tag, at): [MessengerTag, Property][] => (found[at] ? [[tag, found[at]]] : []));
}

export function messengerOf({ slots }: CardModel, tag: MessengerTag): string | undefined {
  const property = slots.get(tag);
  return property && handleOf(property);
}

export function setMessenger({ card, slots }: CardModel, tag: MessengerTag, value: string | undefined): void {
  const same = alike([...card.all('IMPP'), ...MESSENGERS.flatMap((name) => card.all(name))], slots.get(tag), (property) =>
    handleOf(property).toLowerCase(),
  );
  if (value === undefined) for (const property of same) removeProperty(card, property);
  else for (const property of same.length > 0 ? same : [card.add(new Property('IMPP', ''))]) writeHandle(property, value);
}

function writeHandle(target: Property, value: string): void {
  if (target.name !== 'IMPP') setText(target, plainHandle(value));
  else target.value = SCHEME.test(value) ? value : `${SCHEME.exec(target.value)?.[1] ?? 'im'}:${encodeURI(value)}`;
}
