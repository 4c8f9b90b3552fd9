import type { MailAddress, MessageSummary } from '../../../domain/mail/model.js';

/** The message that is answered or forwarded, as text. */
export interface Original {
  readonly summary: MessageSummary;
  readonly plain: string;
  readonly html: string;
}

export type Verb = 'reply' | 'forward';

/** The original below an answer as plain text: quoted, or as it is when it is forwarded. */
export function plainQuote({ summary, plain }: Original, verb: Verb): string {
  const head = headLines(summary)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\r\n');
  const lines = plain.replace(/\s+$/, '').split(/\r\n|\n|\r/);
  const body = verb === 'reply' ? lines.map((line) => (line.startsWith('>') ? `>${line}` : `> ${line}`)) : lines;
  return `\r\n\r\n-----Original Message-----\r\n${head}\r\n\r\n${body.join('\r\n')}\r\n`;
}

/** The same as HTML. */
export function htmlQuote({ summary, html }: Original, verb: Verb): string {
  const head = headLines(summary)
    .map(([name, value]) => `<b>${name}:</b> ${escaped(value)}<br>`)
    .join('\r\n');
  const body = innerHtml(html);
  const shown = verb === 'reply' ? `<blockquote type="cite">${body}</blockquote>` : body;
  return `<br><div style="border-top:1px solid #b5c4df;padding-top:3pt">${head}</div><br>\r\n${shown}\r\n`;
}

/** Puts HTML at the end of a document's body. */
export function appendHtml(document: string, html: string): string {
  const end = document.toLowerCase().lastIndexOf('</body');
  return end < 0 ? document + html : document.slice(0, end) + html + document.slice(end);
}

function headLines(summary: MessageSummary): readonly (readonly [string, string])[] {
  return [
    ['From', people(summary.from)],
    ['Sent', (summary.date ?? summary.received).toUTCString()],
    ['To', people(summary.to)],
    ...(summary.cc.length > 0 ? [['Cc', people(summary.cc)] as const] : []),
    ['Subject', summary.subject],
  ];
}

const MOST_PEOPLE = 50;

function people(list: readonly MailAddress[]): string {
  return list
    .slice(0, MOST_PEOPLE)
    .map(({ name, address }) => (name ? `${name} <${address}>` : address))
    .join('; ');
}

function innerHtml(html: string): string {
  const open = /<body[^>]{0,2000}>/i.exec(html);
  const from = open ? open.index + open[0].length : 0;
  const end = html.toLowerCase().lastIndexOf('</body');
  const body = html.slice(from, end < from ? undefined : end);
  return open ? body : body.replace(/<\/?(html|head|meta|title)\b[^>]{0,2000}>/gi, '');
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
