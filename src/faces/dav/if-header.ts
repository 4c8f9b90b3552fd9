/** One condition of an If header: a state token or an entity tag, perhaps negated. */
interface IfCondition {
  readonly not: boolean;
  readonly token?: string;
  readonly etag?: string;
}
/** A list of conditions, all of which must hold, for the resource named before it or the request's own. */
export interface IfList {
  readonly href: string | null;
  readonly conditions: readonly IfCondition[];
}

/** Reads an If header (RFC 4918 §10.4.2), or returns null when it is malformed. */
export function parseIf(header: string): readonly IfList[] | null {
  const lists: IfList[] = [];
  let href: string | null = null;
  let rest = header.trim();
  while (rest !== '') {
    const match = /^(?:<([^>]*)>|\(((?:\s*(?:Not\s*)?(?:<[^>]*>|\[(?:W\/)?"[^"]*"\]))+)\s*\))\s*/i.exec(rest);
    if (match === null) return null;
    if (match[2] === undefined) href = match[1] ?? '';
    else lists.push({ href, conditions: parseConditions(match[2]) });
    rest = rest.slice(match[0].length);
  }
  return lists.length === 0 ? null : lists;
}

function parseConditions(text: string): IfCondition[] {
  return [...text.matchAll(/(Not\s*)?(?:<([^>]*)>|\[(W\/)?"([^"]*)"\])/gi)].map(([, not, token, weak, etag]) => ({
    not: not !== undefined,
    ...(token === undefined ? { etag: weak === undefined ? (etag ?? '') : '' } : { token }),
  }));
}

/** The state tokens that an If header names: submitting a lock's token is all that its owner has to do (RFC 4918 §7.5). */
export function submittedTokens(header: string | undefined): ReadonlySet<string> {
  const lists = header === undefined ? null : parseIf(header);
  return new Set(lists?.flatMap(({ conditions }) => conditions.flatMap(({ token }) => (token === undefined ? [] : [token]))));
}
