import type { TagName } from '../../../formats/wbxml/pages.js';

/** An element that shows one line of several of a kind (TEL, EMAIL, ADR). Words are types and labels, lower case, without `x-`. */
export interface Slot {
  /** The element; for addresses the beginning of its elements' names. */
  readonly tag: TagName | AddressSlot;
  /** Which lines the element is made for; absent: any. */
  readonly isFor?: (words: ReadonlySet<string>) => boolean;
  /** TYPE of a new line. */
  readonly types: readonly string[];
  /** Whether the first of its kind is the preferred one. */
  readonly preferred?: boolean;
  /** Words of lines that may stand here when their own elements are taken. */
  readonly near?: readonly string[];
  /** How well a line of any kind may stand here, higher first. */
  readonly spare?: number;
}

export type AddressSlot = 'Contacts:BusinessAddress' | 'Contacts:HomeAddress' | 'Contacts:OtherAddress';

const has = (word: string) => (words: ReadonlySet<string>) => words.has(word);
const isFax = has('fax');

/** Numbers with a purpose of their own, before those that are only somebody's at home or at work. */
const SPECIAL = ['fax', 'pager', 'car', 'radio', 'assistant', 'company', 'main', 'mms', 'cell', 'mobile', 'iphone'];

function isVoice(place: string): (words: ReadonlySet<string>) => boolean {
  return (words) => words.has(place) && !SPECIAL.some((word) => words.has(word));
}

/** In the order in which a number looks for its place: the particular first. */
export const PHONE_SLOTS: readonly Slot[] = [
  { tag: 'Contacts:HomeFaxNumber', types: ['home', 'fax'], isFor: (words) => isFax(words) && words.has('home'), near: ['fax'] },
  { tag: 'Contacts:BusinessFaxNumber', types: ['work', 'fax'], isFor: isFax, near: ['fax'] },
  { tag: 'Contacts:PagerNumber', types: ['pager'], isFor: has('pager'), spare: 1 },
  { tag: 'Contacts:CarPhoneNumber', types: ['car', 'voice'], isFor: has('car'), spare: 5 },
  { tag: 'Contacts:RadioPhoneNumber', types: ['x-radio'], isFor: has('radio'), spare: 4 },
  { tag: 'Contacts:AssistantPhoneNumber', types: ['x-assistant'], isFor: has('assistant'), spare: 2, near: ['work'] },
  {
    tag: 'Contacts2:CompanyMainPhone',
    types: ['x-company'],
    isFor: (words) => words.has('company') || words.has('main'),
    spare: 3,
    near: ['work', 'work'],
  },
  { tag: 'Contacts2:MMS', types: ['x-mms'], isFor: has('mms'), spare: 3 },
  {
    tag: 'Contacts:MobilePhoneNumber',
    types: ['cell', 'voice'],
    isFor: (words) => ['cell', 'mobile', 'iphone'].some((word) => words.has(word)),
    spare: 10,
  },
  { tag: 'Contacts:BusinessPhoneNumber', types: ['work', 'voice'], isFor: isVoice('work'), spare: 8, near: ['work'] },
  { tag: 'Contacts:Business2PhoneNumber', types: ['work', 'voice'], isFor: isVoice('work'), spare: 6, near: ['work'] },
  { tag: 'Contacts:HomePhoneNumber', types: ['home', 'voice'], isFor: isVoice('home'), spare: 9, near: ['home'] },
  { tag: 'Contacts:Home2PhoneNumber', types: ['home', 'voice'], isFor: isVoice('home'), spare: 7, near: ['home', 'cell'] },
];

export const MAIL_SLOTS: readonly Slot[] = [
  { tag: 'Contacts:Email1Address', types: ['internet'], isFor: () => true, preferred: true },
  { tag: 'Contacts:Email2Address', types: ['internet'], isFor: () => true },
  { tag: 'Contacts:Email3Address', types: ['internet'], isFor: () => true },
];

export const ADDRESS_SLOTS: readonly Slot[] = [
  { tag: 'Contacts:BusinessAddress', types: ['work'], isFor: has('work') },
  { tag: 'Contacts:HomeAddress', types: ['home'], isFor: has('home'), spare: 1 },
  {
    tag: 'Contacts:OtherAddress',
    types: [],
    isFor: (words) => !words.has('work') && !words.has('home'),
    spare: 2,
  },
];
