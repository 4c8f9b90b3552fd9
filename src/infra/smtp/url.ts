import { parseMailUrl, type ServerUrl } from '../imap/url.js';

/**
 * Reads `smtp://host:port` (STARTTLS required, port 587), `smtps://host` (TLS from the start, port 465), `?tls=off` and
 * `?tls=insecure` as for IMAP.
 * @throws Error with a sentence for the operator.
 */
export function parseSmtpUrl(text: string): ServerUrl {
  return parseMailUrl(text, {
    'smtp:': { port: 587, tls: false },
    'submission:': { port: 587, tls: false },
    'smtps:': { port: 465, tls: true },
    'submissions:': { port: 465, tls: true },
  });
}
