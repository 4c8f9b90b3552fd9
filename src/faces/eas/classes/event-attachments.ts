import { createHash } from 'node:crypto';
import type { Component, Property } from '../../../formats/content-lines.js';
import { child, children, childText, type Element, el } from '../../../formats/wbxml/tree.js';
import type { ValueType } from '../schema/values.js';
import { atLeast } from '../versions.js';
import type { OpenedObject } from './event-model.js';
import type { ApplyContext, EventFiles } from './item-class.js';

/** A file of an event as a device is shown it (MS-ASAIRS Attachment). */
export interface EventFile {
  readonly reference: string;
  readonly name: string;
  readonly size: number;
}

/** What a FileReference of an event's file says. */
export interface EventFileName {
  readonly serverId: string;
  readonly key: string;
}

/** Most files of one event that are shown. */
const MOST = 100;
const NORMAL = 1;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function eventFileReference({ serverId, key }: EventFileName): string {
  return `${serverId}:${key}`;
}

/** Null where it names no file of an event. */
export function readEventFile(reference: string): EventFileName | null {
  const match = /^(.{1,64}:\d{1,15}):([mi][0-9a-f-]{32,36})$/.exec(reference);
  return match ? { serverId: match[1] as string, key: match[2] as string } : null;
}

/**
 * What an ATTACH is called in FileReferences: by MANAGED-ID where the gateway keeps it, by what it says where it is inline.
 * Links to elsewhere have none: phones could not fetch them.
 */
function keyOf(line: Property): string | null {
  const id = line.param('MANAGED-ID');
  if (id !== undefined) return UUID.test(id) ? `m${id}` : null;
  if (line.param('ENCODING')?.toUpperCase() !== 'BASE64') return null;
  return `i${createHash('sha256').update(line.value).digest('hex').slice(0, 32)}`;
}

/** The bytes in an inline ATTACH, or how to ask for a kept one. */
export interface FoundFile {
  readonly type: string;
  /** Null: it is kept; `uri` and `id` say where. */
  readonly inline: Buffer | null;
  readonly uri: string;
  readonly id: string;
}

/** The file of that key, in whichever part of the event. */
export function findEventFile({ calendar, object }: OpenedObject, key: string): FoundFile | null {
  for (const component of calendar.componentsNamed(object.component)) {
    const line = component.all('ATTACH').find((one) => keyOf(one) === key);
    if (!line) continue;
    const type = line.param('FMTTYPE') ?? 'application/octet-stream';
    const inline = key.startsWith('i') ? Buffer.from(line.value, 'base64') : null;
    return { type, inline, uri: inline ? '' : line.value, id: inline ? '' : key.slice(1) };
  }
  return null;
}

/** The files of an event or occurrence, each once. */
export function eventFiles(component: Component, files: EventFiles | undefined): readonly EventFile[] | undefined {
  if (!files) return undefined;
  const found = new Map<string, EventFile>();
  for (const line of component.all('ATTACH')) {
    const key = keyOf(line);
    if (key === null || found.size >= MOST || (key.startsWith('m') && !files.isKept(line.value))) continue;
    found.set(key, { reference: eventFileReference({ serverId: files.serverId, key }), name: nameOf(line), size: sizeOf(line) });
  }
  return [...found.values()];
}

const NAMES = ['FILENAME', 'X-FILENAME', 'X-LABEL', 'X-APPLE-FILENAME'];

function nameOf(line: Property): string {
  return NAMES.map((name) => line.param(name)?.trim()).find(Boolean) ?? 'attachment';
}

function sizeOf(line: Property): number {
  const isInline = line.param('MANAGED-ID') === undefined;
  return isInline ? Math.floor((line.value.replace(/=+$/, '').length * 3) / 4) : Number(line.param('SIZE') ?? 0) || 0;
}

/** Shown only: what devices add and delete is carried out by `applyEventFiles`. */
export const eventFileList: ValueType<readonly EventFile[]> = {
  read: () => undefined,
  write: (files) =>
    files.map(({ reference, name, size }) =>
      el(
        'AirSyncBase:Attachment',
        el('AirSyncBase:DisplayName', name),
        el('AirSyncBase:FileReference', reference),
        el('AirSyncBase:Method', NORMAL),
        el('AirSyncBase:EstimatedDataSize', size),
      ),
    ),
  same: (a, b) => a.map(({ reference }) => reference).join('\n') === b.map(({ reference }) => reference).join('\n'),
};

/** Add and Delete of MS-ASAIRS Attachments, in each of the parts of an event that are meant. */
export function applyEventFiles(parts: readonly Component[], data: Element, { version, files }: ApplyContext): void {
  const list = child(data, 'AirSyncBase:Attachments');
  if (!list || !atLeast(version, '16.0')) return;
  const gone = new Set(deletedFiles(list).map((name) => name?.key));
  const added = new Set(children(list, 'AirSyncBase:Add'));
  for (const part of parts) {
    for (const line of part.all('ATTACH')) if (gone.has(keyOf(line) ?? '')) part.remove(line);
    for (const { add, write } of files ?? []) if (added.has(add)) write(part);
  }
}

/**
 * The lists of files of a command: the item's own, and of a new item those of its occurrences, each with what names the
 * occurrence (MS-ASCAL Exception). Those of occurrences that are deleted mean nothing.
 */
export function fileLists(data: Element, isNew: boolean): { readonly list: Element; readonly of: string }[] {
  const exceptions = isNew ? children(child(data, 'Calendar:Exceptions') ?? el('Calendar:Exceptions'), 'Calendar:Exception') : [];
  const present = exceptions.filter((one) => !['1', 'true'].includes(childText(one, 'Calendar:Deleted')?.trim() ?? ''));
  return [data, ...present].flatMap((part) => {
    const list = child(part, 'AirSyncBase:Attachments');
    const key = childText(part, 'AirSyncBase:InstanceId') ?? childText(part, 'Calendar:ExceptionStartTime');
    return list ? [{ list, of: part === data ? '' : (key ?? '') }] : [];
  });
}

/** What is to be deleted; null for a FileReference that names no file of an event. */
export function deletedFiles(list: Element): (EventFileName | null)[] {
  return children(list, 'AirSyncBase:Delete').map((one) =>
    readEventFile(childText(one, 'AirSyncBase:FileReference')?.trim() ?? ''),
  );
}
