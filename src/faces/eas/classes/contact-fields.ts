import { escapeText, Property } from '../../../formats/content-lines.js';
import { type CardDate, NO_YEAR, readCardDate, writeCardDate } from '../../../formats/vcard/date.js';
import { byPreference, component, labelOf, removeProperty, setComponent, setText } from '../../../formats/vcard/edit.js';
import { writePhoto } from '../../../formats/vcard/photo.js';
import type { TagName } from '../../../formats/wbxml/pages.js';
import type { Element } from '../../../formats/wbxml/tree.js';
import { type Field, type Fields, fieldsOf } from '../schema/field.js';
import { integer, line, lines, list, readInstant, type ValueType } from '../schema/values.js';
import { bodyFor, bodyValue, plainBody, plainOf } from './body-pim.js';
import { type AddressPart, addressOf, type CardModel, mailOf, phoneOf, setAddress, setMail, setPhone } from './card-model.js';
import { fileAsOf, type NamePart, nameOf, setNamePart } from './card-name.js';
import {
  alike,
  allRelated,
  MESSENGER_TAGS,
  messengerOf,
  plainHandle,
  RELATIONS,
  type Relation,
  relatedTo,
  setAllRelated,
  setMessenger,
  setRelated,
} from './card-relations.js';
import type { AddressSlot } from './card-slots.js';
import { isEcho, pictureValue, shownPicture } from './contact-pictures.js';
import { birthdayOf, midnight, toExtended } from './dates.js';

type ContactField = Field<CardModel, string>;

const field = fieldsOf<CardModel>();

function phone(tag: TagName): ContactField {
  return field({ tag, type: line, get: (model) => phoneOf(model, tag), set: (model, value) => setPhone(model, tag, value) });
}

function mail(tag: TagName): ContactField {
  return field({ tag, type: line, get: (model) => mailOf(model, tag), set: (model, value) => setMail(model, tag, value) });
}

function namePart(tag: TagName, part: NamePart): ContactField {
  return field({
    tag,
    type: line,
    get: (model) => nameOf(model)[part],
    set: (model, value) => setNamePart(model, part, value),
  });
}

const ADDRESS_PARTS: readonly (readonly [string, AddressPart])[] = [
  ['City', 'city'],
  ['Country', 'country'],
  ['PostalCode', 'code'],
  ['State', 'state'],
  ['Street', 'street'],
];

function address(slot: AddressSlot): ContactField[] {
  return ADDRESS_PARTS.map(([name, part]) =>
    field({
      tag: `${slot}${name}` as TagName,
      type: part === 'street' ? lines : line,
      get: (model) => addressOf(model, slot, part),
      set: (model, value) => setAddress(model, slot, part, value),
    }),
  );
}

function relation(tag: TagName, which: Relation): ContactField {
  return field({
    tag,
    type: line,
    get: (model) => relatedTo(model, which),
    set: (model, value) => setRelated(model, which, value),
  });
}

/** A text property under one of several names; a new one gets the first. */
function plain(tag: TagName, ...names: [string, ...string[]]): ContactField {
  const linesOf = ({ card }: CardModel) => names.flatMap((name) => card.first(name) ?? []);
  return field({
    tag,
    type: line,
    get: (model) => linesOf(model)[0]?.text.trim(),
    set: (model, value) => {
      const all = linesOf(model);
      const same = alike(all, all[0], (property) => property.text.trim());
      if (value === undefined) for (const property of same) removeProperty(model.card, property);
      else for (const property of orNew(model, same, names[0])) setText(property, value);
    },
  });
}

/** The lines, or a new one where there are none. */
function orNew({ card }: CardModel, found: readonly Property[], name: string): readonly Property[] {
  return found.length > 0 ? found : [card.add(new Property(name, ''))];
}

/** ORG: the company, and the units in it (RFC 2426 §3.5.5). */
function company({ card }: CardModel): string {
  return component(card.first('ORG'), 0);
}

function department({ card }: CardModel): string {
  const units = card.first('ORG')?.structured.slice(1) ?? [];
  return units
    .flat()
    .map((unit) => unit.trim())
    .filter(Boolean)
    .join(', ');
}

function setOrganization(model: CardModel, at: 0 | 1, value = ''): void {
  const { card } = model;
  const property = card.first('ORG') ?? card.add(new Property('ORG', ''));
  if (at === 1) property.value = property.value.replace(/^((?:[^;\\]|\\.)*);.*$/s, '$1');
  if (at === 0 || value !== '') setComponent(property, at, value, 1);
  if (property.value.replace(/;/g, '') === '') removeProperty(card, property);
}

