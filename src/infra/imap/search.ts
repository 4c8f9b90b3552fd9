import type { SearchObject } from 'imapflow';
import { DomainError } from '../../domain/errors.js';
import type { MailQuery } from '../../domain/mail/service.js';

/** One search key with its value, as imapflow's search objects have it. */
type Key = readonly [name: string, value: unknown];

/** Search keys in one command, and how deep they may stand inside each other. */
const MAX_KEYS = 60;
const MAX_DEPTH = 8;

/** A query → imapflow's search object. @throws DomainError `invalid` for a query too large for one command */
export function toSearch(query: MailQuery): SearchObject {
  const budget = { keys: MAX_KEYS };
  const search = together(keysOf(query, budget, 0));
  return Object.keys(search).length === 0 ? { all: true } : search;
}

const TEXTS = ['text', 'body', 'subject', 'from', 'to', 'cc', 'bcc'] as const;
const FLAGS = ['seen', 'flagged', 'answered', 'draft', 'deleted'] as const;

function keysOf(query: MailQuery, budget: { keys: number }, depth: number): Key[] {
  if (depth > MAX_DEPTH) throw tooComplex();
  const inner = (each: MailQuery) => keysOf(each, budget, depth + 1);
  const keys: Key[] = [
    ...TEXTS.flatMap((name): Key[] => (query[name] ? [[name, query[name]]] : [])),
    ...FLAGS.flatMap((name): Key[] => (query[name] === undefined ? [] : [[name, query[name]]])),
    ...(query.since ? [['since', query.since] as const] : []),
    ...(query.before ? [['before', query.before] as const] : []),
    ...Object.entries(query.header ?? {}).map(([name, value]): Key => ['header', { [name]: value }]),
    ...(query.all ?? []).flatMap(inner),
    ...(query.any && query.any.length > 0 ? [['or', query.any.map((each) => together(inner(each)))] as const] : []),
    ...(query.not ? [['not', together(inner(query.not))] as const] : []),
  ];
  budget.keys -= keys.length;
  if (budget.keys < 0) throw tooComplex();
  return keys;
}

/**
 * Keys of which all must match. imapflow takes each key once, but in any case of its letters: the second `text` is spelled
 * `Text`, which keeps the command free of double negations that no full-text index can serve.
 */
function together(keys: readonly Key[]): SearchObject {
  const search: Record<string, unknown> = {};
  for (const [name, value] of keys) search[freeSpelling(name, search)] = value;
  return search as SearchObject;
}

function freeSpelling(name: string, taken: object): string {
  for (let bits = 0; bits < 2 ** Math.min(name.length, 6); bits++) {
    const spelled = [...name].map((letter, at) => (bits & (1 << at) ? letter.toUpperCase() : letter)).join('');
    if (!(spelled in taken)) return spelled;
  }
  throw tooComplex();
}

function tooComplex(): DomainError {
  return new DomainError('invalid', 'the search is too complex');
}
