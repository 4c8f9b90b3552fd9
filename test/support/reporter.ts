import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

type Failure = Extract<TestEvent, { type: 'test:fail' }>['data'];

/**
 * Reports a long run so that what matters is at its end: a line for each file and each failure as they come, then every
 * failure once more, then the runner's own counts (`# tests`, `# pass`, `# fail` …) in the form that TAP gives them.
 */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failures: string[] = [];
  const counts: string[] = [];
  let file = { name: '', passed: 0 };
  for await (const event of source) {
    if (event.type === 'test:diagnostic' && event.data.nesting === 0) counts.push(`# ${event.data.message}\n`);
    if (event.type === 'test:stderr') yield event.data.message;
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const name = shortName(event.data.file);
    if (name !== file.name) {
      yield line(file);
      file = { name, passed: 0 };
    }
    if (event.type === 'test:pass') file.passed += isSuite(event.data) ? 0 : 1;
    else if (!onlyBySubtests(event.data)) {
      const text = failure(event.data);
      failures.push(text);
      yield text;
    }
  }
  yield line(file);
  if (failures.length > 0) yield `\n# all that failed:\n${failures.join('')}`;
  yield* counts;
}

function shortName(file: string | undefined): string {
  return file ? relative(process.cwd(), file) : '(no file)';
}

function line(file: { name: string; passed: number }): string {
  return file.passed > 0 ? `ok ${file.name}: ${file.passed}\n` : '';
}

function isSuite(data: { details: { type?: string | undefined } }): boolean {
  return data.details.type === 'suite';
}

/** A suite fails because a test in it did: the test itself is reported. */
function onlyBySubtests(data: Failure): boolean {
  return (data.details.error as { failureType?: string }).failureType === 'subtestsFailed';
}

function failure(data: Failure): string {
  const error = data.details.error.cause ?? data.details.error;
  const text = inspect(error, { depth: 6, breakLength: 140 }).replace(/^/gm, '    ');
  return `not ok ${shortName(data.file)}:${data.line ?? ''} ${data.name}\n${text}\n`;
}
