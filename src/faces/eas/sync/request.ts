import { createHash } from 'node:crypto';
import type { TagName } from '../../../formats/wbxml/pages.js';
import { bytes, child, children, childText, type Element, elements, isElement, text } from '../../../formats/wbxml/tree.js';
import type { BodyPreference } from '../classes/item-class.js';
import { COMMON, StatusError } from '../status.js';
import { DEFAULT_OPTIONS, type SyncOptions } from './state.js';

/** One of the client's Add, Change, Delete, Fetch elements. */
export interface ClientCommand {
  readonly kind: 'Add' | 'Change' | 'Delete' | 'Fetch';
  readonly clientId: string | null;
  readonly serverId: string | null;
  /** AirSyncBase InstanceId (16.0 and later): one occurrence, as sent. */
  readonly instance: string | null;
  /** Email2 Send (16.0 and later). */
  readonly send: boolean;
  readonly data: Element | null;
  /** Class of an Add: SMS comes to mail folders unasked. */
  readonly className: string | null;
  /** Fingerprint of the element: the same command in a repeated request. */
  readonly print: string;
}

/** One Collection element. */
export interface CollectionRequest {
  /** Empty: the default folder of the class, which 2.5 and 12.0 may leave out. */
  readonly id: string;
  /** Null: as the cache has it, in an empty or partial request. */
  readonly key: string | null;
  readonly className: string | null;
  readonly supported: readonly TagName[] | null;
  readonly deletesAsMoves: boolean;
  /** Null when absent. */
  readonly getChanges: boolean | null;
  readonly windowSize: number;
  /** Null when absent. */
  readonly conversationMode: boolean | null;
  /** Null: as last time. */
  readonly options: SyncOptions | null;
  readonly commands: readonly ClientCommand[];
}

/** A Sync request (MS-ASCMD 2.2.1.21). */
export interface SyncRequest {
  readonly collections: readonly CollectionRequest[];
  /** Seconds to wait for changes; 0: answer at once. */
  readonly wait: number;
  readonly windowSize: number;
  readonly partial: boolean;
}

/** Status values of Sync. */
export const SYNC = {
  Success: 1,
  InvalidSyncKey: 3,
  ProtocolError: 4,
  ServerError: 5,
  Malformed: 6,
  Conflict: 7,
  NotFound: 8,
  HierarchyChanged: 12,
  Incomplete: 13,
  BadWait: 14,
  TooManyCollections: 15,
  Retry: 16,
} as const;

/** A wait outside what is allowed: Status 14 with the nearest allowed value. */
export class BadWait extends StatusError {
  constructor(readonly limit: number) {
    super(SYNC.BadWait, 'wait is out of range');
  }
}

const DEFAULT_WINDOW = 100;
const MAX_WINDOW = 512;
/** More than any phone shows; guards the work of one request. */
const MAX_COLLECTIONS = 300;
/** Far above the 200 of the specification: phones send hundreds of drafts at once. */
const MAX_COMMANDS = 2000;
const SECONDS_PER_MINUTE = 60;
export const HEARTBEAT = { least: 60, most: 3540 } as const;
const WAIT_MINUTES = { least: 1, most: 59 } as const;

/** Reads a Sync document. @throws StatusError with the Status of the whole answer */
export function readSyncRequest(root: Element): SyncRequest {
  const list = child(root, 'AirSync:Collections');
  // Samsung asks for text messages beside the mail of the same folder: there are none here, and the rest is answered.
  const collections = withoutSms(children(list, 'AirSync:Collection'));
  if (collections.length > MAX_COLLECTIONS) throw new TooManyCollections();
  return {
    collections: unique(collections.map(readCollection)),
    wait: readWait(root),
    windowSize: windowSize(childText(root, 'AirSync:WindowSize'), MAX_WINDOW),
    partial: child(root, 'AirSync:Partial') !== undefined,
  };
}

/** More collections than are served at once: Status 15 with the limit. */
export class TooManyCollections extends StatusError {
  readonly limit = MAX_COLLECTIONS;
  constructor() {
    super(SYNC.TooManyCollections, 'too many collections');
  }
}

function withoutSms(collections: readonly Element[]): readonly Element[] {
  const others = collections.filter((collection) => childText(collection, 'AirSync:Class') !== 'SMS');
  return others.length > 0 ? others : collections;
}

