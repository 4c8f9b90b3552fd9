import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { D, type DavClient } from '../support/dav-client.js';

/** A collection on the server, and how an object of it is written. */
export interface Collection {
  path: string;
  object(uid: string, title: string): string;
}

const PATIENCE_MS = 60_000;

/** iCalendar and vCard texts with a UID and a title; events are today, where calendars show them. */
export const objects = { event, todo, card };

/** Writes an object under the name of its UID. */
export async function put(dav: DavClient, { path, object }: Collection, uid: string, title: string): Promise<void> {
  const body = object(uid, title);
  const [suffix, type] = body.startsWith('BEGIN:VCARD') ? ['vcf', 'text/vcard'] : ['ics', 'text/calendar'];
  const headers = { 'content-type': `${type}; charset=utf-8` };
  const { status } = await dav.request('PUT', `${path}${uid}.${suffix}`, { body, headers });
  assert.ok(status === 201 || status === 204, `PUT ${path}${uid}: ${status}`);
}

/** Writes many, a few at a time; gives their titles, sorted. */
export async function putMany(dav: DavClient, collection: Collection, count: number): Promise<string[]> {
  const titles = Array.from({ length: count }, (_, at) => `Many ${String(at).padStart(3, '0')}`);
  for (let at = 0; at < count; at += 8) {
    await Promise.all(
      titles.slice(at, at + 8).map((title) => put(dav, collection, title.toLowerCase().replace(' ', '-'), title)),
    );
  }
  return titles;
}

/** Titles (SUMMARY or FN) of all objects in the collection, sorted. */
export async function titlesThere(dav: DavClient, { path }: Collection): Promise<string[]> {
  const { responses } = await dav.propfind(path, [D('getetag')], 1);
  const members = responses.filter(({ href }) => /\.(ics|vcf)$/.test(href));
  const texts = await Promise.all(members.map(async ({ href }) => (await dav.request('GET', href)).text));
  return texts.map((text) => /^(?:SUMMARY|FN)[^:\r\n]*:(.*?)\r?$/m.exec(text)?.[1] ?? '').sort();
}

/** Tries until it holds. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(500);
    }
  }
}

const now = Date.now();

/** A time of this day, or days later, as iCalendar writes it, from `hhmmss`. */
export function today(time: string, later = 0): string {
  const day = new Date(now + later * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
  return `${day}T${time}Z`;
}

function event(uid: string, title: string, later = 0): string {
  return calendar('VEVENT', uid, title, [`DTSTART:${today('090000', later)}`, `DTEND:${today('100000', later)}`]);
}

function todo(uid: string, title: string): string {
  return calendar('VTODO', uid, title, []);
}

function calendar(component: string, uid: string, title: string, more: string[]): string {
  const inner = [`BEGIN:${component}`, `UID:${uid}`, 'DTSTAMP:20261101T090000Z', `SUMMARY:${title}`, ...more, `END:${component}`];
  return lines('BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Example//Test//EN', ...inner, 'END:VCALENDAR');
}

function card(uid: string, name: string): string {
  const [first, last] = name.split(' ');
  const mail = `EMAIL;TYPE=WORK:${uid}@example.org`;
  return lines('BEGIN:VCARD', 'VERSION:3.0', `UID:${uid}`, `FN:${name}`, `N:${last ?? ''};${first};;;`, mail, 'END:VCARD');
}

function lines(...parts: string[]): string {
  return `${parts.join('\r\n')}\r\n`;
}
