import { cleanUp } from '../test/support/cleanup.js';
import { isUndone, type Measure, type Outcome, printOutcome, type Report, type Suite } from './support/report.js';
import { SCALE } from './support/settings.js';

// Measuring is asking the same thing over and over.
process.env.EAS_DAMPING ??= 'off';

/** What `npm run bench -- NAME …` measures; without a name the figures of the whole path. */
const SUITES: Readonly<Record<string, () => Promise<{ readonly suite: Suite }>>> = {
  spine: () => import('./suites/spine.js'),
  dav: () => import('./suites/dav.js'),
  eas: () => import('./suites/eas.js'),
  pim: () => import('./suites/pim.js'),
  wait: () => import('./suites/wait.js'),
};

/** `--quick` for a tenth of all sizes; `NAME` for a whole suite, `NAME:PART` for those of its measures whose function's name contains PART. */
async function main(names: readonly string[]): Promise<void> {
  const asked = names.map((name) => ({ suite: name.split(':')[0] as string, part: name.split(':')[1]?.toLowerCase() ?? '' }));
  const unknown = asked.filter(({ suite }) => !(suite in SUITES));
  if (unknown.length > 0)
    throw new Error(
      `no such suite: ${unknown.map(({ suite }) => suite).join(', ')}; there are ${Object.keys(SUITES).join(', ')}`,
    );
  if (SCALE !== 1)
    console.log(`sizes are multiplied by ${SCALE} (--quick or BENCH_SCALE): these figures are for trying out only`);
  const outcomes: Outcome[] = [];
  for (const { suite: name, part } of asked) {
    const { suite } = await (SUITES[name] as (typeof SUITES)[string])();
    console.log(`\n== ${name}: ${suite.title}`);
    const measures = suite.measures.filter((measure) => measure.name.toLowerCase().includes(part));
    for (const measure of measures) outcomes.push(...(await take(measure)).map(printOutcome));
  }
  summarize(outcomes);
}

/** A measure that fails must not take the others with it. */
async function take(measure: Measure): Promise<readonly Outcome[]> {
  try {
    return [await measure()].flat();
  } catch (error) {
    process.exitCode = 1;
    return [{ name: measure.name, undone: `failed: ${error instanceof Error ? error.stack : error}` }];
  }
}

function summarize(outcomes: readonly Outcome[]): void {
  const undone = outcomes.filter(isUndone);
  const reports = outcomes.filter((outcome): outcome is Report => !isUndone(outcome));
  const missed = reports.filter(({ met }) => met === false);
  console.log(`\n${reports.length} measures, ${missed.length} beside their aim${missed.length ? ':' : ''}`);
  for (const { name } of missed) console.log(`  ${name}`);
  if (undone.length > 0) console.log(`${undone.length} not done:`);
  for (const { name } of undone) console.log(`  ${name}`);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void cleanUp().finally(() => process.exit(130)));

try {
  const names = process.argv.slice(2).filter((argument) => argument !== '--quick');
  await main(names.length > 0 ? names : ['spine']);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
process.exit();
