import { parseMailUrl, type ServerUrl } from '../imap/url.js';

/**
 * Reads `sieve://host:port` (STARTTLS required, port 4190), `?tls=off` and `?tls=insecure` as for IMAP (RFC 5804 §3).
 * @throws Error with a sentence for the operator.
 */
export function parseSieveUrl(text: string): ServerUrl {
  return parseMailUrl(text, { 'sieve:': { port: 4190, tls: false } });
}
