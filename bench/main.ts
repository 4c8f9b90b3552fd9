import { cleanUp } from '../test/support/cleanup.js';
import type { Report, Suite } from './support/report.js';
import { printReport } from './support/report.js';

/** What `npm run bench -- NAME …` measures; without a name the figures of the whole path. */
const SUITES: Readonly<Record<string, () => Promise<{ readonly suite: Suite }>>> = {
  spine: () => import('./suites/spine.js'),
};

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !(name in SUITES));
  if (unknown.length > 0) throw new Error(`no such suite: ${unknown.join(', ')}; there are ${Object.keys(SUITES).join(', ')}`);
  const reports: Report[] = [];
  for (const name of names) {
    const { suite } = await (SUITES[name] as (typeof SUITES)[string])();
    console.log(`\n== ${name}: ${suite.title}`);
    for (const measure of suite.measures) reports.push(printReport(await measure()));
  }
  const missed = reports.filter((report) => report.met === false);
  console.log(`\n${reports.length} measures, ${missed.length} beside their aim${missed.length ? ':' : ''}`);
  for (const { name } of missed) console.log(`  ${name}`);
}

try {
  const names = process.argv.slice(2);
  await main(names.length > 0 ? names : ['spine']);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
process.exit();
