/** Results wanted, counted from 0, both inclusive (MS-ASCMD Range). */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** Reads `m-n`; absent: the first `size`. A longer range is cut. Null for what is no range. */
export function readResultRange(text: string | undefined, size: number): Range | null {
  if (text === undefined || text.trim() === '') return { first: 0, last: size - 1 };
  const match = /^\s*(\d{1,6})-(\d{1,6})\s*$/.exec(text);
  const range = match && { first: Number(match[1]), last: Number(match[2]) };
  if (!range || range.first > range.last) return null;
  return { first: range.first, last: Math.min(range.last, range.first + size - 1) };
}

/** The range that was answered; clients want one even when there is nothing. */
export function answeredRange({ first }: Range, count: number): string {
  return count === 0 ? '0-0' : `${first}-${first + count - 1}`;
}
