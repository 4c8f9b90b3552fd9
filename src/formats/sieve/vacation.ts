import { createHash } from 'node:crypto';

/** One automatic reply. */
export interface VacationReply {
  readonly type: 'plain' | 'html';
  readonly text: string;
}

/** Who gets which reply, and when. */
export interface VacationPlan {
  /** Null: from now on, or for ever. */
  readonly from: Date | null;
  readonly until: Date | null;
  /** To senders of these domains. */
  readonly internal: VacationReply | null;
  readonly internalDomains: readonly string[];
  /** To these senders outside, and to all others; null: none. */
  readonly known: VacationReply | null;
  readonly knownAddresses: readonly string[];
  readonly others: VacationReply | null;
  /** The user's own address, from which replies come, and all the others. */
  readonly address: string;
  readonly aliases: readonly string[];
}

/** Days for which a sender who got a reply gets no other (RFC 5230 §4.1). */
const DAYS = 7;
const DATA = '# data: ';
const DATA_WIDTH = 72;
const MAX_DATA = 1024 * 1024;

/**
 * A Sieve script (RFC 5228) that replies as planned (RFC 5230), then goes on with another script of the user (RFC 6609).
 * `data` is kept in a comment, so that what no Sieve script says can be read again. A null plan replies to nobody.
 */
export function vacationScript(data: string, plan: VacationPlan | null, next: string | null): string {
  const actions = plan ? scheduled(plan, replies(plan)) : [];
  const lines = [
    '# Out of office, made by the mobile sync gateway. What is changed here by hand is overwritten.',
    ...dataLines(data),
    ...required(actions.join('\n'), next),
    ...actions,
    ...(next === null ? [] : [`include :personal :optional ${quoted(next)};`]),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** What vacationScript was given as data; null when the script is none of its making. */
export function scriptData(script: string): string | null {
  const lines = script
    .slice(0, MAX_DATA)
    .split(/\r?\n/)
    .filter((line) => line.startsWith(DATA));
  if (lines.length === 0) return null;
  return Buffer.from(lines.map((line) => line.slice(DATA.length)).join(''), 'base64').toString('utf8');
}

/** Extensions that a plan needs of the server (RFC 5804 §1.7 SIEVE). */
export function neededExtensions(plan: VacationPlan | null, next: string | null): readonly string[] {
  const dated = plan && (plan.from || plan.until) ? ['date', 'relational'] : [];
  return [...(plan ? ['vacation', ...dated] : []), ...(next === null ? [] : ['include'])];
}

function dataLines(data: string): string[] {
  const text = Buffer.from(data).toString('base64');
  return (text.match(new RegExp(`.{1,${DATA_WIDTH}}`, 'g')) ?? []).map((piece) => DATA + piece);
}

function required(actions: string, next: string | null): string[] {
  const used = [
    ['vacation', /\bvacation\b/.test(actions)],
    ['date', /\bcurrentdate\b/.test(actions)],
    ['relational', /\bcurrentdate\b/.test(actions)],
    ['include', next !== null],
  ] as const;
  const names = used.filter(([, isUsed]) => isUsed).map(([name]) => quoted(name));
  return names.length === 0 ? [] : [`require [${names.join(', ')}];`];
}

function scheduled({ from, until }: VacationPlan, actions: readonly string[]): string[] {
  if (actions.length === 0) return [];
  const tests = [
    ...(from ? [`currentdate :zone "+0000" :value "ge" "iso8601" ${quoted(instant(from))}`] : []),
    ...(until ? [`currentdate :zone "+0000" :value "lt" "iso8601" ${quoted(instant(until))}`] : []),
  ];
  return tests.length === 0 ? [...actions] : [`if allof (${['true', ...tests].join(', ')}) {`, ...actions, '}'];
}

/** RFC 5260 §4.2: the form that `iso8601` has, so that comparing texts compares times. */
function instant(date: Date): string {
  return `${date.toISOString().slice(0, 19)}+00:00`;
}

function replies(plan: VacationPlan): string[] {
  const { internal, internalDomains, known, knownAddresses, others } = plan;
  const branches: [test: string, reply: VacationReply | null][] = [
    [`address :domain :is "from" ${list(internalDomains)}`, internal],
    ...(knownAddresses.length > 0
      ? [[`address :is "from" ${list(knownAddresses)}`, known] as [string, VacationReply | null]]
      : []),
    ['', others],
  ];
  if (branches.every(([, reply]) => reply === null)) return [];
  return branches.map(([test, reply], at) => {
    const head = test === '' ? 'else' : `${at === 0 ? 'if' : 'elsif'} ${test}`;
    return `${head} { ${reply ? vacation(reply, plan) : ''} }`;
  });
}

function vacation(reply: VacationReply, { address, aliases, from }: VacationPlan): string {
  const { type, text } = reply;
  // A reply with another text is another reply: who got the old one gets the new one, too.
  const handle = createHash('sha256')
    .update(JSON.stringify([type, text, from]))
    .digest('hex')
    .slice(0, 16);
  const mime = type === 'html' ? ' :mime' : '';
  const body =
    type === 'html' ? `Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${text}` : text;
  const own = list([address, ...aliases]);
  return `vacation :days ${DAYS} :handle ${quoted(handle)} :from ${quoted(address)} :addresses ${own}${mime} ${quoted(body)};`;
}

function list(values: readonly string[]): string {
  return `[${values.map(quoted).join(', ')}]`;
}

/** RFC 5228 §2.4.2: line ends may stand inside. */
function quoted(value: string): string {
  const clean = value.replaceAll('\u0000', '').replace(/\r\n|\r|\n/g, '\r\n');
  return `"${clean.replace(/[\\"]/g, '\\$&')}"`;
}