function unique(collections: readonly CollectionRequest[]): readonly CollectionRequest[] {
  const ids = new Set(collections.map(({ id, className }) => id || `of class ${className}`));
  if (ids.size !== collections.length) throw new StatusError(SYNC.ProtocolError, 'a collection is listed twice');
  return collections;
}

function readWait(root: Element): number {
  const minutes = childText(root, 'AirSync:Wait');
  const seconds = childText(root, 'AirSync:HeartbeatInterval');
  if (minutes !== undefined && seconds !== undefined) throw new StatusError(SYNC.ProtocolError, 'Wait and HeartbeatInterval');
  if (minutes !== undefined) return within(minutes, WAIT_MINUTES) * SECONDS_PER_MINUTE;
  return seconds === undefined ? 0 : within(seconds, HEARTBEAT);
}

function within(value: string, { least, most }: { readonly least: number; readonly most: number }): number {
  const number = integer(value);
  if (number === null) throw new StatusError(SYNC.ProtocolError, 'not a number');
  if (number < least || number > most) throw new BadWait(number < least ? least : most);
  return number;
}

function readCollection(element: Element): CollectionRequest {
  const id = childText(element, 'AirSync:CollectionId') ?? '';
  const key = childText(element, 'AirSync:SyncKey');
  const named = id !== '' || childText(element, 'AirSync:Class') !== undefined;
  if (!named || id.length > 64 || key === undefined || key.length > 64)
    throw new StatusError(SYNC.ProtocolError, 'CollectionId or SyncKey is missing');
  const getChanges = child(element, 'AirSync:GetChanges');
  const supported = child(element, 'AirSync:Supported');
  return {
    id,
    key: key.trim(),
    className: childText(element, 'AirSync:Class') ?? null,
    supported: supported && key.trim() === '0' ? elements(supported).map((inner) => inner.tag) : null,
    deletesAsMoves: flag(child(element, 'AirSync:DeletesAsMoves'), true),
    getChanges: getChanges ? flag(getChanges, true) : null,
    windowSize: windowSize(childText(element, 'AirSync:WindowSize'), DEFAULT_WINDOW),
    conversationMode: conversationMode(element),
    options: readOptions(children(element, 'AirSync:Options')),
    commands: readCommands(child(element, 'AirSync:Commands')),
  };
}

function conversationMode(element: Element): boolean | null {
  const mode = child(element, 'AirSync:ConversationMode');
  return mode ? flag(mode, true) : null;
}

/** An empty boolean element means yes here (MS-ASCMD GetChanges, DeletesAsMoves, ConversationMode). */
function flag(element: Element | undefined, absent: boolean): boolean {
  if (!element) return absent;
  const value = text(element)?.trim().toLowerCase();
  return value !== '0' && value !== 'false';
}

function windowSize(value: string | undefined, absent: number): number {
  if (value === undefined) return absent;
  const size = integer(value);
  if (size === null) throw new StatusError(SYNC.ProtocolError, 'WindowSize is not a number');
  return size === 0 || size > MAX_WINDOW ? MAX_WINDOW : size;
}

/** The Options block of the collection's own class: one for SMS may stand beside it. */
function readOptions(blocks: readonly Element[]): SyncOptions | null {
  const own = blocks.filter((block) => childText(block, 'AirSync:Class') !== 'SMS');
  if (own.length > 1 || blocks.length - own.length > 1) throw new StatusError(SYNC.ProtocolError, 'more than one Options block');
  const block = own[0];
  if (!block) return null;
  return {
    filter: numberIn(block, 'AirSync:FilterType', DEFAULT_OPTIONS.filter),
    conflict: numberIn(block, 'AirSync:Conflict', DEFAULT_OPTIONS.conflict),
    mimeSupport: numberIn(block, 'AirSync:MIMESupport', DEFAULT_OPTIONS.mimeSupport),
    mimeTruncation: numberIn(block, 'AirSync:MIMETruncation', DEFAULT_OPTIONS.mimeTruncation),
    bodies: readBodies(block),
    ...readBodyPart(block),
  };
}

const HTML = 2;

/** BodyPartPreference: only HTML is made (MS-ASAIRS BodyPartPreference). @throws StatusError 164 */
export function readBodyPart(block: Element | undefined): Pick<SyncOptions, 'bodyPart'> {
  const element = child(block, 'AirSyncBase:BodyPartPreference');
  if (!element) return {};
  const bodyPart = readBodyPreference(element);
  if (bodyPart.type !== HTML) throw new StatusError(COMMON.BodyPartTypeNotSupported, 'a body part is HTML');
  return { bodyPart };
}

