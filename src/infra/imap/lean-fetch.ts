import type { ImapFlow } from 'imapflow';

/** A token as imapflow's parser gives it. */
interface Token {
  readonly type?: string;
  readonly value?: unknown;
  readonly section?: readonly unknown[];
}

interface Untagged {
  readonly attributes?: readonly [Token, (readonly (Token | null)[])?];
}

/** imapflow's command pipe: there at run time, not in its types. */
interface Pipe {
  exec(
    command: string,
    attributes: readonly unknown[],
    options: { readonly untagged: { readonly FETCH: (untagged: Untagged) => Promise<void> } },
  ): Promise<{ next(): void }>;
}

/** Bytes of one section of one message. */
export interface SectionBytes {
  readonly uid: number;
  readonly bytes: Uint8Array;
}

/** What of a section is wanted. */
export interface SectionRange {
  readonly section: string;
  readonly start: number;
  readonly maxBytes: number | undefined;
}

/**
 * `UID FETCH range (UID BODY.PEEK[section]<start.length>)` without what imapflow's own fetch does besides (mod-sequences,
 * message ids by hash, names of all items): bodies are half of a first sync, and this makes them a third cheaper.
 */
export async function fetchSection(
  flow: ImapFlow,
  range: string,
  wanted: SectionRange,
  sink: (part: SectionBytes) => void | Promise<void>,
): Promise<void> {
  let failure: { readonly error: unknown } | null = null;
  const take = async (untagged: Untagged) => {
    const part = failure ? null : readSection(untagged);
    try {
      if (part) await sink(part);
    } catch (error) {
      failure = { error };
    }
  };
  const response = await (flow as unknown as Pipe).exec('UID FETCH', [sequence(range), items(wanted)], {
    untagged: { FETCH: take },
  });
  response.next();
  if (failure) throw (failure as { readonly error: unknown }).error;
}

/** The UID and the first body section in a FETCH response; null when it has not both. */
export function readSection(untagged: Untagged): SectionBytes | null {
  const list = untagged.attributes?.[1] ?? [];
  let uid = 0;
  let bytes: Uint8Array | null = null;
  for (let at = 0; at + 1 < list.length; at += 2) {
    const name = String(list[at]?.value ?? '').toUpperCase();
    if (name === 'UID') uid = Number(list[at + 1]?.value);
    else if (name === 'BODY' && list[at]?.section) bytes = toBytes(list[at + 1]?.value);
  }
  return bytes && Number.isSafeInteger(uid) && uid > 0 ? { uid, bytes } : null;
}

/** A literal is bytes; a quoted string was decoded as UTF-8. */
function toBytes(value: unknown): Uint8Array | null {
  if (Buffer.isBuffer(value)) return value;
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : null;
}

function sequence(range: string): Token {
  return { type: 'SEQUENCE', value: range };
}

function items({ section, start, maxBytes }: SectionRange): readonly object[] {
  const partial = maxBytes === undefined && start === 0 ? undefined : [start, maxBytes ?? 0xffffffff];
  const body = { type: 'ATOM', value: 'BODY.PEEK', section: section === '' ? [] : [{ type: 'ATOM', value: section }], partial };
  return [{ type: 'ATOM', value: 'UID' }, body];
}
