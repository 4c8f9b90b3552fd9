import assert from 'node:assert/strict';
import { type Tag, t } from './eas-phone-wbxml.js';
import { PhoneWire, type WireAnswer, type WireRequest } from './eas-phone-wire.js';

/**
 * A readable list of a phone's requests and what their answers must hold: `test/scripts/eas/*.txt`.
 *
 *     agent: Apple-iPhone16C2/2207.100      User-Agent
 *     device: iPhone APPL0123               DeviceType and DeviceId
 *     version: 16.1
 *     query: base64                         default plain
 *
 *     > mail Hello                          something happens elsewhere: a deed of the test, with its arguments
 *     OPTIONS                               or a command
 *       while mail Hello                    a deed that begins together with the request
 *       from validate                       another DeviceId, for this request only
 *       policy none                         no policy key; otherwise the one kept as {policy}
 *       param Cmd Options                   a parameter of the query
 *       AirSync:Sync                        the document: one element a line, its text behind it, children indented
 *         AirSync:SyncKey {key}             {names} are values kept before
 *       => 200                              the HTTP status
 *       empty                               there is no body
 *       header NAME ~ REGEX
 *       is Collection/Status = 1            path of local names: the first element anywhere, then children
 *       same                                the answer is that of the request before, byte for byte
 *       count Add = 3                       elements of that name
 *       has REGEX    lacks REGEX            the document as text
 *       keep key = Collection/SyncKey
 *       keep inbox = folder 2               ServerId of the folder of that type
 *       keep id = ServerId with Hello       that child of the Add, Change or Result whose Subject it is
 *     again                                 the request before, once more, byte for byte
 *     use prime folder={inbox} as=key       the steps of parts/prime.txt, with these values
 */
export interface EasScript {
  readonly head: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

interface Step {
  readonly line: string;
  readonly options: readonly string[];
  readonly body: readonly string[];
  readonly checks: readonly string[];
}

/** @param part gives the text of a part by its name */
export function parseScript(text: string, part: (name: string) => string): EasScript {
  const head: Record<string, string> = {};
  const steps: { line: string; options: string[]; body: string[]; checks: string[] }[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, name, value] = /^(\w+): (.*)$/.exec(line) ?? [];
    const step = steps.at(-1);
    if (name) head[name] = value ?? '';
    else if (line.startsWith('use ')) steps.push(...used(line, part));
    else if (!line.startsWith(' ')) steps.push({ line, options: [], body: [], checks: [] });
    else if (!step) throw new Error(`before the first request: ${line}`);
    else if (/^ {2}(=>|empty|header|is|same|count|has|lacks|keep)\b|^ {2}=>/.test(line)) step.checks.push(line.trim());
    else if (/^ {2}(while|from|policy|param) /.test(line)) step.options.push(line.trim());
    else step.body.push(line);
  }
  return { head, steps };
}

function used(
  line: string,
  part: (name: string) => string,
): { line: string; options: string[]; body: string[]; checks: string[] }[] {
  const [, name = '', ...values] = line.split(' ');
  const set = { line: `set ${values.join(' ')}`, options: [], body: [], checks: [] };
  return [
    set,
    ...parseScript(part(name), part).steps.map((step) => ({
      ...step,
      options: [...step.options],
      body: [...step.body],
      checks: [...step.checks],
    })),
  ];
}

export interface ScriptWorld {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** What can happen besides requests. */
  readonly deeds: Readonly<Record<string, (...args: string[]) => Promise<unknown>>>;
  readonly values: Readonly<Record<string, string>>;
  /** Bytes for elements whose text is `@name`. */
  readonly bytes: Readonly<Record<string, Uint8Array>>;
}

/** Runs the steps in their order. */
export async function runScript({ head, steps }: EasScript, world: ScriptWorld): Promise<void> {
  const [deviceType = '', deviceId = ''] = (head.device ?? '').split(' ');
  const identity = { url: world.url, user: world.user, password: world.password, deviceType, version: head.version ?? '16.1' };
  const wireFor = (id: string) =>
    new PhoneWire({ ...identity, deviceId: id, base64: head.query === 'base64', userAgent: head.agent ?? '', headers: {} });
  const wire = wireFor(deviceId);
  const known = new Map(Object.entries(world.values));
  let last: { request: WireRequest; answer?: WireAnswer } | undefined;
  try {
    for (const step of steps) {
      const fill = (text: string) => filled(text, known);
      if (step.line.startsWith('set ')) {
        for (const pair of fill(step.line.slice(4)).split(' ').filter(Boolean))
          known.set(...(pair.split('=') as [string, string]));
        continue;
      }
      if (step.line.startsWith('> ')) {
        await happen(world, fill(step.line.slice(2)));
        continue;
      }
      const options = new Map(step.options.map((line) => [line.split(' ')[0] ?? '', fill(line).split(' ').slice(1)]));
      const before = last;
      const other = options.get('from')?.[0];
      const asking = other === undefined ? wire : wireFor(other);
      const request = step.line === 'again' ? before!.request : requestOf(step, options, known, world.bytes);
      const [answer] = await Promise.all([
        step.line === 'OPTIONS' ? asking.options() : asking.post(request),
        options.has('while') ? happen(world, options.get('while')!.join(' ')) : undefined,
      ]);
      if (asking !== wire) asking.close();
      last = { request, answer };
      const where = `${step.line}: ${answer.status} ${answer.tree ?? `${answer.body.length} bytes`}`;
      for (const check of step.checks) verify(fill(check), answer, before?.answer, known, `${where}\n${fill(check)}`);
    }
  } finally {
    wire.close();
  }
}

