/** Made-up data of plausible size. Everything is computed from a number, so two runs measure the same. */

const WORDS = 'budget review with the team about plans for next quarter in room blue please bring your figures and coffee'.split(
  ' ',
);

export function sentence(seed: number, words: number): string {
  return Array.from({ length: words }, (_, n) => WORDS[(seed * 7 + n * 13 + ((seed >> 3) % 5)) % WORDS.length]).join(' ');
}

export type CollectionKind = 'calendar' | 'book';

export function objectName(kind: CollectionKind, n: number): string {
  return kind === 'calendar' ? `${n}.ics` : `${n}.vcf`;
}

export function objectText(kind: CollectionKind, n: number): string {
  return kind === 'calendar' ? event(n) : contact(n);
}

/** An event of about 600 bytes; each tenth recurs weekly. */
export function event(n: number): string {
  const day = new Date(Date.UTC(2026, 0, 1 + (n % 360), 8 + (n % 9)));
  const stamp = (date: Date) => date.toISOString().replace(/[-:]|\.\d+/g, '');
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Example//Bench//EN',
    'BEGIN:VEVENT',
    `UID:bench-${n}@example.test`,
    `DTSTAMP:${stamp(day)}`,
    `DTSTART:${stamp(day)}`,
    `DTEND:${stamp(new Date(day.getTime() + 3_600_000))}`,
    ...(n % 10 === 0 ? ['RRULE:FREQ=WEEKLY;COUNT=30'] : []),
    `SUMMARY:${sentence(n, 5)}`,
    `LOCATION:Room ${n % 40}`,
    `DESCRIPTION:${sentence(n + 1, 20).slice(0, 60)}`,
    'BEGIN:VALARM',
    'ACTION:DISPLAY',
    'DESCRIPTION:Reminder',
    'TRIGGER:-PT15M',
    'END:VALARM',
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');
}

/** The moments at which event `n` takes place, from a plain reading of what `event` writes. */
export function occurrences(n: number): { readonly start: number; readonly end: number }[] {
  const first = Date.UTC(2026, 0, 1 + (n % 360), 8 + (n % 9));
  const count = n % 10 === 0 ? 30 : 1;
  return Array.from({ length: count }, (_, week) => {
    const start = first + week * 7 * 86_400_000;
    return { start, end: start + 3_600_000 };
  });
}

/** A contact of about 500 bytes. */
export function contact(n: number): string {
  const digits = String(1_000_000 + ((n * 7_919) % 9_000_000));
  return [
    'BEGIN:VCARD',
    'VERSION:3.0',
    `UID:bench-${n}@example.test`,
    `N:Müller ${n};Zoë;;;`,
    `FN:Zoë Müller ${n}`,
    `ORG:Example ${n % 50};Department ${n % 9}`,
    `EMAIL;TYPE=INTERNET,WORK:contact${n}@example.test`,
    `TEL;TYPE=CELL:+49170${digits}`,
    `TEL;TYPE=WORK,VOICE:+4930${digits}`,
    `ADR;TYPE=WORK:;;Hauptstraße ${n % 200};Berlin;;${10_000 + (n % 4_000)};Germany`,
    `NOTE:${sentence(n, 9).slice(0, 60)}`,
    `BDAY:19${50 + (n % 50)}-0${1 + (n % 9)}-1${n % 9}`,
    'END:VCARD',
    '',
  ].join('\r\n');
}

/** An event of that many bytes, most of them in its description. */
export function largeEvent(n: number, bytes: number): string {
  const lines = Math.max(0, Math.ceil((bytes - 700) / 74));
  const description = Array.from({ length: lines }, (_, line) => ` ${sentence(n + line, 20).slice(0, 71)}`).join('\r\n');
  return event(n).replace('BEGIN:VALARM', `COMMENT:x\r\n${description}\r\nBEGIN:VALARM`);
}

/** A message of about 4 kB with a text and an HTML part; each fifth has an attachment of 20 kB. */
export function message(n: number, to: string): string {
  const alternative = [
    'Content-Type: multipart/alternative; boundary="alt"',
    '',
    '--alt',
    'Content-Type: text/plain; charset=utf-8',
    '',
    sentence(n, 120).replace(/(.{70}) /g, '$1\r\n'),
    '--alt',
    'Content-Type: text/html; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    `<html><body><p>${sentence(n, 300).replace(/(.{60}) /g, '$1=\r\n ')}</p></body></html>`,
    '--alt--',
    '',
  ];
  const body =
    n % 5 === 0
      ? [
          'Content-Type: multipart/mixed; boundary="mix"',
          '',
          '--mix',
          ...alternative,
          '--mix',
          'Content-Type: application/pdf; name="figures.pdf"',
          'Content-Disposition: attachment; filename="figures.pdf"',
          'Content-Transfer-Encoding: base64',
          '',
          Buffer.alloc(20_000, n)
            .toString('base64')
            .replace(/(.{76})/g, '$1\r\n'),
          '--mix--',
          '',
        ]
      : alternative;
  return [
    `From: Sender ${n % 50} <sender${n % 50}@example.test>`,
    `To: <${to}>`,
    `Subject: ${sentence(n, 6)}`,
    `Date: ${new Date(Date.UTC(2026, 9, 1) + n * 60_000).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <bench-${n}@example.test>`,
    'MIME-Version: 1.0',
    ...body,
  ].join('\r\n');
}
