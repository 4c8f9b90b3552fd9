import { readFileSync } from 'node:fs';
import { parseImapUrl, type ServerUrl } from './infra/imap/url.js';
import { parseSieveUrl } from './infra/sieve/url.js';
import { parseSmtpUrl } from './infra/smtp/url.js';

/** Where a domain's mailboxes are and where its users hand in mail. */
export interface MailServers {
  readonly imap: ServerUrl;
  readonly smtp: ServerUrl | null;
  /** ManageSieve, for automatic replies; null: there are none. */
  readonly sieve: ServerUrl | null;
}

const PARTS = { imap: parseImapUrl, smtp: parseSmtpUrl, sieve: parseSieveUrl } as const;

/**
 * Reads the table of domains that have their own servers: JSON text, or the name of a file with it, of the form
 * `{"example.org": {"imap": "imaps://…", "smtp": "smtps://…", "sieve": "sieve://…"}}`, of which only `imap` is needed.
 * @throws Error with a sentence that names every problem
 */
export function readMailServers(value: string): Map<string, MailServers> {
  const problems: string[] = [];
  const table = new Map<string, MailServers>();
  for (const [domain, entry] of Object.entries(object(parseJson(value), 'the table'))) {
    try {
      table.set(domainKey(domain), readEntry(entry));
    } catch (error) {
      problems.push(`${domain}: ${(error as Error).message}`);
    }
  }
  if (problems.length > 0) throw new Error(problems.join('; '));
  return table;
}

function parseJson(value: string): unknown {
  const text = value.startsWith('{') ? value : readFileSync(value, 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`is not JSON: ${(error as Error).message}`);
  }
}

function readEntry(entry: unknown): MailServers {
  const urls = object(entry, 'an entry');
  const unknown = Object.keys(urls).find((name) => !(name in PARTS));
  if (unknown !== undefined) throw new Error(`has an unknown part ${unknown}`);
  const read = (part: keyof typeof PARTS): ServerUrl | null => {
    const url = urls[part];
    if (url === undefined) return null;
    if (typeof url !== 'string') throw new Error(`${part} must be text`);
    try {
      return PARTS[part](url);
    } catch (error) {
      throw new Error(`${part} ${(error as Error).message}`);
    }
  };
  const imap = read('imap');
  if (!imap) throw new Error('imap is missing');
  return { imap, smtp: read('smtp'), sieve: read('sieve') };
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} must be a JSON object`);
  return value as Record<string, unknown>;
}

function domainKey(domain: string): string {
  if (domain !== '*' && !/^[\p{L}\p{N}.-]+$/u.test(domain)) throw new Error('is not a domain name');
  return domain.toLowerCase();
}
