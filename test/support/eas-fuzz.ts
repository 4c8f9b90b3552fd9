import { Tag, t } from './eas-phone-wbxml.js';
import { type SampleNode, samples } from './wbxml-samples.js';

type Roll = () => number;

/** One request of the fuzzer. */
export interface FuzzCase {
  readonly command: string;
  readonly document: Tag;
}

/** Texts that some code somewhere trips over. None is a heartbeat that would really be waited for. */
const NASTY: readonly (string | Uint8Array | undefined)[] = [
  undefined, '', '0', '1', '2', '-1', '4294967296', '99999999999999999999', '1e9', 'NaN', '0x10', ' 1 ', '{1}1', 'true',
  'x'.repeat(70_000), '\u0001', '\ufffe', '𝔘𝔫𝔦', "'; DROP TABLE items; --", '../../etc/passwd', '%00', '<a>&amp;', '*', '"', '\\', '{{7*7}}',
  '20271332T256199Z', '99999999T000000Z', '0000-00-00', '2027-03-01T09:00:00.000Z', '20270301T090000Z', '2027-03-01', 'AAAA', '====',
  'a@b', 'a@b, c@d; e', '\r\nBcc: x@example.test', 'IPM.Note', 'Email', 'Calendar', 'Mailbox', 'GAL', '0-999999999999', '9-0', '5:1', '1:', ':1', '5:99999999999',
  new Uint8Array(0), new Uint8Array([0, 255, 1, 254]), new Uint8Array(300).fill(0xc3),
]; // biome-ignore format: a list
const WAITS = new Set(['AirSync:Wait', 'AirSync:HeartbeatInterval', 'Ping:HeartbeatInterval']);
const NO_WAITS = ['', '0', '-1', '3600', 'x', '99999'];
const MAX_DEPTH = 40;

function pick<T>(roll: Roll, values: readonly T[]): T {
  return values[Math.floor(roll() * values.length)] as T;
}

/** The requests of the test vectors, without waits: what the fuzzer begins with. */
export function seeds(): FuzzCase[] {
  return samples()
    .filter(({ direction }) => direction === 'request')
    .map(({ command, tree }) => ({ command, document: toTag(tree) }));
}

function toTag([name, ...content]: SampleNode): Tag {
  const kids = content.map((node) =>
    Array.isArray(node) ? toTag(node as unknown as SampleNode) : (node as string | Uint8Array),
  );
  return WAITS.has(name) ? t(name, '99999') : t(name, kids);
}

/** Changes a document as its structure allows: elements are left out, doubled, moved, renamed, nested; values are replaced. */
export class Mutator {
  readonly #names: readonly string[];

  constructor(
    readonly roll: Roll,
    all: readonly FuzzCase[],
  ) {
    this.#names = [...new Set(all.flatMap(({ document }) => [document, ...document.walk()].map(({ name }) => name)))];
  }

  document(tag: Tag, changes: number): Tag {
    let changed = tag;
    for (let n = 0; n < changes; n++) changed = this.#once(changed, Math.floor(this.roll() * (1 + [...changed.walk()].length)));
    return changed;
  }

  /** Changes the element of that number in document order; 0 is the root. */
  #once(tag: Tag, at: number): Tag {
    if (at <= 0) return this.#alter(tag);
    let left = at - 1;
    const kids: (Tag | Tag[])[] = [];
    for (const kid of tag.kids) {
      const size = 1 + [...kid.walk()].length;
      if (left >= 0 && left < size) kids.push(left === 0 ? this.#replace(kid) : this.#once(kid, left));
      else kids.push(kid);
      left -= size;
    }
    return new Tag(tag.name, [kids.flat(), tag.value]);
  }

  /** An element below the root may also go, come twice, or get company. */
  #replace(tag: Tag): Tag[] {
    const luck = this.roll();
    if (luck < 0.12) return [];
    if (luck < 0.22) return [tag, tag];
    if (luck < 0.28) return Array.from({ length: 300 }, () => tag);
    if (luck < 0.36) return [tag, this.#leaf()];
    return [this.#alter(tag)];
  }

  #alter(tag: Tag): Tag {
    const luck = this.roll();
    if (luck < 0.5) return t(tag.name, this.#value(tag.name));
    if (luck < 0.6) return new Tag(pick(this.roll, this.#names), [tag.kids, tag.value]);
    if (luck < 0.7) return t(tag.name, [...tag.kids].reverse());
    if (luck < 0.8) return t(tag.name, tag.kids, this.#leaf());
    if (luck < 0.9) return t(tag.name, this.#nest(tag));
    return t(tag.name);
  }

  #value(name: string): string | Uint8Array | undefined {
    return WAITS.has(name) ? pick(this.roll, NO_WAITS) : pick(this.roll, NASTY);
  }

  #leaf(): Tag {
    const name = pick(this.roll, this.#names);
    return t(name, this.#value(name));
  }

  #nest(tag: Tag): Tag {
    const depth = 1 + Math.floor(this.roll() * MAX_DEPTH);
    return Array.from({ length: depth }).reduce<Tag>((inner) => t(tag.name, inner), this.#leaf());
  }
}

/** Damages bytes: some change, some are missing, some come twice. */
export function damaged(bytes: Buffer, roll: Roll): Buffer {
  const luck = roll();
  if (luck < 0.2) return bytes.subarray(0, Math.floor(roll() * bytes.length));
  if (luck < 0.3) return Buffer.from(Array.from({ length: Math.floor(roll() * 300) }, () => Math.floor(roll() * 256)));
  const copy = Buffer.from(bytes);
  for (let n = 1 + Math.floor(roll() * 6); n > 0; n--) copy[Math.floor(roll() * copy.length)] = Math.floor(roll() * 256);
  if (luck < 0.8) return copy;
  const at = Math.floor(roll() * copy.length);
  return Buffer.concat([copy.subarray(0, at), copy.subarray(Math.floor(at / 2))]);
}

/** The document with the present keys and ids in place of those of the test vectors, where there are some. */
export function alive(tag: Tag, live: ReadonlyMap<string, () => string>): Tag {
  const value = live.get(tag.name)?.();
  if (value !== undefined && tag.kids.length === 0) return t(tag.name, value);
  return new Tag(tag.name, [tag.kids.map((kid) => alive(kid, live)), tag.value]);
}
