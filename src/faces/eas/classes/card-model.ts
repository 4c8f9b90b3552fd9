import { type Component, Property } from '../../../formats/content-lines.js';
import {
  byPreference,
  component,
  purposes,
  removeProperty,
  setComponent,
  setText,
  typeParam,
} from '../../../formats/vcard/edit.js';
import { type CardVersion, cardVersion, parseCard } from '../../../formats/vcard/validate.js';
import type { TagName } from '../../../formats/wbxml/pages.js';
import { messengerSlots } from './card-relations.js';
import { ADDRESS_SLOTS, type AddressSlot, MAIL_SLOTS, PHONE_SLOTS, type Slot } from './card-slots.js';

/** A card opened for a device: which of its lines stands in which element. */
export interface CardModel {
  readonly card: Component;
  readonly version: CardVersion;
  /** Phones, mails and addresses by the element (for addresses: its beginning) that shows them. */
  readonly slots: Map<string, Property>;
  /** FileAs as a client wants it; null for none of its own. Written last, since it mostly follows from the name. */
  fileAs?: string | null;
}

/** @throws CardError for a text that is no card */
export function openCard(text: string): CardModel {
  return modelOf(parseCard(text));
}

export function modelOf(card: Component): CardModel {
  const slots = new Map<string, Property>([
    ...assign(card, 'TEL', PHONE_SLOTS),
    ...assign(card, 'EMAIL', MAIL_SLOTS),
    ...assign(card, 'ADR', ADDRESS_SLOTS),
    ...messengerSlots(card),
  ]);
  return { card, version: cardVersion(card), slots };
}

/**
 * Gives each line an element: first those that an element is made for, in the order of preference; the rest goes into what
 * is free, so that nothing is hidden as long as there is room.
 */
function assign(card: Component, name: string, slots: readonly Slot[]): Map<string, Property> {
  const taken = new Map<string, Property>();
  const left: { property: Property; words: ReadonlySet<string> }[] = [];
  for (const property of byPreference(card, name)) {
    if (!isFilled(property)) continue;
    const words = purposes(card, property);
    const own = slots.find((slot) => slot.isFor?.(words) && !taken.has(slot.tag));
    if (own) taken.set(own.tag, property);
    else left.push({ property, words });
  }
  for (const { property, words } of left) {
    const free = roomFor(words, slots).find((slot) => !taken.has(slot.tag));
    if (free) taken.set(free.tag, property);
  }
  return taken;
}

function isFilled(property: Property): boolean {
  return property.value.replace(/[;\s]/g, '') !== '';
}

/** Where else a line may stand: first where it is least wrong. */
function roomFor(words: ReadonlySet<string>, slots: readonly Slot[]): readonly Slot[] {
  return [...slots].sort((a, b) => fit(b, words) - fit(a, words));
}

function fit(slot: Slot, words: ReadonlySet<string>): number {
  return (slot.near?.filter((word) => words.has(word)).length ?? 0) * 10 + (slot.spare ?? 0);
}

/** Phone numbers may be URIs in 4.0 (RFC 6350 §6.4.1). */
export function phoneOf({ slots }: CardModel, tag: TagName): string | undefined {
  const property = slots.get(tag);
  if (!property) return undefined;
  return isUri(property) ? decoded(property.value.replace(/^tel:/i, '')) : property.text.trim();
}

export function setPhone(model: CardModel, tag: TagName, value: string | undefined): void {
  setSlot(model, 'TEL', PHONE_SLOTS, tag, value, (property, text) => {
    const isPlain = /^\+?[\d\s().-]+$/.test(text);
    if (isUri(property) && isPlain) property.value = `tel:${text.replace(/[\s().]/g, '')}`;
    else {
      property.setParam('VALUE', undefined);
      setText(property, text);
    }
  });
}

