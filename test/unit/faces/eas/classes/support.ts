import type { Account } from '../../../../../src/domain/types.js';
import type { ApplyContext, PimItemClass, RenderContext } from '../../../../../src/faces/eas/classes/item-class.js';
import type { EasVersion } from '../../../../../src/faces/eas/versions.js';
import type { TagName } from '../../../../../src/formats/wbxml/pages.js';
import { type Content, child, type Element, el, elements, text } from '../../../../../src/formats/wbxml/tree.js';

export const NOW = new Date(Date.UTC(2026, 10, 23, 12, 0, 0));

export const USER: Account = {
  id: 'a',
  address: 'alice@example.org',
  aliases: ['al@example.org'],
  displayName: 'Alice Example',
  zone: 'Europe/Berlin',
};

export const shown = (version: EasVersion, more: Partial<RenderContext> = {}): RenderContext => ({
  version,
  user: USER,
  bodyPreferences: [],
  now: NOW,
  ...more,
});

export const sent = (version: EasVersion, more: Partial<ApplyContext> = {}): ApplyContext => ({
  version,
  user: USER,
  now: NOW,
  supported: null,
  ...more,
});

export const data = (...content: readonly Content[]): Element => el('AirSync:ApplicationData', ...content);

/** ApplicationData as a device holds it. */
export const render = (itemClass: PimItemClass, stored: string, context: RenderContext): Element =>
  data(itemClass.render(stored, context));

/** What a device says of an element, by path. */
export function at(element: Element | undefined, ...path: TagName[]): string | undefined {
  let found: Element | undefined = element;
  for (const tag of path) found = child(found, tag);
  return text(found);
}

/** The whole item sent back, with some elements in place of those that were shown. */
export function echo(item: Element, ...changed: Element[]): Element {
  const tags = new Set<TagName>([...changed.map(({ tag }) => tag), ...ANSWERS]);
  return data(
    elements(item).filter(({ tag }) => !tags.has(tag)),
    changed,
  );
}

export function without(item: Element, ...tags: TagName[]): Element {
  return data(elements(item).filter(({ tag }) => !tags.includes(tag) && !ANSWERS.includes(tag)));
}

/** What clients do not send. */
const ANSWERS: readonly TagName[] = [
  'Calendar:ResponseType',
  'Calendar:AppointmentReplyTime',
  'Calendar:OnlineMeetingExternalLink',
  'Calendar:OnlineMeetingConfLink',
  'AirSyncBase:NativeBodyType',
];

/** Unfolded lines that one text has and the other does not. */
export function difference(before: string, after: string): { readonly gone: string[]; readonly come: string[] } {
  const [old, now] = [before, after].map((value) => value.replace(/\r?\n[ \t]/g, '').split(/\r?\n/)) as [string[], string[]];
  return { gone: minus(old, now), come: minus(now, old) };
}

function minus(from: readonly string[], take: readonly string[]): string[] {
  const left = [...take];
  return from.filter((entry) => {
    const found = left.indexOf(entry);
    if (found >= 0) left.splice(found, 1);
    return found < 0;
  });
}

/** Names of the lines that differ, stamps left out. */
export function touched(before: string, after: string): string[] {
  const { gone, come } = difference(before, after);
  const names = [...gone, ...come].map((entry) => entry.replace(/[;:].*$/s, '').replace(/^.*\./, ''));
  return [...new Set(names)].filter((name) => !['DTSTAMP', 'LAST-MODIFIED', 'SEQUENCE', 'REV'].includes(name)).sort();
}

export const lines = (...all: string[]): string => `${all.join('\r\n')}\r\n`;

export const calendar = (...inner: string[]): string =>
  lines('BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN', ...inner, 'END:VCALENDAR');

export const VERSIONS: readonly EasVersion[] = ['2.5', '12.0', '12.1', '14.0', '14.1', '16.0', '16.1'];
