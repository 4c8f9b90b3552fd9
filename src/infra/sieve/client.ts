import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { FilterScripts } from '../../domain/accounts/out-of-office.js';
import { DomainError } from '../../domain/errors.js';
import type { Credentials } from '../../domain/types.js';
import type { ServerUrl } from '../imap/url.js';
import { LineReader, type Word } from './reader.js';

/** Milliseconds without a byte after which a connection is given up. */
const TIMEOUT = 20_000;
const CRLF = '\r\n';

/** What a server says of itself, names in upper case. */
type Capabilities = ReadonlyMap<string, string>;

/** The end of an answer: OK, NO or BYE, and what the server adds for people. */
interface Verdict {
  readonly ok: boolean;
  readonly code: string;
  readonly text: string;
}

interface Answer extends Verdict {
  readonly lines: readonly (readonly Word[])[];
}

/** A logged-in ManageSieve connection (RFC 5804). Every failure is a DomainError. */
export class SieveClient implements FilterScripts {
  private constructor(
    private readonly socket: Socket,
    private readonly reader: LineReader,
    readonly extensions: ReadonlySet<string>,
  ) {}

  /** @throws DomainError `unauthenticated` or `unavailable` */
  static async connect(server: ServerUrl, credentials: Credentials): Promise<SieveClient> {
    const line = await translated(() => open(server));
    try {
      return await translated(() => login(line, credentials));
    } catch (error) {
      line.socket.destroy();
      throw error;
    }

    async function login({ socket, reader, capabilities }: Line, { username, password }: Credentials): Promise<SieveClient> {
      const mechanisms = (capabilities.get('SASL') ?? '').toUpperCase().split(/\s+/);
      if (!mechanisms.includes('PLAIN')) throw unavailable('the filter server takes no password');
      const secret = Buffer.from(`\0${username}\0${password}`).toString('base64');
      const { ok } = await exchange(socket, reader, `AUTHENTICATE "PLAIN" ${literal(secret)}`);
      if (!ok) throw new DomainError('unauthenticated', 'the filter server refuses the password');
      const extensions = new Set((capabilities.get('SIEVE') ?? '').toLowerCase().split(/\s+/).filter(Boolean));
      return new SieveClient(socket, reader, extensions);
    }
  }

  async list(): Promise<readonly { name: string; active: boolean }[]> {
    const { lines } = await this.command('LISTSCRIPTS');
    return lines
      .filter(([name]) => name?.kind === 'string')
      .map(([name, state]) => ({ name: (name as Word).text, active: state?.text.toUpperCase() === 'ACTIVE' }));
  }

  async get(name: string): Promise<string | null> {
    const answer = await this.ask(`GETSCRIPT ${literal(name)}`);
    if (/NONEXISTENT/i.test(answer.code)) return null;
    return (
      accepted(answer)
        .lines.flat()
        .find(({ kind }) => kind === 'string')?.text ?? ''
    );
  }

  async put(name: string, text: string): Promise<void> {
    await this.command(`PUTSCRIPT ${literal(name)} ${literal(text)}`);
  }

  async activate(name: string | null): Promise<void> {
    await this.command(`SETACTIVE ${literal(name ?? '')}`);
  }

  close(): void {
    this.socket.end(`LOGOUT${CRLF}`, () => this.socket.destroy());
  }

  private async command(text: string): Promise<Answer> {
    return accepted(await this.ask(text));
  }

  private ask(text: string): Promise<Answer> {
    return translated(() => exchange(this.socket, this.reader, text));
  }
}

function accepted(answer: Answer): Answer {
  if (answer.ok) return answer;
  if (/QUOTA/i.test(answer.code)) throw new DomainError('too-large', 'no room for the filter script');
  // What it says may quote the user's own words, which are not for the log.
  throw new DomainError('invalid', 'the filter server refuses the script');
}

interface Line {
  readonly socket: Socket;
  readonly reader: LineReader;
  readonly capabilities: Capabilities;
}

/** Connects and reads the greeting; where TLS is wanted, nothing is believed before it. */
async function open(server: ServerUrl): Promise<Line> {
  const { host, port, security, verifyCertificate } = server;
  const secure = { host, port, ...(isIP(host) === 0 && { servername: host }), rejectUnauthorized: verifyCertificate };
  const socket = guarded(security === 'tls' ? connectTls(secure) : connectPlain({ host, port }));
  try {
    const reader = new LineReader(socket);
    const capabilities = await greeting(reader);
    if (security !== 'starttls') return { socket, reader, capabilities };
    if (!capabilities.has('STARTTLS')) throw unavailable('the filter server offers no encryption');
    if (!(await exchange(socket, reader, 'STARTTLS')).ok) throw unavailable('the filter server refuses encryption');
    reader.release();
    const upgraded = guarded(connectTls({ ...secure, socket }));
    const secureReader = new LineReader(upgraded);
    return { socket: upgraded, reader: secureReader, capabilities: await greeting(secureReader) };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function guarded(socket: Socket): Socket {
  // Without a listener an error of a socket ends the process.
  socket.on('error', () => undefined);
  socket.setTimeout(TIMEOUT, () => socket.destroy(new Error('the filter server does not answer')));
  return socket;
}

async function greeting(reader: LineReader): Promise<Capabilities> {
  const { ok, lines } = await answer(reader);
  if (!ok) throw unavailable('the filter server refuses the connection');
  return new Map(lines.map(([name, value]) => [name?.text.toUpperCase() ?? '', value?.text ?? '']));
}

async function exchange(socket: Socket, reader: LineReader, text: string): Promise<Answer> {
  socket.write(text + CRLF);
  return answer(reader);
}

const MAX_LINES = 10_000;

async function answer(reader: LineReader): Promise<Answer> {
  const lines: (readonly Word[])[] = [];
  for (;;) {
    const words = await reader.line();
    const verdict = verdictOf(words);
    if (verdict) return { ...verdict, lines };
    if (lines.push(words) > MAX_LINES) throw unavailable('the filter server says too much');
  }
}

function verdictOf(words: readonly Word[]): Verdict | null {
  const [first, ...rest] = words;
  if (first?.kind !== 'atom' || !/^(OK|NO|BYE)$/i.test(first.text)) return null;
  const atoms = rest.filter(({ kind }) => kind === 'atom').map(({ text }) => text);
  return { ok: first.text.toUpperCase() === 'OK', code: atoms.join(' '), text: rest.at(-1)?.text ?? '' };
}

/** A literal that needs no leave (RFC 5804 §4): it can hold whatever a name or a script does. */
function literal(text: string): string {
  return `{${Buffer.byteLength(text)}+}${CRLF}${text}`;
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DomainError) throw error;
    throw unavailable('the filter server does not answer', error);
  }
}

function unavailable(message: string, cause?: unknown): DomainError {
  return new DomainError('unavailable', message, { reason: 'mail-server', retryAfter: 60, cause });
}
