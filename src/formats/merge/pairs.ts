/** What tells whether two things are one and the same, the surest first; undefined: this can't tell. */
export type Likeness<T> = (thing: T) => string | undefined;

/**
 * Finds for each thing of `before` what it became. Things that several answers fit equally are paired in their order, and
 * only where none is left over on either side: a thing that went and one that came are no change of each other.
 */
export function pairs<T>(
  before: readonly T[],
  after: readonly T[],
  sure: readonly Likeness<T>[],
  vague: readonly Likeness<T>[],
): Map<T, T> {
  const found = new Map<T, T>();
  const taken = new Set<T>();
  const take = (from: T, to: T) => {
    found.set(from, to);
    taken.add(to);
  };
  for (const [at, like] of [...sure, ...vague].entries()) {
    const [left, right] = [before.filter((one) => !found.has(one)), after.filter((one) => !taken.has(one))];
    if (left.length === 0 || right.length === 0) break;
    const rights = grouped(right, like);
    for (const [key, lefts] of grouped(left, like)) {
      const others = rights.get(key) ?? [];
      if (at >= sure.length && lefts.length !== others.length) continue;
      for (const [place, one] of lefts.entries()) if (place < others.length) take(one, others[place] as T);
    }
  }
  return found;
}

function grouped<T>(things: readonly T[], like: Likeness<T>): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const thing of things) {
    const key = like(thing);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group) group.push(thing);
    else groups.set(key, [thing]);
  }
  return groups;
}
