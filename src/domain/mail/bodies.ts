import { type BodyPiece, type BodyRead, makeBody, planBody, type TextWish, unreadBody } from '../../formats/mime/body.js';
import type { BodyText, BodyWish, MessageSummary, PartBytes, PartRequest } from './model.js';

/** A raw message is handed out up to so many bytes. */
const MAX_MIME_BYTES = 50 * 1024 * 1024;

/** The body of one message while its parts come in. */
export interface BodyJob {
  readonly uid: number;
  /** What must be read; empty when the body is known without. */
  readonly requests: readonly PartRequest[];
  accept(part: PartBytes): void;
  /** Whether all requests are answered. */
  readonly complete: boolean;
  /** The body of what came in; null when nothing did although something was asked. */
  finish(): BodyText | null;
}

/** Starts the body of a message. */
export function bodyJob(message: MessageSummary, wish: BodyWish): BodyJob {
  return wish.type === 'mime'
    ? new MimeJob(message, wish.maxBytes)
    : new TextJob(message, { type: wish.type, maxBytes: wish.maxBytes });
}

class TextJob implements BodyJob {
  readonly requests: readonly PartRequest[];
  private readonly reads: readonly BodyRead[];
  private readonly pieces = new Map<string, Uint8Array>();

  constructor(
    private readonly message: MessageSummary,
    private readonly wish: TextWish,
  ) {
    this.reads = wish.maxBytes === 0 ? [] : planBody(message.structure, wish);
    this.requests = this.reads
      .filter(({ part }) => part.size > 0)
      .map(({ part, maxBytes }) => ({ uid: message.uid, section: part.section, maxBytes }));
  }

  get uid(): number {
    return this.message.uid;
  }

  get complete(): boolean {
    return this.pieces.size >= this.requests.length;
  }

  accept(part: PartBytes): void {
    this.pieces.set(part.section, part.bytes);
  }

  finish(): BodyText | null {
    const { type } = this.wish;
    if (this.requests.length === 0) return { type, ...unreadBody(this.message.structure, this.wish) };
    if (this.pieces.size === 0) return null;
    const pieces = this.reads.flatMap(({ part }): BodyPiece[] => {
      const bytes = this.pieces.get(part.section);
      return bytes ? [{ part, bytes }] : [];
    });
    return { type, ...makeBody(pieces, this.wish) };
  }
}

class MimeJob implements BodyJob {
  readonly requests: readonly PartRequest[];
  private data: Uint8Array | null = null;

  constructor(
    private readonly message: MessageSummary,
    maxBytes: number | undefined,
  ) {
    const limit = Math.min(maxBytes ?? MAX_MIME_BYTES, MAX_MIME_BYTES);
    const partial = message.size === 0 || message.size > limit;
    this.requests = limit === 0 ? [] : [{ uid: message.uid, section: '', ...(partial && { maxBytes: limit }) }];
  }

  get uid(): number {
    return this.message.uid;
  }

  get complete(): boolean {
    return this.data !== null || this.requests.length === 0;
  }

  accept(part: PartBytes): void {
    this.data = part.bytes;
  }

  finish(): BodyText | null {
    if (this.data === null && this.requests.length > 0) return null;
    const data = this.data ?? new Uint8Array(0);
    const truncated = data.length < this.message.size;
    return { type: 'mime', data, truncated, estimatedSize: truncated ? this.message.size : data.length };
  }
}
