import type { Id } from '../types.js';

/** An attachment of a calendar object that the server keeps (RFC 8607). */
export interface Attachment {
  /** The account whose calendar it was made in. */
  readonly account: Id;
  /** MANAGED-ID: a UUID. */
  readonly id: Id;
  readonly name: string;
  /** Media type. */
  readonly type: string;
  /** Bytes. */
  readonly size: number;
}

/** Content to be kept. */
export interface AttachmentDraft {
  /** The identifier, where the same content that comes again is to be one attachment; else a new one is made. */
  readonly id?: Id;
  readonly name: string;
  readonly type: string;
  readonly content: Uint8Array | AsyncIterable<Uint8Array>;
}

/** Where an item is that names an attachment. */
export interface AttachmentLink {
  readonly account: Id;
  readonly collection: Id;
  readonly item: Id;
}

/** What clients are held to, and told of (RFC 8607 §6.2, §6.3). */
export const ATTACHMENT_LIMITS = {
  /** Bytes of one. */
  size: 15 * 1024 * 1024,
  /** How many one item names. */
  perItem: 20,
  /** Bytes of all of an account that some item names. */
  account: 512 * 1024 * 1024,
} as const;

/** Persistence of attachments; implemented by infra/db. The links are kept by the store of items, from their texts. */
export interface AttachmentStore {
  /** Keeps content as it comes. @throws DomainError `too-large` with `max-attachment-size` or `quota-not-exceeded` */
  create(account: Id, draft: AttachmentDraft, limits: { readonly size: number; readonly account: number }): Promise<Attachment>;
  find(account: Id, id: Id): Promise<Attachment | null>;
  /** Which of these there are. */
  known(account: Id, ids: readonly Id[]): Promise<ReadonlySet<Id>>;
  content(attachment: Attachment): AsyncIterable<Buffer>;
  /** Items of these accounts that name an attachment. */
  links(accounts: readonly Id[], id: Id): Promise<readonly AttachmentLink[]>;
}
