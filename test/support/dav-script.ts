import assert from 'node:assert/strict';
import { D, type DavClient, type DavResponse, type Multistatus, readMultistatus } from './dav-client.js';

/**
 * A readable list of requests and what their answers must hold: `test/scripts/dav/*.txt`.
 *
 *     starts: / /principals/            the script runs once from each of these: {start}
 *     headers: Brief: t                 sent with every request
 *     PROPFIND {start} depth 0          method, path, Depth; `anonymous` at the end: without credentials
 *       If-None-Match: *                a header of this request
 *       props displayname C:x           a PROPFIND body
 *       body <xml/>                     any other body, on one line
 *       | BEGIN:VCALENDAR               a line of a text body
 *       => 207                          the status; several: 200|207
 *       keep home = C:calendar-home-set the first href in that property of the first row, else its text, for later: {home}
 *       keep tag = header etag
 *       one C:calendar-home-set         the first row has the property with one href
 *       every getetag                   each row has the property
 *       row {home}calendar/             there is a row of that href
 *       has REGEX   lacks REGEX   header NAME ~ REGEX
 */
export interface DavScript {
  readonly starts: readonly string[];
  readonly steps: readonly Step[];
}

interface Step {
  readonly line: string;
  readonly headers: readonly string[];
  readonly body: readonly string[];
  readonly checks: readonly string[];
}

const NAMESPACES: Readonly<Record<string, string>> = {
  D: 'DAV:',
  C: 'urn:ietf:params:xml:ns:caldav',
  K: 'urn:ietf:params:xml:ns:carddav',
  CS: 'http://calendarserver.org/ns/',
  A: 'http://apple.com/ns/ical/',
  ME: 'http://me.com/_namespace/',
  P: 'https://bitfire.at/webdav-push',
};
const DECLARED = Object.entries(NAMESPACES)
  .map(([prefix, uri]) => ` xmlns:${prefix}="${uri}"`)
  .join('');

export function parseScript(text: string): DavScript {
  const starts: string[] = [];
  const common: string[] = [];
  const steps: { line: string; headers: string[]; body: string[]; checks: string[] }[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const step = steps.at(-1);
    const inner = line.trim();
    if (line.startsWith('starts:')) starts.push(...line.slice(7).trim().split(/\s+/));
    else if (line.startsWith('headers:')) common.push(line.slice(8).trim());
    else if (!line.startsWith(' ')) steps.push({ line: inner, headers: [...common], body: [], checks: [] });
    else if (step === undefined) throw new Error(`before the first request: ${line}`);
    else if (/^(props|body) |^\|/.test(inner)) step.body.push(inner);
    else if (/^(=>|keep|one|every|row|has|lacks|header) /.test(inner)) step.checks.push(inner);
    else step.headers.push(inner);
  }
  return { starts: starts.length === 0 ? ['/'] : starts, steps };
}

export interface Actors {
  readonly client: DavClient;
  readonly anonymous: DavClient;
}

/** Runs the steps in their order; `values` are what {names} stand for at the beginning. */
export async function runScript(
  { steps }: DavScript,
  { client, anonymous }: Actors,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const known = new Map(Object.entries(values));
  const fill = (text: string): string =>
    text.replace(/\{(\w+)\}/g, (whole, name: string) => {
      assert.ok(known.has(name), `${whole} is not known here`);
      return known.get(name) ?? '';
    });
  for (const step of steps) {
    const [method = '', path = '', ...more] = fill(step.line).split(' ');
    const depth = more[0] === 'depth' ? { depth: (more[1] === 'infinity' ? 'infinity' : Number(more[1])) as 0 | 1 } : {};
    const headers = Object.fromEntries(step.headers.map((header) => pair(fill(header))));
    const body = bodyOf(step.body.map(fill));
    const asking = more.at(-1) === 'anonymous' ? anonymous : client;
    const answer = await asking.request(method, path, { ...depth, headers, ...(body === undefined ? {} : { body }) });
    const where = `${method} ${path}: ${answer.status} ${answer.text.slice(0, 400)}`;
    const rows = answer.status === 207 ? await readMultistatus(answer.text) : null;
    for (const check of step.checks) {
      const kept = checked(fill(check), answer, rows, `${where}\n${check}`);
      if (kept !== null) known.set(kept[0], kept[1]);
    }
  }
}

function pair(header: string): [string, string] {
  const colon = header.indexOf(':');
  return [header.slice(0, colon).trim(), header.slice(colon + 1).trim()];
}

function bodyOf(lines: readonly string[]): string | undefined {
  const [first] = lines;
  if (first === undefined) return undefined;
  if (first.startsWith('|')) return lines.map((line) => `${line.slice(1).trimStart()}\r\n`).join('');
  if (first.startsWith('body ')) return first.slice(5).replace(/^(<[\w:-]+)/, `$1${DECLARED}`);
  const names = lines
    .flatMap((line) => line.slice(6).split(/\s+/))
    .map((name) => `<${name.includes(':') ? name : `D:${name}`}/>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<D:propfind${DECLARED}><D:prop>${names.join('')}</D:prop></D:propfind>`;
}

function clarkName(name: string): string {
  const [prefix, local] = name.includes(':') ? (name.split(':') as [string, string]) : ['D', name];
  return `{${NAMESPACES[prefix]}}${local}`;
}

/** Tests one line; returns what it keeps. */
function checked(check: string, answer: DavResponse, rows: Multistatus | null, where: string): [string, string] | null {
  const [verb, ...rest] = check.split(' ');
  const argument = rest.join(' ');
  const first = rows?.responses[0];
  const hrefs = (name: string) => first?.props.get(clarkName(name))?.children.filter((child) => child.name === D('href')) ?? [];
  if (verb === '=>') assert.ok(argument.split('|').includes(String(answer.status)), where);
  else if (verb === 'has') assert.match(answer.text, new RegExp(argument), where);
  else if (verb === 'lacks') assert.doesNotMatch(answer.text, new RegExp(argument), where);
  else if (verb === 'header')
    assert.match(String(answer.headers[(rest[0] ?? '').toLowerCase()] ?? ''), new RegExp(rest.slice(2).join(' ')), where);
  else if (verb === 'row')
    assert.ok(
      rows?.responses.some(({ href }) => href === argument),
      where,
    );
  else if (verb === 'one') assert.equal(hrefs(argument).length, 1, where);
  else if (verb === 'every') {
    assert.ok(
      rows?.responses.every(({ props, status }) => status !== undefined || props.has(clarkName(argument))),
      where,
    );
  } else if (verb === 'keep') {
    const [name = '', , ...source] = rest;
    const value =
      source[0] === 'header'
        ? String(answer.headers[source[1] ?? ''] ?? '')
        : source[0] === 'sync-token-of-answer'
          ? (rows?.syncToken ?? '')
          : (hrefs(source[0] ?? '')[0]?.text ?? first?.props.get(clarkName(source[0] ?? ''))?.text ?? '');
    assert.notEqual(value, '', where);
    return [name, value];
  }
  return null;
}
