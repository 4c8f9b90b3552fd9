import { type Component, parseContentLines, serializeContentLines } from '../../formats/content-lines.js';
import { splitAlarms } from './alarms.js';
import type { Access, Item } from './model.js';

/** What remains of an event for somebody who may only know when its owner is busy. */
const TIME_PROPERTIES: ReadonlySet<string> = new Set([
  'UID',
  'DTSTAMP',
  'DTSTART',
  'DTEND',
  'DUE',
  'DURATION',
  'RRULE',
  'RDATE',
  'EXDATE',
  'RECURRENCE-ID',
  'SEQUENCE',
  'STATUS',
  'TRANSP',
  'X-MICROSOFT-CDO-BUSYSTATUS',
]);

const CALENDAR_PROPERTIES: ReadonlySet<string> = new Set(['VERSION', 'PRODID', 'CALSCALE']);

/**
 * An item as a viewer may see it, on every read path alike: with `busy` access only times are left, with `read` access
 * that holds for events that their owner marked private (RFC 5545 §3.8.1.3). Who may write sees everything but the owner's
 * alarms: they would wake everybody.
 */
export function visibleTo(access: Access, item: Item): Item {
  if (access === 'owner' || item.component === 'VCARD') return item;
  const bare = { ...item, text: splitAlarms(item.text).text };
  if (access === 'write' || (access === 'read' && !/^CLASS[:;]/im.test(item.text))) return bare;
  return { ...item, text: hide(bare.text, access === 'busy' ? () => true : isPrivate) };
}

function hide(text: string, hidden: (component: Component) => boolean): string {
  const roots = parseContentLines(text);
  for (const calendar of roots) {
    const main = calendar.components.filter((component) => component.name !== 'VTIMEZONE');
    if (!main.some(hidden)) continue;
    for (const component of main) reduce(component);
    for (const { name } of calendar.properties) if (!CALENDAR_PROPERTIES.has(name)) calendar.remove(name);
  }
  return serializeContentLines(roots);
}

function isPrivate(component: Component): boolean {
  return /^(PRIVATE|CONFIDENTIAL)$/i.test(component.first('CLASS')?.value.trim() ?? '');
}

function reduce(component: Component): void {
  for (const { name } of component.properties) if (!TIME_PROPERTIES.has(name)) component.remove(name);
  for (const part of component.components) if (part.name === 'VALARM') component.remove(part);
  component.set('SUMMARY', 'Busy');
}