function isUri(property: Property): boolean {
  return property.param('VALUE')?.toLowerCase() === 'uri' || /^tel:/i.test(property.value);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** The name that a client gave a mail address: `"Ada" <ada@example.org>`. */
const MAIL_NAME = 'X-CN';

/** A mail address, with its name where a client gave it one. */
export function mailOf({ slots }: CardModel, tag: TagName): string | undefined {
  const property = slots.get(tag);
  const name = property?.param(MAIL_NAME);
  const address = property?.text.trim();
  return name ? `"${name}" <${address}>` : address;
}

export function setMail(model: CardModel, tag: TagName, value: string | undefined): void {
  setSlot(model, 'EMAIL', MAIL_SLOTS, tag, value, (property, text) => {
    const match = /^\s*"?([^"<>]*?)"?\s*<([^<>]+)>\s*$/.exec(text);
    setText(property, (match?.[2] ?? text).trim());
    property.setParam(MAIL_NAME, match?.[1] && match[1] !== match[2] ? match[1] : undefined);
  });
}

function setSlot(
  model: CardModel,
  name: string,
  slots: readonly Slot[],
  tag: TagName,
  value: string | undefined,
  write: (property: Property, text: string) => void,
): void {
  const property = model.slots.get(tag);
  if (value === undefined) {
    if (property) removeProperty(model.card, property);
    model.slots.delete(tag);
    return;
  }
  const target = property ?? addSlot(model, name, slots, tag);
  write(target, value);
}

/** A new line for an element; the first of its kind is the preferred one where the element says so. */
function addSlot(model: CardModel, name: string, slots: readonly Slot[], tag: Slot['tag']): Property {
  const at = slots.findIndex((candidate) => candidate.tag === tag);
  const slot = slots[at] as Slot;
  const isFirst = slot.preferred === true && model.card.all(name).length === 0;
  const types = [...slot.types, ...(isFirst && model.version !== '4.0' ? ['pref'] : [])].filter(
    (type) => type !== 'internet' || model.version !== '4.0',
  );
  const property = new Property(name, '', {
    TYPE: types.length > 0 ? typeParam(model.version, types) : undefined,
    PREF: isFirst && model.version === '4.0' ? '1' : undefined,
  });
  // The second number at work comes after the first, also when a client names it before.
  const second = slots.slice(at + 1).find((later) => later.types.join() === slot.types.join() && model.slots.has(later.tag));
  model.slots.set(slot.tag, property);
  if (!second) return model.card.add(property);
  model.card.insertBefore(property, model.slots.get(second.tag) as Property);
  return property;
}

/** Components of ADR (RFC 2426 §3.2.1). Post box and extended address are shown with the street. */
const ADR = { box: 0, extended: 1, street: 2, city: 3, state: 4, code: 5, country: 6 } as const;
const ADR_LENGTH = 7;

export type AddressPart = 'street' | 'city' | 'state' | 'code' | 'country';

/** @param slot `Contacts:BusinessAddress`, `Contacts:HomeAddress`, `Contacts:OtherAddress` */
export function addressOf({ slots }: CardModel, slot: AddressSlot, part: AddressPart): string | undefined {
  const property = slots.get(slot);
  const parts = part === 'street' ? [ADR.box, ADR.extended, ADR.street] : [ADR[part]];
  return (
    parts
      .map((at) => component(property, at))
      .filter(Boolean)
      .join('\n') || undefined
  );
}

export function setAddress(model: CardModel, slot: AddressSlot, part: AddressPart, value = ''): void {
  let property = model.slots.get(slot);
  if (!property && value === '') return;
  if (property) removeLabel(model.card, property);
  property ??= addSlot(model, 'ADR', ADDRESS_SLOTS, slot);
  setComponent(property, ADR[part], value, ADR_LENGTH);
  if (part === 'street')
    for (const at of [ADR.box, ADR.extended]) if (component(property, at)) setComponent(property, at, '', ADR_LENGTH);
  property.setParam('LABEL', undefined); // the address as it was on one label
  if (isFilled(property)) return;
  removeProperty(model.card, property);
  model.slots.delete(slot);
}

/** The address as it was on one label is a line of its own before 4.0, for the same purposes (RFC 2426 §3.2.2). */
function removeLabel(card: Component, address: Property): void {
  const purpose = (property: Property) =>
    [...purposes(card, property)]
      .filter((word) => word !== 'pref')
      .sort()
      .join();
  for (const label of card.all('LABEL')) if (purpose(label) === purpose(address)) card.remove(label);
}
