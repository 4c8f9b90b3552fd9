import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

type Ended = Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>['data'];

/** Prints each step as it ends, and below it what the client was seen to do. */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type === 'test:stderr') yield event.data.message;
    if (event.type === 'test:diagnostic' && !isCount(event.data.message)) yield `      ${event.data.message}\n`;
    if (event.type === 'test:pass') yield step('ok    ', event.data);
    if (event.type === 'test:fail') yield step('FAILED', event.data) + reason(event.data);
  }
}

function step(mark: string, { name, nesting, details }: Ended): string {
  return (details as { type?: string }).type === 'suite' ? '' : `${'  '.repeat(nesting)}${mark} ${name}\n`;
}

/** A suite fails because a test in it did: the test itself is reported. */
function reason({ details }: Ended): string {
  const { error } = details as { error?: Error & { failureType?: string } };
  if (!error || error.failureType === 'subtestsFailed') return '';
  return `${inspect(error.cause ?? error, { depth: 6, breakLength: 140 }).replace(/^/gm, '      ')}\n`;
}

/** The runner's own figures. */
function isCount(message: string): boolean {
  return /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /.test(message);
}
