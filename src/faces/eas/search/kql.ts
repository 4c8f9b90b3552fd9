import type { MailQuery } from '../../../domain/mail/service.js';

/** A query that can't be read or asks for too much. */
export class KqlError extends Error {
  override readonly name = 'KqlError';
}

/** One unit of a query: an operator, a bracket, or a restriction. */
type Token =
  | { readonly kind: 'and' | 'or' | 'not' | 'open' | 'close' }
  | { readonly kind: 'term'; readonly field: string; readonly operator: string; readonly value: string };

const MAX_LENGTH = 1024;
const MAX_TOKENS = 60;

/**
 * Reads the words a person looks for, and of the Keyword Query Language what mail programs write: quoted phrases,
 * `to:`, `cc:`, `from:`, `subject:` and their kin, AND, OR, NOT and brackets. iOS quotes a term as a whole
 * (`"subject:cake" OR "from:cake"`). Words side by side must all be there. @throws KqlError
 */
export function parseKql(text: string): MailQuery {
  if (text.length > MAX_LENGTH) throw new KqlError('query is too long');
  const parser = new Parser(tokensOf(text));
  return parser.all();
}

const TOKEN = /\s+|(\()|(\))|([A-Za-z]+)\s*(:|>=|<=|<>|>|<|=)\s*(?:"([^"]*)"?|([^\s()"]+))|"([^"]*)"?|([-+]?)([^\s()"]+)/gy;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(TOKEN)) {
    tokens.push(...tokenOf(match));
    if (tokens.length > MAX_TOKENS) throw new KqlError('query has too many words');
  }
  return tokens;
}

const OPERATORS: Readonly<Record<string, 'and' | 'or' | 'not'>> = { AND: 'and', OR: 'or', NOT: 'not' };

function tokenOf([all, open, close, field, operator, quoted, bare, phrase, sign, word]: RegExpExecArray): Token[] {
  if (open) return [{ kind: 'open' }];
  if (close) return [{ kind: 'close' }];
  if (field) {
    const known = FIELDS.has(field.toLowerCase());
    // `12:30` and `http://…` are words like any other.
    return [known ? term(field, operator ?? ':', quoted ?? bare ?? '') : term('', ':', all.replaceAll('"', ''))];
  }
  if (phrase !== undefined) {
    const inner = /^([A-Za-z]+):(.+)$/.exec(phrase);
    const named = inner && FIELDS.has((inner[1] as string).toLowerCase());
    return [named ? term(inner[1] as string, ':', inner[2] as string) : term('', ':', phrase)];
  }
  if (!word) return [];
  const known = sign === '' && OPERATORS[word];
  if (known) return [{ kind: known }];
  return [...(sign === '-' ? [{ kind: 'not' } as const] : []), term('', ':', word)];
}

function term(field: string, operator: string, value: string): Token {
  return { kind: 'term', field: field.toLowerCase(), operator, value: value.replace(/\*+$/, '').trim() };
}

/** OR binds weakest, then words side by side and AND, then NOT. */
class Parser {
  private at = 0;
  private depth = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  all(): MailQuery {
    const query = this.alternatives();
    if (this.at < this.tokens.length) throw new KqlError('a bracket too many');
    return query;
  }

  private alternatives(): MailQuery {
    const any = [this.conjunction()];
    while (this.skip('or')) any.push(this.conjunction());
    const said = any.filter((each) => !isNothing(each));
    return said.length > 1 ? { any: said } : (said[0] ?? {});
  }

  private conjunction(): MailQuery {
    const all: MailQuery[] = [];
    for (;;) {
      while (this.skip('and')) {}
      const kind = this.tokens[this.at]?.kind;
      if (kind === undefined || kind === 'or' || kind === 'close') break;
      const next = this.restriction();
      if (!isNothing(next)) all.push(next);
    }
    return all.length > 1 ? { all } : (all[0] ?? {});
  }

  private restriction(): MailQuery {
    if (++this.depth > MAX_TOKENS) throw new KqlError('query is nested too deeply');
    if (this.skip('not')) {
      const inner = this.tokens[this.at] ? this.restriction() : {};
      return isNothing(inner) ? {} : { not: inner };
    }
    const token = this.tokens[this.at++];
    if (token?.kind === 'open') {
      const inner = this.alternatives();
      if (!this.skip('close')) throw new KqlError('a bracket is not closed');
      return inner;
    }
    return token?.kind === 'term' ? restrictionOf(token) : {};
  }

  private skip(kind: Token['kind']): boolean {
    const found = this.tokens[this.at]?.kind === kind;
    if (found) this.at++;
    return found;
  }
}

function isNothing(query: MailQuery): boolean {
  return Object.keys(query).length === 0;
}

type Restriction = (value: string, operator: string) => MailQuery;

const people: Restriction = (value) => ({ any: [{ from: value }, { to: value }, { cc: value }, { bcc: value }] });
const recipients: Restriction = (value) => ({ any: [{ to: value }, { cc: value }, { bcc: value }] });
const flag =
  (name: 'seen' | 'flagged'): Restriction =>
  (value) => ({ [name]: /^(true|1|yes)$/i.test(value) });
/** Attachments can't be asked of IMAP; nearly all messages that have some say so in their type. */
const MIXED: MailQuery = { header: { 'Content-Type': 'multipart/mixed' } };

/** Property restrictions; a value that can't be read restricts nothing. */
const FIELDS: ReadonlyMap<string, Restriction> = new Map<string, Restriction>([
  ['', (value) => ({ text: value })],
  ['subject', (value) => ({ subject: value })],
  ['from', (value) => ({ from: value })],
  ['to', (value) => ({ to: value })],
  ['cc', (value) => ({ cc: value })],
  ['bcc', (value) => ({ bcc: value })],
  ['body', (value) => ({ body: value })],
  ['participants', people],
  ['recipients', recipients],
  ['attachment', (value) => ({ all: [MIXED, { body: value }] })],
  ['hasattachment', (value) => (/^(true|1|yes)$/i.test(value) ? MIXED : { not: MIXED })],
  ['isread', flag('seen')],
  ['read', flag('seen')],
  ['isflagged', flag('flagged')],
  ['received', (value, operator) => dates(value, operator)],
  ['sent', (value, operator) => dates(value, operator)],
  ['kind', () => ({})],
]);

function restrictionOf({ field, operator, value }: Extract<Token, { kind: 'term' }>): MailQuery {
  return value === '' ? {} : (FIELDS.get(field)?.(value, operator) ?? {});
}

const DAY = 86_400_000;

/** `received>=2026-01-02`, `received:2026-01-02`, `received:2026-01-02..2026-02-01`. */
function dates(value: string, operator: string): MailQuery {
  const [from, to] = value.split('..').map(day);
  if (!from) return {};
  const next = new Date((to ?? from).getTime() + DAY);
  if (operator === '>') return { since: new Date(from.getTime() + DAY) };
  if (operator === '>=') return { since: from };
  if (operator === '<') return { before: from };
  if (operator === '<=') return { before: next };
  return { since: from, before: next };
}

function day(text: string): Date | null {
  const match = /^(\d{4})-(\d{1,2})-(\d{1,2})/.exec(text) ?? /^(\d{4})(\d\d)(\d\d)/.exec(text);
  const date = match && new Date(Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])));
  return date && !Number.isNaN(date.getTime()) ? date : null;
}