/** A day; without a year for a birthday of which only the day is known. Clients see a year that stands for none. */
const dayValue: ValueType<CardDate> = {
  read: (element) => {
    const instant = readInstant(element);
    if (!instant) return undefined;
    const { year, month, day } = birthdayOf(instant);
    return year === NO_YEAR ? { month, day } : { year, month, day };
  },
  // Midnight UTC is what most clients expect, and none of them puts on another day.
  write: ({ year, month, day }) => toExtended(midnight({ year: year ?? NO_YEAR, month, day })),
  same: (a, b) => a.year === b.year && a.month === b.month && a.day === b.day,
};

const ANNIVERSARIES = ['ANNIVERSARY', 'X-ANNIVERSARY', 'X-EVOLUTION-ANNIVERSARY', 'X-KADDRESSBOOK-X-ANNIVERSARY'] as const;

/** The one that is shown first, then others that say the same day: apps write it in several ways side by side. */
function anniversaryLines({ card }: CardModel): readonly Property[] {
  const labelled = card.all('X-ABDATE').filter((property) => labelOf(card, property)?.toLowerCase() === 'anniversary');
  const all = [...ANNIVERSARIES.flatMap((name) => card.first(name) ?? []), ...labelled];
  return alike(all, all[0], (property) => JSON.stringify(readCardDate(property) ?? property.value));
}

function setDay(model: CardModel, found: readonly Property[], name: string, value: CardDate | undefined): void {
  if (!value) for (const property of found) removeProperty(model.card, property);
  else for (const property of orNew(model, found, name)) writeCardDate(property, value, model.version);
}

/** A messenger's handle, with or without its scheme. */
const handle: ValueType<string> = { ...line, same: (a, b) => line.same(plainHandle(a), plainHandle(b)) };

function noteOf({ card }: CardModel): string {
  return card
    .all('NOTE')
    .map((note) => note.text)
    .filter((note) => note.trim() !== '')
    .join('\n\n');
}

function setNote({ card }: CardModel, value: string): void {
  if (value === '') card.remove('NOTE');
  else {
    const [first, ...others] = card.all('NOTE');
    for (const other of others) card.remove(other);
    setText(first ?? card.add(new Property('NOTE', '')), value);
  }
}

