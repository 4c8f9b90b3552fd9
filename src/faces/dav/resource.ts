import type { FileHead } from '../../domain/files/model.js';
import type { Collection } from '../../domain/pim/model.js';
import type { Account } from '../../domain/types.js';
import type { HomeType } from './paths.js';

/** Kinds of resources, as property and report tables name them. */
export type ResourceKind =
  | 'root'
  | 'principal'
  | 'proxy-read'
  | 'proxy-write'
  | 'calendar-home'
  | 'addressbook-home'
  | 'calendar'
  | 'addressbook'
  | 'event'
  | 'card'
  | 'folder'
  | 'file'
  | 'outbox'
  | 'inbox'
  | 'message';

export const EVERYTHING: readonly ResourceKind[] = [
  'root',
  'principal',
  'proxy-read',
  'proxy-write',
  'calendar-home',
  'addressbook-home',
  'calendar',
  'addressbook',
  'event',
  'card',
  'folder',
  'file',
  'outbox',
  'inbox',
  'message',
];
/** Groups of delegates. */
export const PROXIES: readonly ResourceKind[] = ['proxy-read', 'proxy-write'];
export const COLLECTIONS: readonly ResourceKind[] = ['calendar', 'addressbook'];
export const HOMES: readonly ResourceKind[] = ['calendar-home', 'addressbook-home'];
export const ITEMS: readonly ResourceKind[] = ['event', 'card', 'message'];
export const FILES: readonly ResourceKind[] = ['folder', 'file'];
/** What can be locked (RFC 4918 §6). */
export const LOCKABLE: readonly ResourceKind[] = [...COLLECTIONS, 'event', 'card', ...FILES];

/** What is known of an item: a change row gives the first part, a listing the second, a fetch the text. */
export interface ItemView {
  readonly name: string;
  readonly component: string;
  readonly etag?: string | undefined;
  readonly scheduleTag?: string | null;
  readonly size?: number;
  readonly modified?: Date;
  readonly text?: string;
  /** What clients keep with it, where that was looked up. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** How much of an item a property needs to be known. */
export type Needs = 'change' | 'head' | 'text';

/** Something that exists at a URL, as properties and reports see it. */
export interface Resource {
  readonly kind: ResourceKind;
  /** Canonical path. */
  readonly href: string;
  readonly type: HomeType | null;
  /** For collections and items. */
  readonly collection: Collection | null;
  /** For items. */
  readonly item: ItemView | null;
  /** For principals: whose it is. */
  readonly person: Account | null;
  /** For plain files and folders. */
  readonly file: FileHead | null;
}
