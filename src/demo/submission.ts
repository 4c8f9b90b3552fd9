import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';

/** A message that was handed in, as it came over the wire. */
export interface Submitted {
  /** Login name, or '' where no login was asked. */
  user: string;
  from: string;
  to: string[];
  raw: Buffer;
}

export interface SubmissionOptions {
  /** Delivers to local mailboxes, e.g. `dovecot.deliver`. */
  deliver(to: readonly string[], raw: Uint8Array, from: string): Promise<void>;
  /** Which addresses are local; all others are kept as files in `outbox`, and go nowhere. */
  isLocal(address: string): boolean;
  /** Folder for messages to others; without it they are only remembered in `messages`. */
  outbox?: string;
  /** Whether this login may send; without it no login is asked. */
  authenticate?(user: string, password: string): boolean | Promise<boolean>;
  /** Lets a test refuse a message: an SMTP code and text, or nothing to accept. */
  refuse?(message: Submitted): { code: number; text: string } | undefined;
  port?: number;
  log?(line: string): void;
}

export interface Submission {
  port: number;
  /** `smtp://127.0.0.1:PORT?tls=off`. */
  url: string;
  /** All that was accepted since the start, oldest first. */
  messages: readonly Submitted[];
  stop(): Promise<void>;
}

const MAX_BYTES = 60 << 20;

/** A submission server (RFC 6409) for the demo and the tests: local recipients get the mail, nobody else does. */
export async function startSubmission(options: SubmissionOptions): Promise<Submission> {
  const messages: Submitted[] = [];
  if (options.outbox) await mkdir(options.outbox, { recursive: true });
  const server = new SMTPServer(serverOptions(options, messages));
  server.on('error', (error) => options.log?.(`submission: ${error.message}`));
  const listener = server.listen(options.port ?? 0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  return {
    port,
    url: `smtp://127.0.0.1:${port}?tls=off`,
    messages,
    stop: () => new Promise((done) => server.close(() => done())),
  };
}

function serverOptions(options: SubmissionOptions, messages: Submitted[]): SMTPServerOptions {
  const { authenticate } = options;
  return {
    logger: false,
    size: MAX_BYTES,
    closeTimeout: 1000,
    disableReverseLookup: true,
    disabledCommands: authenticate ? ['STARTTLS'] : ['STARTTLS', 'AUTH'],
    authOptional: !authenticate,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) => {
      const user = username ?? '';
      Promise.resolve(authenticate?.(user, password ?? '') ?? true).then(
        (ok) => (ok ? done(null, { user }) : done(smtpError(535, 'authentication failed'))),
        done,
      );
    },
    onData: (stream, session, done) => {
      accept(options, messages, stream, session).then(() => done(), done);
    },
  };
}

async function accept(
  options: SubmissionOptions,
  messages: Submitted[],
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
) {
  const message = { ...envelopeOf(session), raw: await readAll(stream) };
  if (stream.sizeExceeded) throw smtpError(552, 'message too big');
  const refused = options.refuse?.(message);
  if (refused) throw smtpError(refused.code, refused.text);
  const local = message.to.filter((address) => options.isLocal(address));
  const others = message.to.filter((address) => !options.isLocal(address));
  if (local.length > 0) await options.deliver(local, message.raw, message.from);
  if (others.length > 0) await keep(options, message, others);
  messages.push(message);
}

function envelopeOf({ envelope, user }: SMTPServerSession): Omit<Submitted, 'raw'> {
  const from = envelope.mailFrom ? envelope.mailFrom.address : '';
  return { user: String(user ?? ''), from, to: envelope.rcptTo.map(({ address }) => address) };
}

async function readAll(stream: SMTPServerDataStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) if (!stream.sizeExceeded) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function keep(options: SubmissionOptions, message: Submitted, to: readonly string[]): Promise<void> {
  options.log?.(`not delivered (the demo sends nothing outside): ${message.from} -> ${to.join(', ')}`);
  if (!options.outbox) return;
  const name = `${new Date().toISOString().replace(/[:.]/g, '-')}-${Math.random().toString(36).slice(2, 8)}.eml`;
  await writeFile(join(options.outbox, name), message.raw);
}

function smtpError(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode });
}
