import { randomUUID } from 'node:crypto';
import { newCard, touch } from '../../../formats/vcard/edit.js';
import type { TagName } from '../../../formats/wbxml/pages.js';
import { child, type Element } from '../../../formats/wbxml/tree.js';
import { type Absence, agrees, applyFields, clearedUnlessGhosted, keptWhenAbsent, renderFields } from '../schema/field.js';
import { type CardModel, modelOf, openCard } from './card-model.js';
import { nameOf, type PersonName, settleName } from './card-name.js';
import { CONTACT_FIELDS } from './contact-fields.js';
import { preparePicture } from './contact-pictures.js';
import { PRODID } from './event-model.js';
import type { ApplyContext, PimItemClass, RenderContext } from './item-class.js';

/** Contacts (MS-ASCNTC) over vCard. */
export const contactsClass: PimItemClass = {
  className: 'Contacts',
  components: ['VCARD'],
  prepare: preparePicture,
  render: renderContact,
  apply: (text, data, context) => (text === null ? newContact(data, context) : changeContact(text, data, context)),
  agrees: (text, data, context) => knowsFileAs(data) && agrees(CONTACT_FIELDS, openCard(text), data, context),
};

/** Properties by which a card says that it is a list of others (RFC 6350 §6.1.4, and Apple's before it). */
const KINDS = ['KIND', 'X-ADDRESSBOOKSERVER-KIND'] as const;

/** @throws Error for a group, which devices have no form for, and for a text that is no card */
function renderContact(text: string, context: RenderContext): Element[] {
  const model = openCard(text);
  const isGroup = KINDS.some((name) => model.card.first(name)?.value.trim().toLowerCase() === 'group');
  if (isGroup) throw new Error('a group of contacts is not shown');
  return renderFields(CONTACT_FIELDS, model, context);
}

/** What a client that sends a whole contact names it by, two of them at least. */
const NAMING: readonly TagName[] = ['Contacts:FileAs', 'Contacts:LastName', 'Contacts:FirstName', 'Contacts:CompanyName'];

/** FileAs follows from these: a device that sends them without it has an older one, or none. */
const NAMES: readonly TagName[] = ['Contacts:LastName', 'Contacts:FirstName', 'Contacts:MiddleName', 'Contacts:CompanyName'];

function knowsFileAs(data: Element): boolean {
  return child(data, 'Contacts:FileAs') !== undefined || NAMES.every((tag) => child(data, tag) === undefined);
}

/**
 * A change is the whole contact, in every version, and what it leaves out is gone (MS-ASCMD Supported). One that barely
 * names the contact was meant as a change of a part, and deletes nothing.
 */
function absenceIn(data: Element, { supported }: ApplyContext): Absence {
  const isWhole = NAMING.filter((tag) => child(data, tag)).length > 1;
  return isWhole ? clearedUnlessGhosted(supported) : keptWhenAbsent;
}

function changeContact(text: string, data: Element, context: ApplyContext): string {
  const model = openCard(text);
  const before = nameOf(model);
  applyFields(CONTACT_FIELDS, model, data, context, absenceIn(data, context));
  return settled(model, before, context, text);
}

function newContact(data: Element, context: ApplyContext): string {
  const model = modelOf(newCard(randomUUID(), PRODID));
  const before = nameOf(model);
  applyFields(CONTACT_FIELDS, model, data, context);
  settleName(model, before);
  return model.card.toString();
}

/** The text with what follows from the change; as it was where nothing changed. */
function settled(model: CardModel, before: PersonName, { now }: ApplyContext, text: string): string {
  if (model.card.toString() === text && model.fileAs === undefined) return text;
  settleName(model, before);
  if (model.card.toString() === text) return text;
  touch(model.card, model.version, now);
  return model.card.toString();
}
