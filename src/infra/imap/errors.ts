import { DomainError, type ErrorKind, type ErrorReason } from '../../domain/errors.js';

/** What imapflow and the socket put on their errors. */
interface ImapError {
  readonly message?: string;
  readonly code?: string;
  readonly authenticationFailed?: boolean;
  readonly serverResponseCode?: string;
  readonly responseStatus?: string;
  readonly mailboxMissing?: boolean;
}

interface Verdict {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly reason?: ErrorReason;
  readonly retryAfter?: number;
}

/** Response codes (RFC 5530, RFC 9051 §7.1) and imapflow's own codes → what they mean to the domain. */
const VERDICTS: Readonly<Record<string, Verdict>> = {
  NOTFOUND: { kind: 'not-found', message: 'no such mailbox' },
  NONEXISTENT: { kind: 'not-found', message: 'no such mailbox' },
  TRYCREATE: { kind: 'not-found', message: 'no such mailbox' },
  ALREADYEXISTS: { kind: 'conflict', message: 'the mailbox exists already' },
  CANNOT: { kind: 'invalid', message: 'the mail server does not allow that' },
  NOPERM: { kind: 'forbidden', message: 'the mail server does not permit that' },
  OVERQUOTA: { kind: 'forbidden', message: 'the mailbox is full', reason: 'quota-not-exceeded' },
  TOOBIG: { kind: 'too-large', message: 'the message is too large for the mail server' },
  APPENDLIMIT: { kind: 'too-large', message: 'the message is too large for the mail server' },
  LITERALTOOLARGE: { kind: 'too-large', message: 'the message is larger than the gateway reads' },
  RESPONSETOOLARGE: { kind: 'too-large', message: 'the message is larger than the gateway reads' },
  AUTHENTICATIONFAILED: { kind: 'unauthenticated', message: 'the mail server refuses the password' },
  AUTHORIZATIONFAILED: { kind: 'unauthenticated', message: 'the mail server refuses the login' },
  EXPIRED: { kind: 'unauthenticated', message: 'the password has expired' },
  UNAVAILABLE: { kind: 'unavailable', message: 'the mail server is busy', reason: 'mail-server', retryAfter: 30 },
  INUSE: { kind: 'unavailable', message: 'the mailbox is in use', reason: 'mail-server', retryAfter: 10 },
  LIMIT: { kind: 'unavailable', message: 'too many connections to the mail server', reason: 'mail-server', retryAfter: 30 },
  ETHROTTLE: { kind: 'unavailable', message: 'the mail server asks for less', reason: 'mail-server', retryAfter: 60 },
};

const REFUSED_LOGIN: Verdict = { kind: 'unauthenticated', message: 'the mail server refuses the password' };
const NO_ANSWER: Verdict = {
  kind: 'unavailable',
  message: 'the mail server does not answer',
  reason: 'mail-server',
  retryAfter: 10,
};
const REFUSED: Verdict = { kind: 'unavailable', message: 'the mail server refused the command', reason: 'mail-server' };

/** Turns whatever imapflow threw into a DomainError; the server's own words stay in `cause`. */
export function toDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const { kind, message, ...details } = verdict((error ?? {}) as ImapError);
  return new DomainError(kind, message, { ...details, cause: error });
}

function verdict(error: ImapError): Verdict {
  const code = error.mailboxMissing ? 'NONEXISTENT' : (error.serverResponseCode ?? error.code ?? '');
  const known = VERDICTS[code.toUpperCase()];
  if (error.authenticationFailed) return known?.kind === 'unavailable' ? known : REFUSED_LOGIN;
  return known ?? (error.responseStatus ? REFUSED : NO_ANSWER);
}

/** Codes that say the connection itself is gone, so that a read may be tried again on another one. */
const GONE = new Set([
  'NOCONNECTION',
  'ECONNECTIONCLOSED',
  'STATELOGOUT',
  'ECONNRESET',
  'EPIPE',
  'ETIMEOUT',
  'NOMAILBOXSELECTED',
]);

/** Whether an error, or the cause of a DomainError, is a lost connection. */
export function isConnectionLost(error: unknown): boolean {
  const cause = error instanceof DomainError ? error.details.cause : error;
  return GONE.has(((cause as ImapError | undefined)?.code ?? '').toUpperCase());
}
