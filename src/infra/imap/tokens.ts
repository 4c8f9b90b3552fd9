/** A token as imapflow's parser gives it: literals as bytes, everything else as text. */
export interface Token {
  readonly type?: string;
  readonly value?: unknown;
  readonly section?: readonly unknown[];
}

/** What a list holds: tokens, lists, and null for NIL. */
export type Tree = Token | null | readonly Tree[];

/** An untagged response as imapflow hands it to those who ask for it. */
export interface Untagged {
  readonly attributes?: readonly [Token, (readonly Tree[])?];
}

/** Text of a token; undefined for NIL, a list, and what is neither text nor bytes. */
export function textOf(tree: Tree | undefined): string | undefined {
  if (!tree || Array.isArray(tree)) return undefined;
  const { value } = tree as Token;
  if (typeof value === 'string') return value;
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined;
}
