import { HABITS, type Result, simulate } from './run.js';

/** `node dist/bench/simulate/main.js [PHONES…]`: prints the table of docs/scaling.md. */
const SIZES = [1_000, 10_000, 100_000, 1_000_000];

const COLUMNS: readonly (readonly [string, (result: Result) => string])[] = [
  ['phones', ({ phones }) => phones.toLocaleString('en')],
  ['gateway cores (busy / mean)', ({ cores, meanCores }) => `${cores.toFixed(1)} / ${meanCores.toFixed(1)}`],
  ['processes with push / with watches', (result) => `${result.processesPush} / ${result.processesWatch}`],
  [
    'memory with push / with watches',
    (result) => `${result.gigabytesPush.toFixed(1)} GB / ${result.gigabytesWatch.toFixed(1)} GB`,
  ],
  ['IMAP logins a second', ({ imapLogins }) => imapLogins.toFixed(0)],
  ['SQL statements a second', ({ statements }) => statements.toLocaleString('en', { maximumFractionDigits: 0 })],
  ['commits a second', ({ commits }) => commits.toLocaleString('en', { maximumFractionDigits: 0 })],
  ['databases', ({ databases }) => String(databases)],
];

const sizes = process.argv
  .slice(2)
  .map(Number)
  .filter((size) => size > 0);
console.log(`habits: ${JSON.stringify(HABITS)}\n`);
console.log(`| ${COLUMNS.map(([title]) => title).join(' | ')} |\n|${'---|'.repeat(COLUMNS.length)}`);
for (const size of sizes.length > 0 ? sizes : SIZES) {
  const result = simulate(size);
  console.log(`| ${COLUMNS.map(([, show]) => show(result)).join(' | ')} |`);
}