function filled(text: string, known: ReadonlyMap<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    assert.ok(known.has(name), `${whole} is not known here`);
    return known.get(name) ?? '';
  });
}

async function happen({ deeds }: ScriptWorld, line: string): Promise<void> {
  const [name = '', ...args] = line.split(' ');
  const deed = deeds[name];
  if (!deed) throw new Error(`no such deed: ${name}`);
  await deed(...args);
}

function requestOf(
  { line, body }: Step,
  options: ReadonlyMap<string, readonly string[]>,
  known: ReadonlyMap<string, string>,
  bytes: ScriptWorld['bytes'],
): WireRequest {
  const policy = options.get('policy')?.[0] ?? known.get('policy');
  const [name, ...value] = options.get('param') ?? [];
  return {
    command: line,
    ...(policy !== undefined && policy !== 'none' && line !== 'Ping' && { policyKey: policy }),
    ...(name !== undefined && { parameters: { [name]: value.join(' ') } }),
    ...(body.length > 0 && { body: documentOf(body, known, bytes) }),
    timeout: 60_000,
  };
}

/** The element on the first line with those indented below it. */
function documentOf(lines: readonly string[], known: ReadonlyMap<string, string>, bytes: ScriptWorld['bytes']): Tag {
  const [first = '', ...rest] = lines;
  const depth = indent(first);
  const [name = '', ...words] = first.trim().split(' ');
  const text = filled(words.join(' '), known);
  const kids: string[][] = [];
  for (const line of rest) {
    if (indent(line) === depth + 2) kids.push([line]);
    else if (indent(line) > depth + 2 && kids.length > 0) kids.at(-1)?.push(line);
    else throw new Error(`badly indented: ${line}`);
  }
  const value = text.startsWith('@') ? bytes[text.slice(1)] : text;
  return t(
    name,
    value === '' ? undefined : value,
    kids.map((kid) => documentOf(kid, known, bytes)),
  );
}

const indent = (line: string): number => line.length - line.trimStart().length;

type Verify = (argument: string, answer: WireAnswer, where: string, known: Map<string, string>, before?: WireAnswer) => void;

const CHECKS: Readonly<Record<string, Verify>> = {
  '=>': (argument, { status }, where) => assert.ok(argument.split('|').includes(String(status)), where),
  empty: (_argument, { body }, where) => assert.equal(body.length, 0, where),
  same: (_argument, { body }, where, _known, before) => assert.deepEqual(body, before?.body, where),
  has: (argument, { tree }, where) => assert.match(String(tree), new RegExp(argument), where),
  lacks: (argument, { tree }, where) => assert.doesNotMatch(String(tree), new RegExp(argument), where),
  header: (argument, { headers }, where) => {
    const [name = '', pattern = ''] = argument.split(' ~ ');
    assert.match(String(headers[name.toLowerCase()] ?? ''), new RegExp(pattern), where);
  },
  is: (argument, { tree }, where) => {
    const [path = '', value = ''] = argument.split(' = ');
    assert.equal(textOf(at(tree, path)), value, where);
  },
  count: (argument, { tree }, where) => {
    const [name = '', value = ''] = argument.split(' = ');
    assert.equal(everything(tree).filter(({ local }) => local === name).length, Number(value), where);
  },
  keep: (argument, { tree }, where, known) => {
    const [name = '', source = ''] = argument.split(' = ');
    const value = sourceOf(tree, source);
    assert.ok(value, where);
    known.set(name, value);
  },
};

function verify(
  check: string,
  answer: WireAnswer,
  before: WireAnswer | undefined,
  known: Map<string, string>,
  where: string,
): void {
  const [verb = '', ...rest] = check.split(' ');
  CHECKS[verb]?.(rest.join(' '), answer, where, known, before);
}

const everything = (tree: Tag | undefined): Tag[] => (tree ? [tree, ...tree.walk()] : []);
const textOf = (tag: Tag | undefined): string | undefined =>
  tag && (typeof tag.value === 'string' ? tag.value : Buffer.from(tag.value ?? '').toString());

function at(tree: Tag | undefined, path: string): Tag | undefined {
  const [first = '', ...rest] = path.split('/');
  return everything(tree)
    .filter(({ local }) => local === first)
    .map((start) => rest.reduce<Tag | undefined>((tag, name) => tag?.kids.find(({ local }) => local === name), start))
    .find((tag) => tag !== undefined);
}

function sourceOf(tree: Tag | undefined, source: string): string | undefined {
  const [, type] = /^folder (\d+)$/.exec(source) ?? [];
  if (type) {
    const folder = everything(tree).find(({ kids }) => kids.some((kid) => kid.local === 'Type' && kid.value === type));
    return folder?.text('FolderHierarchy:ServerId');
  }
  const [, child, subject] = /^(\w+) with (.*)$/.exec(source) ?? [];
  if (!child) return textOf(at(tree, source));
  const holder = everything(tree).find(
    ({ local, kids }) =>
      ['Add', 'Change', 'Result'].includes(local) &&
      kids.some((kid) => [...kid.walk()].some((tag) => tag.local === 'Subject' && tag.value === subject)),
  );
  return textOf(holder?.kids.find(({ local }) => local === child));
}
