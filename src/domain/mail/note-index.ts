import { createHash } from 'node:crypto';
import type { IdRanges } from '../../formats/ranges.js';
import type { MailMark } from './model.js';

/** A point in a notebook's history: which note each message is. Plain JSON, kept inside a device's sync state. */
export interface NotePoint {
  readonly mark: MailMark;
  /** `uid.number` in base 36, separated by spaces. */
  readonly notes: string;
}

const NUMBER_BYTES = 6;
const RADIX = 36;

/**
 * A note's number: made of its identifier, so that it stays when an edit makes another message of it, and needs no table. With
 * 48 bits two of a thousand notes meet once in half a billion mailboxes.
 */
export function noteNumber(identifier: string): number {
  return createHash('sha256').update(identifier.toUpperCase()).digest().readUIntBE(0, NUMBER_BYTES) || 1;
}

/** An identifier in the form that Apple's apps use, made of whatever tells the note from all others. */
export function noteIdentifier(...facts: readonly string[]): string {
  const hex = createHash('sha256').update(JSON.stringify(facts)).digest('hex').toUpperCase();
  const variant = '89AB'[Number.parseInt(hex[16] as string, 16) & 3];
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, variant + hex.slice(17, 20), hex.slice(20, 32)].join('-');
}

/** Which messages of a mailbox are notes, and which note each is. Several may be one: the last one is what it says now. */
export class NoteIndex {
  static readonly empty = new NoteIndex(new Map());
  readonly #newest = new Map<number, number>();

  /** @param numbers the note's number by UID */
  constructor(private readonly numbers: ReadonlyMap<number, number>) {
    for (const [uid, number] of numbers) if (uid > (this.#newest.get(number) ?? 0)) this.#newest.set(number, uid);
  }

  static parse(text: string): NoteIndex {
    const pairs = text.split(' ').filter(Boolean);
    return new NoteIndex(
      new Map(
        pairs.map((pair) => {
          const [uid = '', number = ''] = pair.split('.');
          return [Number.parseInt(uid, RADIX), Number.parseInt(number, RADIX)];
        }),
      ),
    );
  }

  toString(): string {
    return [...this.numbers].map(([uid, number]) => `${uid.toString(RADIX)}.${number.toString(RADIX)}`).join(' ');
  }

  /** The numbers of all notes. */
  get notes(): ReadonlySet<number> {
    return new Set(this.#newest.keys());
  }

  /** The UIDs of all messages. */
  get uids(): Iterable<number> {
    return this.numbers.keys();
  }

  get size(): number {
    return this.#newest.size;
  }

  holds(uid: number): boolean {
    return this.numbers.has(uid);
  }

  /** The message that is the note now. */
  uidOf(number: number): number | undefined {
    return this.#newest.get(number);
  }

  /** All messages of the note, older forms of it among them. */
  formsOf(number: number): readonly number[] {
    return [...this.numbers].filter(([, each]) => each === number).map(([uid]) => uid);
  }

  /** Without some messages and with others. */
  changed(gone: IdRanges | ReadonlySet<number>, come: ReadonlyMap<number, number>): NoteIndex {
    const kept = [...this.numbers].filter(([uid]) => !gone.has(uid));
    return kept.length === this.numbers.size && come.size === 0 ? this : new NoteIndex(new Map([...kept, ...come]));
  }
}
