import { LineFault } from './exchange.js';
import { FINDINGS, type Found, found, type Outcome, worst } from './findings.js';
import type { Visit } from './visit.js';

/** A row of the table of checks. */
export interface Check {
  readonly id: string;
  readonly title: string;
  /** Checks that must have gone without a fault. */
  readonly after: readonly string[];
  /** What was found; a string or nothing when all is right. @throws LineFault, Refusal */
  run(visit: Visit): Promise<readonly Found[] | string>;
}

/** A finding that ends its check at once. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  constructor(readonly found: Found) {
    super(found.detail);
  }
}

/** Carries out a table of checks in its order; `told` hears each outcome as soon as it is known. */
export async function examine(
  checks: readonly Check[],
  visit: Visit,
  told: (outcome: Outcome) => void = () => {},
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const check of checks) {
    const missing = check.after.find((id) => !outcomes.some((done) => done.check === id && isGood(done)));
    const outcome = missing === undefined ? await take(check, visit) : skipped(check, checks, missing);
    outcomes.push(outcome);
    told(outcome);
  }
  return outcomes;
}

function isGood({ level }: Outcome): boolean {
  return level === 'ok' || level === 'warning';
}

function skipped({ id, title }: Check, checks: readonly Check[], missing: string): Outcome {
  const needed = checks.find((check) => check.id === missing)?.title ?? missing;
  return { check: id, title, level: 'skipped', remark: `not tried, because of “${needed}”`, findings: [] };
}

async function take(check: Check, visit: Visit): Promise<Outcome> {
  const result = await check.run(visit).catch((error: unknown) => [foundIn(error)]);
  const { id, title } = check;
  if (typeof result === 'string') return { check: id, title, level: 'ok', ...(result && { remark: result }), findings: [] };
  const findings = result.map((each) => ({ ...each, ...FINDINGS[each.code] }));
  return { check: id, title, level: worst(findings.map(({ level }) => level)), findings };
}

function foundIn(error: unknown): Found {
  if (error instanceof LineFault || error instanceof Refusal) return error.found;
  return found('unexpected', error instanceof Error ? error.message : String(error));
}
