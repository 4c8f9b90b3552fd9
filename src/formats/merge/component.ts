import { Component, Property, splitEscaped } from '../content-lines.js';
import { groupsOf, kindOf, type Line, nameOf, putLine, said, sameLines, subjectOf, takeLine, unitsOf } from './lines.js';
import { pairs } from './pairs.js';
import { type MergeRules, OTHER, RULES } from './rules.js';

/** An edit (`base` → `mine`) and what it is to be written into, which came from the same base. */
export interface Sides<T> {
  readonly base: T;
  readonly mine: T;
  readonly theirs: T;
}

/** Whose word counts where both changed the same to something different. */
export type Winner = 'mine' | 'theirs';

/** A merge at work: it writes the edit into `theirs`. */
export class Merge {
  /** What of the edit was left out, by property or by what several properties say together. */
  readonly lost = new Set<string>();

  constructor(readonly wins: Winner) {}

  /** Both changed the same. Whether the edit is to be written. */
  collide(what: string): boolean {
    if (this.wins === 'theirs') this.lost.add(what);
    return this.wins === 'mine';
  }
}

export function rulesOf({ name }: Component): MergeRules {
  return (RULES as Readonly<Record<string, MergeRules>>)[name] ?? OTHER;
}

/**
 * Writes what the edit changed of a component into `theirs`; whether that changed it.
 * @param passed names of units that somebody else takes care of, `before` whether he changed something
 */
export function mergeComponent(
  merge: Merge,
  sides: Sides<Component>,
  passed: ReadonlySet<string> = NONE,
  before = false,
): boolean {
  const changed = [before, mergeProperties(merge, sides, passed), mergeParts(merge, sides)].some(Boolean);
  if (changed) stamp(sides);
  return changed;
}

const NONE: ReadonlySet<string> = new Set();

function mergeProperties(merge: Merge, sides: Sides<Component>, passed: ReadonlySet<string>): boolean {
  const { base, mine, theirs } = sides;
  const rules = rulesOf(theirs);
  const [before, edit, other] = [base, mine, theirs].map((component) => unitsOf(component, rules)) as [Units, Units, Units];
  let changed = false;
  for (const unit of new Set([...before.keys(), ...edit.keys()])) {
    if (passed.has(unit) || rules.passed.has(unit)) continue;
    const lines = { base: before.get(unit) ?? [], mine: edit.get(unit) ?? [], theirs: other.get(unit) ?? [] };
    if (sameLines(lines.base, lines.mine) || sameLines(lines.mine, lines.theirs)) continue;
    changed = mergeUnit(merge, sides, unit, lines, rules) || changed;
  }
  return changed;
}

type Units = Map<string, Line[]>;

function mergeUnit(
  merge: Merge,
  sides: Sides<Component>,
  unit: string,
  lines: Sides<readonly Line[]>,
  rules: MergeRules,
): boolean {
  const isSingle = Object.values(lines).every(({ length }) => length <= 1);
  const isTogether = Object.values(rules.together).includes(unit);
  if (rules.words.has(unit)) return mergeWords(sides.theirs, lines);
  if (rules.many.has(unit) || !(isSingle || isTogether)) return mergeMany(merge, sides, unit, lines);
  if (!sameLines(lines.base, lines.theirs) && !merge.collide(unit)) return false;
  replace(sides, lines);
  return true;
}

/** Has `theirs` say what `mine` says; lines that say it already keep their bytes and their place. */
export function replace({ base, theirs }: Sides<Component>, lines: Sides<readonly Line[]>): void {
  const became = pairs(lines.theirs, lines.mine, [keyOf, nameOf], []);
  const kept = new Set(became.values());
  const known = groupsOf(base);
  for (const line of lines.theirs) {
    const next = became.get(line);
    if (!next) takeLine(theirs, line);
    else if (next.key !== line.key) putLine(theirs, next, line, known);
  }
  for (const line of lines.mine) if (!kept.has(line)) putLine(theirs, line, undefined, known);
}

function mergeMany(merge: Merge, { base, theirs }: Sides<Component>, unit: string, lines: Sides<readonly Line[]>): boolean {
  const known = groupsOf(base);
  const likeness = [[keyOf, subjectOf], [kindOf]] as const;
  const [edits, others] = [pairs(lines.base, lines.mine, ...likeness), pairs(lines.base, lines.theirs, ...likeness)];
  const came = new Map(lines.theirs.map((line) => [subjectOf(line), line]));
  const put = (line: Line | undefined, instead: Line | undefined): boolean => {
    if (line) putLine(theirs, line, instead, known);
    else if (instead) takeLine(theirs, instead);
    return true;
  };
  let changed = false;
  for (const line of lines.base) {
    const [edit, other] = [edits.get(line), others.get(line)];
    if (edit?.key === line.key || edit?.key === other?.key) continue;
    if (other?.key === line.key || merge.collide(unit)) changed = put(edit, other);
  }
  const edited = new Set(edits.values());
  for (const line of lines.mine) {
    if (edited.has(line)) continue;
    const same = came.get(subjectOf(line));
    const isNew = !same || !theirs.children.includes(same.property);
    if (isNew) changed = put(line, undefined);
    else if (same.key !== line.key && merge.collide(unit)) changed = put(line, same);
  }
  return changed;
}

