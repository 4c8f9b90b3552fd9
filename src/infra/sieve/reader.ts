import type { Duplex } from 'node:stream';

/** A word of a server's answer: a string is a quoted one or a literal, an atom anything else. */
export interface Word {
  readonly kind: 'atom' | 'string';
  readonly text: string;
}

const MAX_LITERAL = 4 * 1024 * 1024;
const MAX_LINE = 64 * 1024;
const LF = 0x0a;

/** Reads a ManageSieve server's lines (RFC 5804 §4), literals inside them included. */
export class LineReader {
  private buffer: Buffer = Buffer.alloc(0);
  private failure: Error | null = null;
  private wake: (() => void) | null = null;
  private readonly stop: () => void;

  constructor(stream: Duplex) {
    const take = (chunk: Buffer) => {
      this.buffer = Buffer.concat([this.buffer, chunk]);
      this.wake?.();
    };
    const fail = (error?: Error) => {
      this.failure ??= error ?? new Error('connection ended');
      this.wake?.();
    };
    const end = () => fail();
    stream.on('data', take).on('error', fail).on('close', end);
    this.stop = () => void stream.off('data', take).off('close', end);
  }

  /** Leaves the stream to somebody else; what was read already must be nothing. @throws Error otherwise */
  release(): void {
    this.stop();
    if (this.buffer.length > 0) throw new Error('the server sent too much before TLS');
  }

  /** The words of the next line. */
  async line(): Promise<readonly Word[]> {
    const words: Word[] = [];
    for (;;) {
      const line = await this.rawLine();
      const literal = /\{(\d{1,9})\+?\}$/.exec(line);
      words.push(...wordsOf(literal ? line.slice(0, literal.index) : line));
      if (!literal) return words;
      words.push({ kind: 'string', text: (await this.bytes(Number(literal[1]))).toString('utf8') });
    }
  }

  private async rawLine(): Promise<string> {
    for (;;) {
      const end = this.buffer.indexOf(LF);
      if (end >= 0)
        return this.take(end + 1)
          .toString('utf8')
          .replace(/\r?\n$/, '');
      if (this.buffer.length > MAX_LINE) throw new Error('the server sent too long a line');
      await this.more();
    }
  }

  private async bytes(count: number): Promise<Buffer> {
    if (count > MAX_LITERAL) throw new Error('the server sent too long a text');
    while (this.buffer.length < count) await this.more();
    return this.take(count);
  }

  private take(count: number): Buffer {
    const taken = this.buffer.subarray(0, count);
    this.buffer = this.buffer.subarray(count);
    return taken;
  }

  private async more(): Promise<void> {
    if (this.failure) throw this.failure;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    this.wake = null;
  }
}

function wordsOf(line: string): Word[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|([^\s"]+)/g)].map(([, string, atom]) =>
    string === undefined ? { kind: 'atom', text: atom ?? '' } : { kind: 'string', text: string.replace(/\\(.)/g, '$1') },
  );
}
