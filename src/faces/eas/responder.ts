import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { encode, FILLER, PROLOGUE, WbxmlWriter } from '../../formats/wbxml/encode.js';
import { type Element, el } from '../../formats/wbxml/tree.js';
import type { Command } from './commands/index.js';
import { type EasAnswer, WBXML } from './context.js';
import { Pulse, type PulseTimes } from './pulse.js';

/** Shorter documents gain nothing from being compressed. */
const LEAST_COMPRESSED = 1024;
const compress = promisify(gzip);
/** Sync, Collections, Collection, Commands: what is below goes out piece by piece. */
const PIECES_DEPTH = 4;

const NO_PULSE: PulseTimes = { first: 0, every: 0 };

/** How one request is answered. */
export interface Answering {
  /** Accept-Encoding names gzip. */
  readonly gzip: boolean;
  /** Null: silence until the answer is there. */
  readonly pulse: PulseTimes | null;
}

/** The way of an answer onto the wire: its type and length, compressed where the device takes that, begun early where it takes long. */
export class Responder {
  readonly pulse: Pulse;
  /** Hears what is answered, for a trace. */
  told: ((answer: EasAnswer) => void) | undefined;
  #answered = false;

  constructor(
    private readonly res: ServerResponse,
    private readonly how: Answering,
  ) {
    this.pulse = new Pulse(how.pulse ?? NO_PULSE, how.pulse ? (first) => this.#beat(first) : undefined);
  }

  /** What can still be said of a failure: anything, only a Status in the document, or nothing. */
  get open(): 'http' | 'status' | 'closed' {
    if (this.#answered) return this.res.headersSent ? 'closed' : 'http';
    return this.res.headersSent ? 'status' : 'http';
  }

  async send(answer: EasAnswer, command: Pick<Command, 'root' | 'status'>): Promise<void> {
    this.pulse.end();
    this.#answered = true;
    this.told?.(answer);
    if (this.pulse.begun) return this.#continue(answer, command);
    if (answer.kind === 'stream') return this.#stream(answer);
    const type = answer.kind === 'bytes' ? answer.type : WBXML;
    const body = answer.kind === 'document' ? encode(answer.root) : answer.kind === 'bytes' ? answer.body : new Uint8Array();
    const small = this.how.gzip && answer.kind === 'document' && body.length >= LEAST_COMPRESSED ? await compress(body) : null;
    if (small) this.res.setHeader('Content-Encoding', 'gzip');
    this.#head(type, (small ?? body).length);
    this.res.end(small ?? body);
  }

  /** A Status instead of an answer. */
  fail(status: number, command: Pick<Command, 'root' | 'status'>): Promise<void> {
    return this.send({ kind: 'document', root: el(command.root, el(command.status, status)) }, command);
  }

  /** What has begun can't end otherwise: half an answer must not look like a whole one. */
  cut(): void {
    this.pulse.end();
    this.res.destroy();
  }

  #head(type: string, length?: number): void {
    this.res.statusCode = 200;
    this.res.setHeader('Content-Type', type);
    if (length !== undefined) this.res.setHeader('Content-Length', String(length));
  }

  #beat(first: boolean): void {
    if (this.res.destroyed) return;
    if (first) {
      this.#head(WBXML);
      // A proxy that collects what comes would swallow the signs of life.
      this.res.setHeader('X-Accel-Buffering', 'no');
      this.res.write(PROLOGUE);
    }
    this.res.write(FILLER);
  }

  async #stream(answer: Extract<EasAnswer, { kind: 'stream' }>): Promise<void> {
    this.#head(answer.type, answer.length);
    await pipeline(Readable.from(answer.body, { objectMode: false }), this.res);
  }

  /** The document whose prologue is out. Where an empty answer was due, a successful Status says the same. */
  async #continue(answer: EasAnswer, command: Pick<Command, 'root' | 'status'>): Promise<void> {
    if (answer.kind === 'stream' && answer.type === WBXML) {
      await pipeline(Readable.from(without(answer.body, PROLOGUE.length), { objectMode: false }), this.res);
      return;
    }
    if (answer.kind === 'bytes' || answer.kind === 'stream') throw new Error('the answer that was begun is no document');
    const root: Element = answer.kind === 'document' ? answer.root : el(command.root, el(command.status, 1));
    const writer = new WbxmlWriter(this.res, { continued: true });
    await writer.tree(root, PIECES_DEPTH);
    await writer.end();
    this.res.end();
  }
}

/** The bytes after the first `count`. */
async function* without(bytes: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of bytes) {
    const cut = Math.min(left, chunk.length);
    left -= cut;
    if (cut < chunk.length) yield chunk.subarray(cut);
  }
}