/** Words that the edit took away go, words that it brought come. */
function mergeWords(into: Component, lines: Sides<readonly Line[]>): boolean {
  const [before, edit, other] = [lines.base, lines.mine, lines.theirs].map(wordsOf) as [Set<string>, Set<string>, Set<string>];
  const gone = new Set([...before].filter((word) => !edit.has(word) && other.has(word)));
  const come = [...edit].filter((word) => !before.has(word) && !other.has(word));
  for (const { property } of gone.size > 0 ? lines.theirs : []) {
    const words = splitEscaped(property.value, ',');
    const kept = words.filter((word) => !gone.has(word.trim()));
    if (kept.length === 0) into.remove(property);
    else if (kept.length < words.length) property.value = kept.join(',');
  }
  const name = lines.mine[0]?.property.name;
  if (come.length > 0 && name) {
    const last = into.all(name).at(-1);
    if (last) last.value = [last.value, ...come].join(',');
    else into.add(new Property(name, come.join(',')));
  }
  return gone.size + come.length > 0;
}

function wordsOf(lines: readonly Line[]): Set<string> {
  const words = lines.flatMap(({ property }) => splitEscaped(property.value, ','));
  return new Set(words.map((word) => word.trim()).filter(Boolean));
}

/** Components inside: alarms above all. One that both changed is merged in turn. */
function mergeParts(merge: Merge, { base, mine, theirs }: Sides<Component>): boolean {
  const [before, edit, other] = [base, mine, theirs].map(partsOf) as [Part[], Part[], Part[]];
  const likeness = [[keyOf, identityOf], [nameUnlessIdentified]] as const;
  const [edits, others] = [pairs(before, edit, ...likeness), pairs(before, other, ...likeness)];
  let changed = false;
  for (const part of before) {
    const [mineNow, theirsNow] = [edits.get(part), others.get(part)];
    if (mineNow?.key === part.key || mineNow?.key === theirsNow?.key) continue;
    changed = mergePart(merge, theirs, { base: part, mine: mineNow, theirs: theirsNow }) || changed;
  }
  const edited = new Set(edits.values());
  const there = new Set(other.map(({ key }) => key));
  for (const part of edit)
    if (!edited.has(part) && !there.has(part.key)) {
      theirs.add(part.component.clone());
      changed = true;
    }
  return changed;
}

function mergePart(
  merge: Merge,
  into: Component,
  part: { base: Part; mine: Part | undefined; theirs: Part | undefined },
): boolean {
  const { base, mine, theirs } = part;
  if (mine && theirs) return mergeComponent(merge, { base: base.component, mine: mine.component, theirs: theirs.component });
  const isUntouched = theirs?.key === base.key;
  if (!isUntouched && !merge.collide(base.component.name)) return false;
  if (theirs) into.remove(theirs.component);
  if (mine) into.add(mine.component.clone());
  return true;
}

const keyOf = ({ key }: { readonly key: string }) => key;

interface Part {
  readonly component: Component;
  readonly key: string;
}

function partsOf(component: Component): Part[] {
  return component.components.map((part) => ({ component: part, key: saidBy(part) }));
}

/** Equal for components that say the same. */
export function saidBy(component: Component): string {
  const lines = component.properties.map(said).sort();
  return [component.name, ...lines, ...component.components.map(saidBy).sort(), 'END'].join('\n');
}

function nameUnlessIdentified(part: Part): string | undefined {
  return identityOf(part) === undefined ? part.component.name : undefined;
}

function identityOf({ component }: Part): string | undefined {
  const uid = component.first('UID') ?? component.first('X-WR-ALARMUID');
  return uid && `${component.name} ${uid.value}`;
}

/** The later moment of change, and as many revisions more as the edit made (RFC 5546 §2.1.4). */
function stamp({ base, mine, theirs }: Sides<Component>): void {
  for (const name of rulesOf(theirs).stamps) {
    const [edit, other] = [mine.first(name), theirs.first(name)];
    const digits = (property: Property | undefined) => property?.value.replace(/[^\dT]/g, '') ?? '';
    if (edit && digits(edit) > digits(other)) {
      if (other) other.value = edit.value;
      else theirs.add(edit.clone());
    }
  }
  const [before, after, other] = [base, mine, theirs].map((component) => Number(component.first('SEQUENCE')?.value) || 0);
  const more = (after ?? 0) - (before ?? 0);
  if (more > 0) theirs.set('SEQUENCE', String((other ?? 0) + more));
}

/** Whether two components say the same, stamps aside. */
export function sameSaid(a: Component, b: Component): boolean {
  return unstamped(a) === unstamped(b);
}

function unstamped(component: Component): string {
  const copy = new Component(component.name);
  const { stamps } = rulesOf(component);
  copy.children.push(
    ...component.children.filter(
      (node) => !(node instanceof Property && (stamps.has(node.name) || ['SEQUENCE', 'CREATED'].includes(node.name))),
    ),
  );
  return saidBy(copy);
}
