import type { XmlSink } from '../../formats/xml/write.js';
import type { Place } from './paths.js';

/** A request as plain values. */
export interface DavRequest {
  readonly method: string;
  /** The request's target as it was sent. */
  readonly target: string;
  readonly place: Place;
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array;
}

/** Bytes that are read as the client takes them. */
export interface ByteStream {
  readonly length: number;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** A body: whole, or written piece by piece as the client takes it. */
export type DavBody = string | Uint8Array | ByteStream | ((sink: XmlSink) => Promise<void>);

export interface DavReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: DavBody;
}

export const XML_TYPE = 'application/xml; charset=utf-8';

/** An answer that is an XML document. */
export function xmlReply(status: number, body: DavBody, headers: Readonly<Record<string, string>> = {}): DavReply {
  return { status, headers: { 'Content-Type': XML_TYPE, ...headers }, body };
}

export type Depth = '0' | '1' | 'infinity';

/** The Depth header (RFC 4918 §10.2), or undefined for a value that is none. */
export function depthOf(request: DavRequest, absent: Depth): Depth | undefined {
  const value = request.header('depth')?.trim().toLowerCase();
  if (value === undefined) return absent;
  // `1,noroot` is an old draft's; clients that still send it filter the root out themselves.
  return /^(0|1|infinity)(,\s*noroot)?$/.test(value) ? (value.split(',')[0] as Depth) : undefined;
}

/** What the client wishes to be left out or included (RFC 7240, RFC 8144, Apple's `Brief`). */
export interface Preferences {
  readonly return: 'minimal' | 'representation' | null;
  /** RFC 8144 §3.1: the collection itself is left out of a listing. */
  readonly depthNoroot: boolean;
}

export function preferencesOf(request: DavRequest): Preferences {
  const tokens = (request.header('prefer') ?? '').toLowerCase().split(/\s*[,;]\s*/);
  const wish = tokens.map((token) => /^return\s*=\s*"?(minimal|representation)"?$/.exec(token.trim())?.[1]).find(Boolean);
  const brief = request.header('brief')?.trim().toLowerCase() === 't';
  return {
    return: (wish as 'minimal' | 'representation' | undefined) ?? (brief ? 'minimal' : null),
    depthNoroot: tokens.includes('depth-noroot'),
  };
}
