import { compile } from 'html-to-text';

/** Longer HTML is converted from its beginning only: conversion is the dearest step of showing a message. */
export const MAX_CONVERT_CHARS = 512 * 1024;

const convertHtml = compile({
  wordwrap: false,
  preserveNewlines: false,
  limits: { maxInputLength: MAX_CONVERT_CHARS, maxDepth: 200, ellipsis: '' },
  selectors: [
    { selector: 'a', options: { hideLinkHrefIfSameAsText: true, noAnchorUrl: true, linkBrackets: ['<', '>'] } },
    { selector: 'img', format: 'skip' },
    { selector: 'h1', options: { uppercase: false } },
    { selector: 'h2', options: { uppercase: false } },
    { selector: 'h3', options: { uppercase: false } },
    { selector: 'h4', options: { uppercase: false } },
    { selector: 'h5', options: { uppercase: false } },
    { selector: 'h6', options: { uppercase: false } },
    { selector: 'blockquote', options: { leadingLineBreaks: 1, trailingLineBreaks: 1 } },
  ],
});

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Readable text of an HTML document; never fails. */
export function htmlToText(html: string): string {
  const input = html.length > MAX_CONVERT_CHARS ? html.slice(0, MAX_CONVERT_CHARS) : html;
  try {
    return cleanText(convertHtml(input));
  } catch {
    return cleanText(input.replace(/<[^<>]{0,5000}>/g, ' '));
  }
}

/** Text with what HTML would take for markup escaped. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => ESCAPES[char] as string);
}

/** Plain text as an HTML document that keeps lines and indents. */
export function textToHtml(text: string): string {
  const body = escapeHtml(text)
    .replace(/\r\n?|\n/g, '<br>\r\n')
    .replace(/^ +| {2,}/gm, (blanks) => '&nbsp;'.repeat(blanks.length - 1) + (blanks.length === 1 ? '&nbsp;' : ' '));
  return `<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body>${body}</body></html>`;
}

/** Joins the soft line breaks of `format=flowed` text (RFC 3676 §4). */
export function unflow(text: string, deleteSpace: boolean): string {
  const lines: string[] = [];
  let open: { quote: number; text: string } | null = null;
  for (const raw of text.split(/\r\n|\r|\n/)) {
    const quote = /^>*/.exec(raw)?.[0].length ?? 0;
    const line = raw.slice(quote).replace(/^ /, '');
    const flowed: boolean = line.endsWith(' ') && line !== '-- ';
    if (open !== null && open.quote !== quote) {
      lines.push(quoted(open));
      open = null;
    }
    const joined: string = (open?.text ?? '') + (flowed && deleteSpace ? line.slice(0, -1) : line);
    open = flowed ? { quote, text: joined } : null;
    if (!flowed) lines.push(quoted({ quote, text: joined }));
  }
  if (open !== null) lines.push(quoted(open));
  return lines.join('\r\n');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these very characters are what is removed
const BAD = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u;
const ALL_BAD = new RegExp(BAD, 'gu');

/** Removes what no protocol of ours may carry: NUL and other controls but tab and line ends, and lone surrogates. */
export function cleanText(text: string): string {
  if (!BAD.test(text)) return text;
  return text.replace(ALL_BAD, (found) => (found >= '\ud800' && found <= '\udfff' ? '\ufffd' : ''));
}

/** At most `max` bytes of UTF-8, cut before the character that doesn't fit. */
export function truncateUtf8(data: Uint8Array, max: number): Uint8Array {
  if (data.length <= max) return data;
  let end = Math.max(0, max);
  while (end > 0 && ((data[end] as number) & 0xc0) === 0x80) end--;
  return data.subarray(0, end);
}

function quoted(line: { quote: number; text: string }): string {
  return line.quote > 0 ? `${'>'.repeat(line.quote)} ${line.text}` : line.text;
}
