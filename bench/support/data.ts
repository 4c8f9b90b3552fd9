/** Made-up data of plausible size. Everything is computed from a number, so two runs measure the same. */

const WORDS = 'budget review with the team about plans for next quarter in room blue please bring your figures and coffee'.split(
  ' ',
);

export function sentence(seed: number, words: number): string {
  return Array.from({ length: words }, (_, n) => WORDS[(seed * 7 + n * 13 + ((seed >> 3) % 5)) % WORDS.length]).join(' ');
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
