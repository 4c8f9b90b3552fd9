import { Readable } from 'node:stream';
import { findPart } from '../../formats/mime/structure.js';
import { transferDecoder } from '../../formats/mime/transfer.js';
import { DomainError } from '../errors.js';
import type { Scope } from '../types.js';
import type { MailBackend } from './backend.js';
import type { MailFolder, MessageSummary } from './model.js';

/**
 * Bytes per FETCH. Between two chunks no connection is held, so a phone on a slow line doesn't keep one from others.
 */
const CHUNK = 256 * 1024;

/** Bytes decoded at once: larger strings than this are not freed before the next full garbage collection. */
const PIECE = 32 * 1024;

/** What is streamed. */
export interface Download {
  readonly type: string;
  readonly filename: string | null;
  /** Encoded bytes; decoded there are no more. */
  readonly size: number;
  readonly content: Readable;
}

/** Streams a decoded part, or the raw message for section ''. @throws DomainError `not-found`. */
export async function download(
  backend: MailBackend,
  s: Scope,
  folder: MailFolder,
  uid: number,
  section: string,
): Promise<Download> {
  const [message] = await backend.summaries(s, folder.path, [uid]);
  const source = message && sourceOf(message, section);
  if (!source) throw new DomainError('not-found', 'no such message or part');
  const chunks = readChunks((start) => readChunk(backend, s, folder.path, { uid, section, start }), source.encoding, source.size);
  const { type, filename, size } = source;
  return { type, filename, size, content: Readable.from(chunks, { objectMode: false }) };
}

interface Source {
  readonly type: string;
  readonly filename: string | null;
  readonly encoding: string;
  readonly size: number;
}

function sourceOf(message: MessageSummary, section: string): Source | undefined {
  if (section === '') return { type: 'message/rfc822', filename: null, encoding: 'binary', size: message.size };
  const part = findPart(message.structure, section);
  if (!part || part.type.startsWith('multipart/')) return undefined;
  return part;
}

async function* readChunks(
  read: (start: number) => Promise<Uint8Array | null>,
  encoding: string,
  size: number,
): AsyncGenerator<Uint8Array> {
  const decoder = transferDecoder(encoding);
  let start = 0;
  for (;;) {
    const bytes = await read(start);
    if (bytes === null && start < size) throw new DomainError('not-found', 'the message is gone');
    if (bytes === null || bytes.length === 0) break;
    start += bytes.length;
    for (let at = 0; at < bytes.length; at += PIECE) {
      const decoded = decoder.push(bytes.subarray(at, at + PIECE));
      if (decoded.length > 0) yield decoded;
    }
    if (bytes.length < CHUNK) break;
  }
  const rest = decoder.end();
  if (rest.length > 0) yield rest;
}

async function readChunk(
  backend: MailBackend,
  s: Scope,
  path: string,
  from: { readonly uid: number; readonly section: string; readonly start: number },
): Promise<Uint8Array | null> {
  let found: Uint8Array | null = null;
  await backend.parts(s, path, [{ ...from, maxBytes: CHUNK }], ({ bytes }) => {
    found = bytes;
  });
  return found;
}
