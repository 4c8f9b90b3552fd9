import type { FetchMessageObject, ImapFlow } from 'imapflow';
import { readRow } from './fetch-row.js';
import type { Token, Untagged } from './tokens.js';

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
  const body = { type: 'ATOM', value: 'BODY.PEEK', section: sectionOf(wanted), partial: partialOf(wanted) };
  await fetchItems(flow, range, [atom('UID'), body], readSection, sink);
}

/** `UID FETCH range (…)` of what a listing shows, in the same way; `headers`: names of fields beyond the envelope. */
export async function fetchRows(
  flow: ImapFlow,
  range: string,
  headers: readonly string[],
  sink: (row: FetchMessageObject) => void | Promise<void>,
): Promise<void> {
  const names = ['UID', 'FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODYSTRUCTURE'].map(atom);
  const fields = { type: 'ATOM', value: 'BODY.PEEK', section: [atom('HEADER.FIELDS'), headers.map(atom)] };
  await fetchItems(flow, range, [...names, fields], readRow, sink);
}

async function fetchItems<T>(
  flow: ImapFlow,
  range: string,
  items: readonly object[],
  read: (untagged: Untagged) => T | null,
  sink: (item: T) => void | Promise<void>,
): Promise<void> {
  let failure: { readonly error: unknown } | null = null;
  const take = async (untagged: Untagged) => {
    if (failure) return;
    try {
      const item = read(untagged);
      if (item) await sink(item);
    } catch (error) {
      failure = { error };
    }
  };
  const response = await (flow as unknown as Pipe).exec('UID FETCH', [{ type: 'SEQUENCE', value: range }, items], {
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
    const item = list[at] as Token | null;
    const value = (list[at + 1] as Token | null)?.value;
    const name = String(item?.value ?? '').toUpperCase();
    if (name === 'UID') uid = Number(value);
    else if (name === 'BODY' && item?.section) bytes = toBytes(value);
  }
  return bytes && Number.isSafeInteger(uid) && uid > 0 ? { uid, bytes } : null;
}

/** A literal is bytes; a quoted string was decoded as UTF-8. */
function toBytes(value: unknown): Uint8Array | null {
  if (Buffer.isBuffer(value)) return value;
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : null;
}

function atom(value: string): Token {
  return { type: 'ATOM', value };
}

function sectionOf({ section }: SectionRange): readonly Token[] {
  return section === '' ? [] : [atom(section)];
}

function partialOf({ start, maxBytes }: SectionRange): readonly number[] | undefined {
  return maxBytes === undefined && start === 0 ? undefined : [start, maxBytes ?? 0xffffffff];
}
