/** Canonical path of a collection in an account's calendar home. */
export function calendarPath(address: string, slug: string): string {
  return `/dav/calendars/${encodeURIComponent(address)}/${encodeURIComponent(slug)}/`;
}

/** Canonical path of an address book. */
export function bookPath(address: string, slug: string): string {
  return `/dav/addressbooks/${encodeURIComponent(address)}/${encodeURIComponent(slug)}/`;
}

/** A calendar object around lines of a VEVENT; without DTSTART among them it gets one. */
export function event(uid: string, ...lines: readonly string[]): string {
  return calendarObject(
    'VEVENT',
    uid,
    lines.some((line) => line.startsWith('DTSTART')) ? lines : ['DTSTART:20260301T100000Z', ...lines],
  );
}

/** A calendar object with one component. */
export function calendarObject(component: string, uid: string, lines: readonly string[]): string {
  const inner = [`BEGIN:${component}`, `UID:${uid}`, 'DTSTAMP:20260101T000000Z', ...lines, `END:${component}`];
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Test//EN', ...inner, 'END:VCALENDAR', ''].join('\r\n');
}

/** A vCard 3.0. */
export function card(uid: string, name: string, ...lines: readonly string[]): string {
  return ['BEGIN:VCARD', 'VERSION:3.0', `UID:${uid}`, `FN:${name}`, `N:${name};;;;`, ...lines, 'END:VCARD', ''].join('\r\n');
}