/** Contacts and Contacts2 in schema order (MS-ASCNTC 2.2.2). */
export const CONTACT_FIELDS: Fields<CardModel> = [
  field({
    tag: 'Contacts:Anniversary',
    type: dayValue,
    get: (model) => {
      const [property] = anniversaryLines(model);
      return property && readCardDate(property);
    },
    set: (model, value) => {
      const name = model.version === '4.0' ? 'ANNIVERSARY' : 'X-ANNIVERSARY';
      setDay(model, anniversaryLines(model), name, value);
    },
  }),
  field({
    tag: 'Contacts:Birthday',
    type: dayValue,
    get: ({ card }) => {
      const property = card.first('BDAY');
      return property && readCardDate(property);
    },
    set: (model, value) => setDay(model, model.card.all('BDAY').slice(0, 1), 'BDAY', value),
  }),
  relation('Contacts:AssistantName', RELATIONS.assistant),
  phone('Contacts:AssistantPhoneNumber'),
  phone('Contacts:Business2PhoneNumber'),
  ...address('Contacts:BusinessAddress'),
  phone('Contacts:BusinessFaxNumber'),
  phone('Contacts:BusinessPhoneNumber'),
  phone('Contacts:CarPhoneNumber'),
  field({
    tag: 'Contacts:CompanyName',
    type: line,
    get: company,
    set: (model, value) => setOrganization(model, 0, value),
  }),
  field({
    tag: 'Contacts:Department',
    type: line,
    get: department,
    set: (model, value) => setOrganization(model, 1, value),
  }),
  mail('Contacts:Email1Address'),
  mail('Contacts:Email2Address'),
  mail('Contacts:Email3Address'),
  field({
    tag: 'Contacts:FileAs',
    type: line,
    absent: 'kept',
    get: fileAsOf,
    set: (model, value) => {
      model.fileAs = value ?? null;
    },
  }),
  namePart('Contacts:FirstName', 'given'),
  phone('Contacts:Home2PhoneNumber'),
  ...address('Contacts:HomeAddress'),
  phone('Contacts:HomeFaxNumber'),
  phone('Contacts:HomePhoneNumber'),
  plain('Contacts:JobTitle', 'TITLE'),
  namePart('Contacts:LastName', 'family'),
  namePart('Contacts:MiddleName', 'middle'),
  phone('Contacts:MobilePhoneNumber'),
  plain('Contacts:OfficeLocation', 'X-MS-OFFICE', 'X-EVOLUTION-OFFICE', 'X-KADDRESSBOOK-X-OFFICE'),
  ...address('Contacts:OtherAddress'),
  phone('Contacts:PagerNumber'),
  phone('Contacts:RadioPhoneNumber'),
  relation('Contacts:Spouse', RELATIONS.spouse),
  namePart('Contacts:Suffix', 'suffix'),
  namePart('Contacts:Title', 'prefix'),
  field({
    tag: 'Contacts:WebPage',
    type: line,
    get: ({ card }) => byPreference(card, 'URL')[0]?.text.trim(),
    set: ({ card }, value) => {
      const property = byPreference(card, 'URL')[0];
      if (value === undefined) {
        if (property) removeProperty(card, property);
      } else (property ?? card.add(new Property('URL', ''))).value = value;
    },
  }),
  plain('Contacts:YomiCompanyName', 'X-PHONETIC-ORG'),
  plain('Contacts:YomiFirstName', 'X-PHONETIC-FIRST-NAME'),
  plain('Contacts:YomiLastName', 'X-PHONETIC-LAST-NAME'),
  field({
    tag: 'Contacts:Categories',
    type: list('Contacts:Category'),
    get: ({ card }) => {
      const names = card.all('CATEGORIES').flatMap((property) => property.list.map((name) => name.trim()).filter(Boolean));
      return names.length > 0 ? [...new Set(names)] : undefined;
    },
    set: ({ card }, value = []) => {
      if (value.length === 0) card.remove('CATEGORIES');
      else card.set('CATEGORIES', value.map(escapeText).join(','));
    },
  }),
  field({
    tag: 'Contacts:Children',
    type: list('Contacts:Child'),
    get: (model) => allRelated(model, RELATIONS.child),
    set: (model, value) => setAllRelated(model, RELATIONS.child, value),
  }),
  field({
    tag: 'Contacts:Picture',
    type: pictureValue,
    absent: 'kept',
    // A well-known phone sends an empty one with every edit of a picture that it did not make.
    empty: 'kept',
    get: shownPicture,
    // The small picture of a large one comes back with every edit: the large one stays.
    set: (model, value) => {
      if (value === undefined || !isEcho(model, value)) writePhoto(model.card, value, model.version);
    },
  }),
  field({
    tag: 'AirSyncBase:Body',
    type: bodyValue,
    since: '12.0',
    absent: 'kept',
    get: (model, context) => bodyFor({ plain: noteOf(model) }, context),
    set: (model, value) => setNote(model, plainOf(value)),
  }),
  field({
    tag: 'AirSyncBase:NativeBodyType',
    type: integer(1, 3),
    since: '12.0',
    get: (model) => (noteOf(model) === '' ? undefined : 1),
  }),
  plain('Contacts2:AccountName', 'X-MS-ACCOUNT-NAME'),
  phone('Contacts2:CompanyMainPhone'),
  plain('Contacts2:CustomerId', 'X-MS-CUSTOMER-ID'),
  plain('Contacts2:GovernmentId', 'X-MS-GOVERNMENT-ID'),
  ...MESSENGER_TAGS.map((tag) =>
    field({ tag, type: handle, get: (model) => messengerOf(model, tag), set: (model, value) => setMessenger(model, tag, value) }),
  ),
  relation('Contacts2:ManagerName', RELATIONS.manager),
  phone('Contacts2:MMS'),
  field({
    tag: 'Contacts2:NickName',
    type: line,
    get: ({ card }) => card.first('NICKNAME')?.list[0]?.trim(),
    set: ({ card }, value) => {
      const property = card.first('NICKNAME');
      const others = property?.list.slice(1) ?? [];
      const names = [...(value === undefined ? [] : [value]), ...others].map(escapeText);
      if (names.length > 0) card.set('NICKNAME', names.join(','));
      else if (property) removeProperty(card, property);
    },
  }),
  field({
    tag: 'Contacts:Body',
    type: { ...bodyValue, read: (element: Element) => plainBody(element), write: (body) => body.data },
    until: '2.5',
    absent: 'kept',
    get: (model, context) => bodyFor({ plain: noteOf(model) }, { ...context, bodyPreferences: [] }),
    set: (model, value) => setNote(model, plainOf(value)),
  }),
];
