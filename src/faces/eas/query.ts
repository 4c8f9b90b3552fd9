import { type EasVersion, parseVersion } from './versions.js';

/** What the request line and the headers say, whichever of the two query forms was used (MS-ASHTTP 2.2.1.1.1). */
export interface EasQuery {
  readonly command: string;
  /** Undefined: none of the versions known here, or none named. */
  readonly version: EasVersion | undefined;
  /** Letters, digits and a few signs, at most 64 characters; empty when missing or unusable. */
  readonly deviceId: string;
  readonly deviceType: string;
  /** X-MS-PolicyKey; null when the device sent none. */
  readonly policyKey: number | null;
  readonly attachmentName: string | null;
  readonly collectionId: string | null;
  readonly itemId: string | null;
  readonly longId: string | null;
  readonly occurrence: string | null;
  readonly saveInSent: boolean;
  readonly acceptMultipart: boolean;
}

/** A query that can't be read: HTTP 400. */
export class MalformedQuery extends Error {
  override readonly name = 'MalformedQuery';
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Command codes of the base64 form (MS-ASHTTP 2.2.1.1.1.1.2). */
const COMMAND_CODES: Readonly<Record<number, string>> = {
  0: 'Sync',
  1: 'SendMail',
  2: 'SmartForward',
  3: 'SmartReply',
  4: 'GetAttachment',
  9: 'FolderSync',
  10: 'FolderCreate',
  11: 'FolderDelete',
  12: 'FolderUpdate',
  13: 'MoveItems',
  14: 'GetItemEstimate',
  15: 'MeetingResponse',
  16: 'Search',
  17: 'Settings',
  18: 'Ping',
  19: 'ItemOperations',
  20: 'Provision',
  21: 'ResolveRecipients',
  22: 'ValidateCert',
  23: 'Find',
};

/** Parameter tags of the base64 form (MS-ASHTTP 2.2.1.1.1.1.3). */
const PARAMETER_TAGS: Readonly<Record<number, string>> = {
  0: 'attachmentname',
  1: 'collectionid',
  3: 'itemid',
  4: 'longid',
  6: 'occurrence',
  7: 'options',
  8: 'user',
};

const SAVE_IN_SENT = 0x01;
const ACCEPT_MULTIPART = 0x02;
const MAX_QUERY = 4096;
const MAX_DEVICE_ID = 64;
const MAX_DEVICE_TYPE = 64;

/** Reads `Cmd=…&…` or the base64 form. @throws MalformedQuery */
export function parseQuery(search: string, headers: Headers): EasQuery {
  const raw = search.startsWith('?') ? search.slice(1) : search;
  if (raw.length > MAX_QUERY) throw new MalformedQuery('query too long');
  return /(^|&)cmd=/i.test(raw) ? plainQuery(raw, headers) : base64Query(raw, headers);
}

function plainQuery(raw: string, headers: Headers): EasQuery {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(raw)) parameters.set(name.toLowerCase(), value);
  const key = header(headers, 'x-ms-policykey');
  return {
    command: parameters.get('cmd') ?? '',
    version: parseVersion(header(headers, 'ms-asprotocolversion')),
    deviceId: deviceId(parameters.get('deviceid')),
    deviceType: cleaned(parameters.get('devicetype')),
    policyKey: key !== undefined && /^\d{1,10}$/.test(key.trim()) ? Number(key) : null,
    ...named(parameters),
    saveInSent: parameters.get('saveinsent')?.toUpperCase() === 'T',
    acceptMultipart: acceptsMultipart(headers),
  };
}

function base64Query(raw: string, headers: Headers): EasQuery {
  const bytes = new ByteReader(decodeBase64(raw));
  const version = versionOf(bytes.byte());
  const command = COMMAND_CODES[bytes.byte()];
  if (!command) throw new MalformedQuery('unknown command code');
  bytes.take(2);
  const id = binaryId(bytes.take(bytes.byte()));
  const key = bytes.take(bytes.byte());
  const type = bytes.take(bytes.byte()).toString('utf8');
  const parameters = new Map<string, string>();
  let options = 0;
  while (!bytes.done) {
    const tag = PARAMETER_TAGS[bytes.byte()];
    const value = bytes.take(bytes.byte());
    if (tag === 'options') options = value[0] ?? 0;
    else if (tag) parameters.set(tag, value.toString('utf8'));
  }
  return {
    command,
    version,
    deviceId: deviceId(id),
    deviceType: cleaned(type),
    policyKey: key.length === 4 ? key.readUInt32LE(0) : null,
    ...named(parameters),
    saveInSent: (options & SAVE_IN_SENT) !== 0,
    acceptMultipart: (options & ACCEPT_MULTIPART) !== 0 || acceptsMultipart(headers),
  };
}

function named(parameters: ReadonlyMap<string, string>) {
  return {
    attachmentName: parameters.get('attachmentname') ?? null,
    collectionId: parameters.get('collectionid') ?? null,
    itemId: parameters.get('itemid') ?? null,
    longId: parameters.get('longid') ?? null,
    occurrence: parameters.get('occurrence') ?? null,
  };
}

function header(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

function acceptsMultipart(headers: Headers): boolean {
  return header(headers, 'ms-asacceptmultipart')?.trim().toUpperCase() === 'T';
}

/** Base64 with the standard or the URL alphabet, padded or not, perhaps percent-escaped. */
function decodeBase64(raw: string): Buffer {
  const text = raw.includes('%') ? unescaped(raw) : raw;
  if (!/^[A-Za-z0-9+/_ -]+={0,2}$/.test(text)) throw new MalformedQuery('neither a plain nor a base64 query');
  return Buffer.from(text.replaceAll(' ', '+'), 'base64');
}

function unescaped(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    throw new MalformedQuery('broken escape');
  }
}

function versionOf(code: number): EasVersion | undefined {
  return parseVersion(`${Math.floor(code / 10)}.${code % 10}`);
}

/** A device id is text or, from some programs, the raw bytes of a GUID, which become hexadecimal. */
function binaryId(bytes: Buffer): string {
  return bytes.every((byte) => byte > 0x20 && byte < 0x7f) ? bytes.toString('latin1') : bytes.toString('hex');
}

function deviceId(text: string | undefined): string {
  return text !== undefined && text.length <= MAX_DEVICE_ID && /^[\w.@{}:~+=-]+$/.test(text) ? text : '';
}

function cleaned(text: string | undefined): string {
  return (text ?? '').replace(/[^\x20-\x7e]/g, '').slice(0, MAX_DEVICE_TYPE);
}

class ByteReader {
  #at = 0;
  constructor(private readonly bytes: Buffer) {}

  get done(): boolean {
    return this.#at >= this.bytes.length;
  }

  byte(): number {
    return this.take(1)[0] as number;
  }

  take(length: number): Buffer {
    if (this.#at + length > this.bytes.length) throw new MalformedQuery('query ends too early');
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }
}
