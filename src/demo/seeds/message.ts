import iconv from 'iconv-lite';
import MailComposer from 'nodemailer/lib/mail-composer';

/** A message of the demo as its table names it. */
export interface SeedMessage {
  /** Unique; makes the Message-ID, so that a repeated seeding finds its messages. */
  id: string;
  /** Default INBOX. */
  folder?: string;
  /** Days before the demo's first start; fractions are hours. */
  age: number;
  from: string;
  to?: string;
  cc?: string;
  subject: string;
  text?: string;
  html?: string;
  attachments?: readonly SeedAttachment[];
  /** iMIP part (RFC 6047): the method and the calendar object. */
  invitation?: { method: 'REQUEST' | 'REPLY'; text: string };
  /** id of the message this one answers. */
  answers?: string;
  /** IMAP flags; default none, i.e. unread. */
  flags?: readonly string[];
  headers?: Readonly<Record<string, string>>;
  /** Written by hand in this character set instead of UTF-8. */
  charset?: { name: string; encoding: 'quoted-printable' | 'base64' };
  /** The whole body with its Content-* headers, for forms that a composer does not make. */
  rawBody?: string;
}

export interface SeedAttachment {
  filename: string;
  contentType: string;
  content: Buffer;
  /** Content-ID: shown inside the HTML. */
  cid?: string;
}

const DAY = 86_400_000;

/** Domain of the Message-IDs. */
export const SEED_DOMAIN = 'demo.example.test';

export function dateOf(message: SeedMessage, now: Date): Date {
  return new Date(now.getTime() - message.age * DAY);
}

/** The message as it goes over the wire (RFC 5322), dated relative to `now`. */
export async function composeSeed(message: SeedMessage, owner: string, now: Date): Promise<Buffer> {
  if (message.rawBody !== undefined) return Buffer.from(`${headerText(message, owner, now)}${crlf(message.rawBody)}`, 'latin1');
  if (message.charset) return inCharset(message, owner, now);
  return new MailComposer({
    from: message.from,
    to: message.to ?? owner,
    cc: message.cc,
    subject: message.subject,
    date: dateOf(message, now),
    messageId: messageId(message.id),
    headers: message.headers,
    text: crlf(message.text),
    html: crlf(message.html),
    attachments: message.attachments?.map((file) => ({ ...file, contentDisposition: file.cid ? 'inline' : 'attachment' })),
    ...(message.invitation ? { icalEvent: { method: message.invitation.method, content: message.invitation.text } } : {}),
    ...(message.answers ? { inReplyTo: messageId(message.answers), references: messageId(message.answers) } : {}),
  })
    .compile()
    .build();
}

function messageId(id: string): string {
  return `<${id}@${SEED_DOMAIN}>`;
}

/** Header fields up to, but without, Content-*. Everything is ASCII or already an encoded word. */
function headerText(message: SeedMessage, owner: string, now: Date): string {
  const fields = {
    From: message.from,
    To: message.to ?? owner,
    Subject: message.subject,
    Date: dateOf(message, now).toUTCString().replace('GMT', '+0000'),
    'Message-ID': messageId(message.id),
    'MIME-Version': '1.0',
    ...message.headers,
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}

/** Old mail programs still send such messages: header and body in a character set of one region. */
function inCharset(message: SeedMessage, owner: string, now: Date): Buffer {
  const { name, encoding } = message.charset!;
  const word = (text: string) =>
    /^[\x20-\x7e]*$/.test(text) ? text : `=?${name}?B?${iconv.encode(text, name).toString('base64')}?=`;
  const from = message.from.replace(/^(.*?) </, (_all, display: string) => `${word(display)} <`);
  const body = iconv.encode(crlf(message.text) ?? '', name);
  const head = headerText({ ...message, from, subject: word(message.subject) }, owner, now);
  const content = `Content-Type: text/plain; charset=${name}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`;
  return Buffer.from(head + content + (encoding === 'base64' ? base64Lines(body) : quotedPrintable(body)), 'latin1');
}

function base64Lines(bytes: Buffer): string {
  return `${
    bytes
      .toString('base64')
      .match(/.{1,76}/g)
      ?.join('\r\n') ?? ''
  }\r\n`;
}

/** RFC 2045 §6.7; lines are cut at 72 characters. */
function quotedPrintable(bytes: Buffer): string {
  const lines = bytes.toString('latin1').split('\r\n');
  return lines
    .map((line) => {
      const coded = line.replace(/[^\t -<>-~]|\s$/g, (c) => `=${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
      return (coded.match(/(?:=[0-9A-F]{2}|.){1,72}/g) ?? []).join('=\r\n');
    })
    .join('\r\n');
}

function crlf<T extends string | undefined>(text: T): T {
  return text?.replace(/\r?\n/g, '\r\n') as T;
}
