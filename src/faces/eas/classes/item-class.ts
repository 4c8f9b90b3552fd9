import type { Account } from '../../../domain/types.js';
import type { Component } from '../../../formats/content-lines.js';
import type { TagName } from '../../../formats/wbxml/pages.js';
import type { Element } from '../../../formats/wbxml/tree.js';
import type { EasVersion } from '../versions.js';

/** airsyncbase BodyPreference (MS-ASAIRS 2.2.2.12). `type`: 1 plain, 2 HTML, 3 RTF, 4 MIME. Sizes in bytes. */
export interface BodyPreference {
  readonly type: 1 | 2 | 3 | 4;
  readonly truncationSize?: number;
  readonly allOrNone?: boolean;
  /** Characters of plain-text preview, 0 to 255. */
  readonly preview?: number;
}

/** What shapes an item on its way to a device. */
export interface RenderContext {
  readonly version: EasVersion;
  readonly user: Account;
  readonly bodyPreferences: readonly BodyPreference[];
  /** The present, for the time-zone rules of series that still run; default: the clock. */
  readonly now?: Date;
  /** What the files of events are named by; absent: they are not shown. */
  readonly files?: EventFiles;
}

/** What the names of an event's files are made of. */
export interface EventFiles {
  /** ServerId of the event. */
  readonly serverId: string;
  /** Whether the URI of an ATTACH is of a file that this server keeps. */
  isKept(uri: string): boolean;
}

/** A file that a device adds. */
export interface AddedFile {
  /** The Add of the command: the same file's name may stand in several parts of an event. */
  readonly add: Element;
  /** The name that the device gave it. */
  readonly clientId: string;
  /** Has a part of the event name the file. */
  write(part: Component): void;
}

/** What shapes an item on its way from a device. */
export interface ApplyContext {
  readonly version: EasVersion;
  readonly user: Account;
  readonly now: Date;
  /**
   * The elements the device manages (MS-ASCMD Supported): null when it sent none, so that an absent ghostable element
   * means deletion up to 14.1; otherwise only those listed are deleted by absence.
   */
  readonly supported: ReadonlySet<TagName> | null;
  /** Files that the command adds, already kept. */
  readonly files?: readonly AddedFile[];
}

/** An item a device sent that can't be stored: item Status 6 (MS-ASCMD 2.2.3.177.17). */
export class MalformedItem extends Error {
  override readonly name = 'MalformedItem';
}

/** Mapping of one kind of stored text to an EAS class and back. Pure: no I/O, no clock of its own. */
export interface PimItemClass {
  readonly className: 'Calendar' | 'Contacts' | 'Tasks' | 'Notes';
  /** Components of the stored text that the class can show; others are left out of Sync. */
  readonly components: readonly string[];
  /** What must be made ready before a text is rendered, since it takes long (scaled pictures). */
  prepare?(text: string): Promise<void>;
  /** Children of ApplicationData in schema order. */
  render(text: string, context: RenderContext): Element[];
  /**
   * The stored text with the device's ApplicationData written into it; `null` for a new item. Properties that EAS
   * can't express keep their bytes. @throws MalformedItem
   */
  apply(text: string | null, data: Element, context: ApplyContext): string;
  /**
   * Whether a device that sent `data` holds what the stored text says after it was applied. Where it does not (an attendee
   * list that is not the user's to change, another alarm that stays, a number that found another place), the item goes
   * back to the device.
   */
  agrees?(text: string, data: Element, context: ApplyContext): boolean;
  /** What the server made of a new item, for the ApplicationData of the answer to its Add (MS-ASCAL UID, from 16.0 on). */
  answer?(text: string, context: ApplyContext): Element[];
  /**
   * Change of one occurrence of a series by InstanceId (16.0 and later); `data` null deletes the occurrence.
   * @throws MalformedItem
   */
  applyInstance?(text: string, instance: Date, data: Element | null, context: ApplyContext): string;
}