/** Truncation of version 2.5: bytes of the plain text by its value, 9 all (MS-ASCMD Truncation). */
const TRUNCATIONS = [0, 512, 1024, 2048, 5120, 10_240, 20_480, 51_200, 102_400];

/** BodyPreference, or what version 2.5 says instead. */
function readBodies(block: Element): readonly BodyPreference[] {
  const preferences = readBodyPreferences(children(block, 'AirSyncBase:BodyPreference'));
  const truncation = childText(block, 'AirSync:Truncation');
  if (preferences.length > 0 || truncation === undefined) return preferences;
  const truncationSize = TRUNCATIONS[integer(truncation) ?? TRUNCATIONS.length];
  return [{ type: 1, ...(truncationSize !== undefined && { truncationSize }) }, { type: 4 }];
}

function numberIn(parent: Element, tag: TagName, absent: number): number {
  const value = childText(parent, tag);
  if (value === undefined || value === '') return absent;
  const number = integer(value);
  if (number === null) throw new StatusError(SYNC.ProtocolError, `${tag} is not a number`);
  return number;
}

/** BodyPreference elements: one for each Type (MS-ASAIRS 2.2.2.12). @throws StatusError 4 */
export function readBodyPreferences(preferences: readonly Element[]): readonly BodyPreference[] {
  const read = preferences.map(readBodyPreference);
  const types = new Set(read.map((preference) => preference.type));
  if (types.size !== read.length) throw new StatusError(SYNC.ProtocolError, 'two BodyPreference of one Type');
  return read;
}

function readBodyPreference(element: Element): BodyPreference {
  const type = integer(childText(element, 'AirSyncBase:Type') ?? '');
  if (type !== 1 && type !== 2 && type !== 3 && type !== 4) throw new StatusError(SYNC.ProtocolError, 'unknown body Type');
  const truncationSize = integer(childText(element, 'AirSyncBase:TruncationSize') ?? '');
  const preview = integer(childText(element, 'AirSyncBase:Preview') ?? '');
  return {
    type,
    ...(truncationSize !== null && { truncationSize }),
    ...(child(element, 'AirSyncBase:AllOrNone') && { allOrNone: flag(child(element, 'AirSyncBase:AllOrNone'), false) }),
    ...(preview !== null && { preview: Math.min(preview, 255) }),
  };
}

function readCommands(parent: Element | undefined): readonly ClientCommand[] {
  const list = parent ? elements(parent).filter((element) => element.tag in KINDS) : [];
  if (list.length > MAX_COMMANDS) throw new StatusError(SYNC.ProtocolError, 'too many commands');
  return list.map(readCommand);
}

const KINDS: Readonly<Record<string, ClientCommand['kind']>> = {
  'AirSync:Add': 'Add',
  'AirSync:Change': 'Change',
  'AirSync:Delete': 'Delete',
  'AirSync:Fetch': 'Fetch',
};

function readCommand(element: Element): ClientCommand {
  return {
    kind: KINDS[element.tag] as ClientCommand['kind'],
    clientId: childText(element, 'AirSync:ClientId')?.slice(0, 64) ?? null,
    serverId: childText(element, 'AirSync:ServerId') ?? null,
    instance: childText(element, 'AirSyncBase:InstanceId') ?? null,
    send: child(element, 'Email2:Send') !== undefined,
    data: child(element, 'AirSync:ApplicationData') ?? null,
    className: childText(element, 'AirSync:Class') ?? null,
    print: fingerprint(element),
  };
}

function fingerprint(element: Element): string {
  const hash = createHash('sha256');
  const feed = (node: Element) => {
    hash.update(`<${node.tag}>`);
    for (const inner of node.content) {
      if (isElement(inner)) feed(inner);
      else hash.update(inner);
    }
    hash.update('</>');
  };
  feed(element);
  return hash.digest('base64url').slice(0, 16);
}

/** A non-negative integer, or null. */
export function integer(value: string): number | null {
  return /^\s*\d{1,10}\s*$/.test(value) ? Number(value) : null;
}

/** Bytes of an element's content, for tests of its presence and size. */
export function contentBytes(element: Element | undefined): Uint8Array {
  return bytes(element) ?? new Uint8Array();
}

/** A document that breaks the schema. */
export function malformed(message: string): StatusError {
  return new StatusError(COMMON.InvalidXML, message);
}
