import { sentence } from './data.js';

/**
 * Message `n` of a mailbox as people have it: of twenty messages ten are short text, five text and HTML, three long HTML and
 * two carry an attachment; 33 kB on average.
 */
export function realisticMessage(n: number, to: string): string {
  const kind = KINDS.find(({ share }) => n % 20 < share) ?? PLAIN;
  return [
    `From: Sender ${n % 200} <sender${n % 200}@example.test>`,
    `To: <${to}>`,
    ...(n % 3 === 0 ? [`Cc: Team ${n % 50} <team${n % 50}@example.test>`] : []),
    `Subject: ${n % 3 === 0 ? 'Re: ' : ''}${sentence(n, 3 + (n % 5))}`,
    `Date: ${new Date(Date.UTC(2026, 9, 1) + n * 97 * 60_000).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <mail-${n}@example.test>`,
    ...(n % 3 === 0 && n > 7 ? [`In-Reply-To: <mail-${n - 7}@example.test>`] : []),
    'MIME-Version: 1.0',
    ...kind.body(n, kind.least + Math.floor(spread(n) * (kind.most - kind.least))),
    '',
  ].join('\r\n');
}

interface Kind {
  /** Of twenty messages those below this number, and not below the one before. */
  readonly share: number;
  /** Bytes. */
  readonly least: number;
  readonly most: number;
  body(n: number, bytes: number): string[];
}

const PLAIN: Kind = { share: 10, least: 400, most: 10_000, body: (n, bytes) => part('text/plain', words(n, bytes)) };
const KINDS: readonly Kind[] = [
  PLAIN,
  {
    share: 15,
    least: 4_000,
    most: 50_000,
    body: (n, bytes) =>
      multipart('alternative', n, [part('text/plain', words(n, bytes / 4)), part('text/html', html(n, bytes * 0.75))]),
  },
  { share: 18, least: 10_000, most: 100_000, body: (n, bytes) => part('text/html', html(n, bytes)) },
  {
    share: 20,
    least: 40_000,
    most: 260_000,
    body: (n, bytes) => multipart('mixed', n, [part('text/html', html(n, 3_000)), attachment(n, bytes)]),
  },
];

/** Between 0 and 1, the same for each run. */
function spread(n: number): number {
  return ((n * 7_919) % 1_000) / 1_000;
}

function words(n: number, bytes: number): string {
  return sentence(n, Math.ceil(bytes / 5.6)).replace(/(.{70}) /g, '$1\r\n');
}

function html(n: number, bytes: number): string {
  const paragraph = (seed: number) => `<p style=3D"margin:0">${sentence(n + seed, 9)} =C3=BC&nbsp;</p>`;
  return `<html><body>\r\n${Array.from({ length: Math.ceil(bytes / 90) }, (_, seed) => paragraph(seed)).join('\r\n')}\r\n</body></html>`;
}

function part(type: string, body: string): string[] {
  return [`Content-Type: ${type}; charset=utf-8`, 'Content-Transfer-Encoding: quoted-printable', '', body];
}

function attachment(n: number, bytes: number): string[] {
  const data = Buffer.from(Array.from({ length: Math.ceil(bytes * 0.73) }, (_, at) => (at * 31 + n * 17 + (at >> 8)) & 0xff));
  return [
    'Content-Type: application/pdf; name="report.pdf"',
    `Content-Disposition: attachment; filename*=UTF-8''Bericht%20${n}%20%C3%BC.pdf`,
    'Content-Transfer-Encoding: base64',
    '',
    data.toString('base64').replace(/(.{76})/g, '$1\r\n'),
  ];
}

function multipart(kind: string, n: number, parts: readonly string[][]): string[] {
  const boundary = `part-${n}`;
  const inner = parts.flatMap((lines) => [`--${boundary}`, ...lines]);
  return [`Content-Type: multipart/${kind}; boundary="${boundary}"`, '', ...inner, `--${boundary}--`];
}
