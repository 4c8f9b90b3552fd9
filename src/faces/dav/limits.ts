/** What the face announces and holds clients to. */
export const LIMITS = {
  /** RFC 4790 names of the collations for text matches. */
  collations: ['i;ascii-casemap', 'i;octet', 'i;unicode-casemap'],
  /** Items asked from the store at once (its own bound is 1,000), and the bytes of text they should amount to. */
  batch: { first: 100, most: 500, bytes: 2 * 1024 * 1024 },
  /** Changes per page of a sync that asked for no limit. */
  syncPage: 1_000,
} as const;
