import {
  type Component,
  decodeQuotedPrintable,
  escapeText,
  type Property,
  splitEscaped,
  unescapeText,
} from '../../content-lines.js';
import { Draft } from './draft.js';

/** Values that are lists by commas, also in 2.1 as apps write it; in others a comma is a comma. */
const LISTS: ReadonlySet<string> = new Set(['CATEGORIES', 'NICKNAME']);
/** Values without escapes. */
const BARE: ReadonlySet<string> = new Set(['URL', 'SOURCE', 'FBURL', 'CALURI', 'CALADRURI', 'GEO']);

/** The lines of a 2.1 card as 3.0 has them (vCard 2.1 §2; RFC 2426 §5 tells the differences). */
export function draftsFrom21(card: Component): Draft[] {
  const [agent, ...others] = card.components;
  return card.properties.map((property) => {
    const draft = upgraded(property);
    const isAgent = draft.name === 'AGENT' && draft.value.trim() === '' && agent !== undefined && others.length === 0;
    if (isAgent) draft.value = escapeText(agent.toString());
    return draft;
  });
}

function upgraded(property: Property): Draft {
  const draft = decoded(property);
  const type = draft.valueType;
  // Inline is the default, and so is text in 3.0.
  if (type === 'inline') draft.setParam('VALUE', undefined);
  else if (type === 'url' || type === 'cid' || type === 'content-id') draft.setParam('VALUE', 'uri');
  const place = draft.name === 'GEO' ? /^\s*([\d.+-]+)\s*,\s*([\d.+-]+)\s*$/.exec(draft.value) : null;
  // Longitude comes first in 2.1 where a comma is between them.
  if (place) draft.value = `${place[2]};${place[1]}`;
  return draft;
}

/** A line without the encodings of 2.1: text in UTF-8 with the escapes of 3.0, binaries in base64 as RFC 2426 names it. */
export function decoded(property: Property): Draft {
  const draft = new Draft(property);
  draft.keepsBytes = false;
  const charset = draft.take('CHARSET');
  const encoding = draft.take('ENCODING')?.toLowerCase();
  if (encoding === 'base64' || encoding === 'b') {
    draft.setParam('ENCODING', 'b');
    draft.value = draft.value.replace(/\s+/g, '');
    return draft;
  }
  const text = encoding === 'quoted-printable' ? decodeQuotedPrintable(draft.value, charset) : draft.value;
  draft.value = BARE.has(draft.name) || draft.valueType === 'url' ? text.replace(/[\r\n]+/g, ' ') : escaped(text, draft.name);
  return draft;
}

/** Line breaks and commas get the escapes that 3.0 wants; semicolons go on to part what they part. */
function escaped(text: string, name: string): string {
  const parts = splitEscaped(text, ';').map((part) => {
    if (!LISTS.has(name)) return escapeText(unescapeText(part));
    return splitEscaped(part, ',')
      .map((item) => escapeText(unescapeText(item)))
      .join(',');
  });
  return parts.join(';');
}
