/** One measured ratio or count, and what it should be. */
export interface Report {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** `<= 1.5`, `>= 0.5`; absent: only told. */
  readonly aim?: { readonly operator: '<=' | '>='; readonly value: number };
  /** The absolute figures behind a ratio: they hold for this machine and this minute only. */
  readonly detail: string;
  readonly met?: boolean;
}

/** A measure that could not be taken, and why. */
export interface Undone {
  readonly name: string;
  readonly undone: string;
}

export type Outcome = Report | Undone;
export type Measure = () => Promise<Outcome | readonly Outcome[]>;

export interface Suite {
  readonly title: string;
  readonly measures: readonly Measure[];
}

export function isUndone(outcome: Outcome): outcome is Undone {
  return 'undone' in outcome;
}

/** Prints a line for people and for `grep`. */
export function printOutcome(outcome: Outcome): Outcome {
  if (isUndone(outcome)) {
    console.log(`${outcome.name}: not done\n    ${outcome.undone}`);
    return outcome;
  }
  const { name, value, unit, aim, detail } = outcome;
  const met = aim && (aim.operator === '<=' ? value <= aim.value : value >= aim.value);
  const verdict = aim ? ` (aim ${aim.operator} ${format(aim.value)}: ${met ? 'met' : 'MISSED'})` : '';
  console.log(`${name}: ${format(value)}${unit}${verdict}\n    ${detail}`);
  return { ...outcome, met };
}

export function format(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
}
