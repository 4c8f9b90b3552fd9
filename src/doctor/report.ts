import { type Level, type Outcome, worst } from './findings.js';
import type { Patient } from './visit.js';

const MARKS: Readonly<Record<Level, string>> = { ok: 'ok', skipped: '--', warning: 'WARNING', fault: 'FAULT' };
const STATUSES: Readonly<Record<Level, number>> = { ok: 0, skipped: 0, warning: 1, fault: 2 };

/** For monitoring: 0 all is well, 1 warnings, 2 faults. */
export function exitStatus(outcomes: readonly Outcome[]): number {
  return STATUSES[worst(outcomes.map(({ level }) => level))];
}

/** One check in words. */
export function inWords({ title, level, remark, findings }: Outcome): string {
  const head = `${MARKS[level].padEnd(8)} ${title}${remark ? `: ${remark}` : ''}`;
  const lines = findings.flatMap(({ code, detail, advice }) => [`           ${code}: ${detail}`, `           → ${advice}`]);
  return [head, ...lines].join('\n');
}

export function summary(outcomes: readonly Outcome[]): string {
  const count = (level: Level) => outcomes.flatMap(({ findings }) => findings).filter((each) => each.level === level).length;
  const [faults, warnings] = [count('fault'), count('warning')];
  return faults + warnings === 0 ? 'All is well.' : `${faults} faults, ${warnings} warnings.`;
}

/** Everything for programs. The password is no part of it. */
export function inJson({ address, url }: Pick<Patient, 'address' | 'url'>, outcomes: readonly Outcome[]): string {
  const result = worst(outcomes.map(({ level }) => level));
  return JSON.stringify({ address, url: url.origin, result: result === 'skipped' ? 'ok' : result, checks: outcomes }, null, 2);
}
