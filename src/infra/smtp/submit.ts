import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { DomainError, type ErrorKind } from '../../domain/errors.js';
import type { Envelope } from '../../domain/mail/model.js';
import type { Credentials } from '../../domain/types.js';
import type { ServerUrl } from '../imap/url.js';

const CONNECT_MS = 20_000;
const SOCKET_MS = 120_000;

/** What nodemailer puts on its errors. */
interface SmtpError extends Error {
  readonly code?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly command?: string;
}

interface Verdict {
  readonly when: (error: SmtpError) => boolean;
  readonly kind: ErrorKind;
  readonly message: string;
}

/** First match wins; RFC 5321 §4.2, enhanced codes of RFC 3463. */
const VERDICTS: readonly Verdict[] = [
  { when: (e) => e.code === 'ETLS', kind: 'unavailable', message: 'no encrypted connection to the submission server' },
  {
    when: (e) => e.responseCode === 552 || / 5\.[23]\.[34]\b/.test(e.response ?? ''),
    kind: 'too-large',
    message: 'the message is too large',
  },
  { when: (e) => e.code === 'EMESSAGE' && e.responseCode === undefined, kind: 'too-large', message: 'the message is too large' },
  {
    when: (e) => (e.responseCode ?? 0) >= 400 && (e.responseCode ?? 0) < 500,
    kind: 'unavailable',
    message: 'the submission server is busy',
  },
  {
    when: (e) => e.code === 'EAUTH' || e.code === 'ENOAUTH',
    kind: 'unauthenticated',
    message: 'the submission server refuses the password',
  },
  { when: (e) => e.code === 'EENVELOPE', kind: 'invalid', message: 'the submission server refuses the sender or all recipients' },
  { when: (e) => (e.responseCode ?? 0) >= 500, kind: 'invalid', message: 'the submission server refuses the message' },
];

/**
 * Hands a message to a submission server (RFC 6409) with the user's own password. Bytes go out as they are, only dots and
 * line ends as SMTP wants them.
 * @returns recipients the server refused while it took others.
 * @throws DomainError `unauthenticated`, `invalid`, `too-large` or `unavailable`.
 */
export async function submit(
  server: ServerUrl,
  credentials: Credentials,
  envelope: Envelope,
  raw: Uint8Array,
): Promise<readonly string[]> {
  const connection = new SMTPConnection(connectionOptions(server));
  try {
    return await conversation(connection, credentials, envelope, raw);
  } catch (error) {
    throw toDomainError(error as SmtpError);
  } finally {
    connection.close();
  }
}

function connectionOptions(server: ServerUrl) {
  return {
    host: server.host,
    port: server.port,
    secure: server.security === 'tls',
    requireTLS: server.security === 'starttls',
    ignoreTLS: server.security === 'none',
    tls: { rejectUnauthorized: server.verifyCertificate },
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SOCKET_MS,
  };
}

/** Connect, login, send; a connection error at any step ends it. */
function conversation(
  connection: SMTPConnection,
  { username, password }: Credentials,
  envelope: Envelope,
  raw: Uint8Array,
): Promise<readonly string[]> {
  const data = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  const eightBit = data.some((byte) => byte > 0x7f);
  return new Promise((resolve, reject) => {
    const then = (next: () => void) => (error?: Error | null) => (error ? reject(error) : next());
    connection.once('error', reject);
    connection.once('end', () => reject(new Error('connection ended')));
    const send = () => {
      const full = { from: envelope.from, to: [...envelope.to], size: data.length, use8BitMime: eightBit };
      connection.send(full, data, (error, info) => {
        if (error) reject(error);
        else resolve((info?.rejected ?? []).map(String));
        connection.quit();
      });
    };
    // A server that offers no AUTH knows its clients by their network; there is nobody to tell the password.
    const logIn = () => (connection.allowsAuth ? connection.login({ user: username, pass: password }, then(send)) : send());
    connection.connect(then(logIn));
  });
}

function toDomainError(error: SmtpError): DomainError {
  const verdict = VERDICTS.find(({ when }) => when(error));
  const { kind, message } = verdict ?? { kind: 'unavailable' as const, message: 'the submission server does not answer' };
  return new DomainError(kind, message, {
    reason: 'mail-server',
    cause: error,
    ...(kind === 'unavailable' && { retryAfter: 60 }),
  });
}
