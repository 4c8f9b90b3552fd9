import { type Element, isElement, text, type WbxmlNode } from '../../../formats/wbxml/tree.js';
import { SHOWN } from './shown.js';

/** Container run-times cut lines of more than 16 KB; beside the document a line holds a few hundred characters. */
const MOST_CHARACTERS = 14_000;
/** Quotes, brackets and commas around an element. */
const AROUND = 8;
const MOST_DEPTH = 24;

/** JSON of an element: its tag, and what is in it. */
export type Redacted = { readonly [tag: string]: string | null | readonly Redacted[] };

/**
 * A document as a trace shows it: every element, but of texts only those that tell nothing about people. What does not fit
 * into a line is counted as `more`.
 */
export function redact(root: Element, most = MOST_CHARACTERS): Redacted {
  const budget = { left: most };
  return shown(root, budget, 0) ?? { more: null };
}

function shown(element: Element, budget: { left: number }, depth: number): Redacted | null {
  const { tag, content } = element;
  budget.left -= tag.length + AROUND;
  if (budget.left < 0 || depth > MOST_DEPTH) return null;
  if (!content.some(isElement)) {
    const leaf = leafOf(element);
    budget.left -= leaf?.length ?? 0;
    return { [tag]: leaf };
  }
  const inside: Redacted[] = [];
  let more = 0;
  for (const node of content) {
    const one = isElement(node) ? shown(node, budget, depth + 1) : { text: lengthOf([node]) };
    if (one) inside.push(one);
    else more++;
  }
  if (more > 0) inside.push({ more: String(more) });
  return { [tag]: inside };
}

function leafOf(element: Element): string | null {
  if (element.content.length === 0) return null;
  const allowed = SHOWN.get(element.tag);
  const isText = element.content.every((node) => typeof node === 'string');
  const whole = isText && allowed ? (text(element) ?? '') : '';
  return whole !== '' && allowed?.test(whole) ? whole : lengthOf(element.content);
}

function lengthOf(nodes: readonly WbxmlNode[]): string {
  const length = nodes.reduce((sum, node) => sum + (isElement(node) ? 0 : node.length), 0);
  return nodes.every((node) => typeof node === 'string') ? `(text ${length})` : `(bytes ${length})`;
}
