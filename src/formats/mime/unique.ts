import { escapeHtml, textToHtml } from './text.js';

/** Where mail programs begin what they quote, in HTML. */
const HTML_QUOTES: readonly RegExp[] = [
  /<div[^<>]{0,300}\bclass\s*=\s*["']?[^"'<>]{0,100}\bgmail_quote/i,
  /<blockquote[^<>]{0,300}\btype\s*=\s*["']?cite/i,
  /<div[^<>]{0,300}\bclass\s*=\s*["']?[^"'<>]{0,100}\b(moz-cite-prefix|yahoo_quoted|protonmail_quote)/i,
  /<div[^<>]{0,300}\bid\s*=\s*["']?(divRplyFwdMsg|appendonsend|mail-editor-reference-message)/i,
  /<div[^<>]{0,100}style\s*=\s*["'][^"'<>]{0,60}border-top:\s*solid\s+#(B5C4DF|E1E1E1)/i,
  /<hr[^<>]{0,200}>\s{0,20}(<(div|p|font|span)[^<>]{0,200}>\s{0,20}){0,4}<b>\s{0,5}(From|Von|De|Da)\s{0,5}:/i,
  /-----\s{0,3}(Original Message|Urspr\u00fcngliche Nachricht|Message d'origine)\s{0,3}-----/i,
];

/** The same in plain text: at the beginning of a line. */
const TEXT_QUOTES: readonly RegExp[] = [
  /^-----\s{0,3}(Original Message|Urspr\u00fcngliche Nachricht|Message d'origine)\s{0,3}-----/im,
  /^_{20,}\s*$/m,
  /^(?:On|Am|Le) [^\n]{5,200}(?:wrote|schrieb|\u00e9crit)[^\n]{0,80}:\s*$/m,
  /^>/m,
];

/** The part of an HTML message that is its own, without what it quotes of those before (MS-ASCON, BodyPart). */
export function uniqueHtml(html: string): string {
  const cut = earliest(html, HTML_QUOTES);
  return cut < 0 ? html : html.slice(0, cut);
}

/** The same of a plain text, as HTML. */
export function uniqueTextAsHtml(text: string): string {
  const cut = earliest(text, TEXT_QUOTES);
  const own = (cut < 0 ? text : text.slice(0, cut)).trimEnd();
  return own === '' ? escapeHtml(own) : textToHtml(own);
}

/** What stands before the quotation must be something, else the whole message is one. */
function earliest(text: string, marks: readonly RegExp[]): number {
  const found = marks.map((mark) => text.search(mark)).filter((at) => at >= 0);
  const first = Math.min(...found);
  return found.length > 0 &&
    text
      .slice(0, first)
      .replace(/<[^<>]{0,2000}>/g, '')
      .trim() !== ''
    ? first
    : -1;
}
