import { type Element, isElement } from './tree.js';

/** How a dump is written. */
export interface DumpOptions {
  /** Longest text shown of one value, in characters; longer ones are cut and their length is told. Default 80. */
  readonly width?: number;
}

/** Values that never appear in a dump: they are secrets. */
const SECRET: ReadonlySet<string> = new Set([
  'Settings:Password',
  'ItemOperations:Password',
  'ItemOperations:UserName',
  'Search:Password',
  'Search:UserName',
]);

const DEFAULT_WIDTH = 80;

/**
 * A document as text for tests and logs, one element a line, indented by depth: `AirSync:SyncKey "1"`. Bytes are told by their
 * number only, long strings are shortened, secrets are left out.
 */
export function dump(root: Element, options: DumpOptions = {}): string {
  const lines: string[] = [];
  describe(root, '', options.width ?? DEFAULT_WIDTH, lines);
  return lines.join('\n');
}

function describe(element: Element, indent: string, width: number, lines: string[]): void {
  const values = element.content.filter((node): node is string | Uint8Array => !isElement(node));
  const shown = SECRET.has(element.tag) && values.length > 0 ? ['***'] : values.map((value) => describeValue(value, width));
  lines.push([indent + element.tag, ...shown].join(' '));
  for (const node of element.content) if (isElement(node)) describe(node, `${indent}  `, width, lines);
}

function describeValue(value: string | Uint8Array, width: number): string {
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  return value.length <= width ? JSON.stringify(value) : `${JSON.stringify(value.slice(0, width))}… (${value.length} characters)`;
}
