import { DomainError, isDomainError } from '../errors.js';
import type { Collection, Item, ItemRef, Precondition } from '../pim/model.js';
import type { Pim } from '../pim/service.js';
import type { Id, Session } from '../types.js';
import { ATTACHMENT_LIMITS, type Attachment, type AttachmentDraft, type AttachmentStore } from './model.js';
import { type Instances, idsIn, namedIn, withAttachment, withoutAttachment, withReplaced } from './text.js';

/** The item an attachment belongs to. */
export interface AttachedTo {
  readonly collection: Collection;
  readonly ref: ItemRef;
}

export interface AttachmentsDeps {
  readonly store: AttachmentStore;
  readonly pim: Pick<Pim, 'item' | 'put' | 'itemsById' | 'collections'>;
  /** The URL under which a client fetches an attachment; `owner` is the address of the account that keeps it. */
  readonly url: (owner: string, attachment: Attachment) => string;
  /** The address in such a URL; null for a URI of somebody else's. */
  readonly ownerIn: (uri: string) => string | null;
}

/** How often a change is tried again when somebody else changes the item at the same time. */
const ATTEMPTS = 5;
const MAX_NAME = 255;

/** Attachments of events and to-dos, kept by the server and named by their items' texts (RFC 8607); for every face. */
export class Attachments {
  constructor(private readonly deps: AttachmentsDeps) {}

  /**
   * Keeps content and has the item name it: all of it, or the instances given.
   * @throws DomainError `not-found`, `too-large`, `forbidden`, `precondition-failed`
   */
  async add(
    s: Session,
    to: AttachedTo,
    draft: AttachmentDraft,
    options: { readonly instances?: Instances; readonly when?: Precondition } = {},
  ): Promise<{ readonly item: Item; readonly attachment: Attachment }> {
    const item = await this.present(s, to, options.when);
    if (idsIn(item.text).length >= ATTACHMENT_LIMITS.perItem) {
      throw new DomainError('invalid', 'too many attachments', { reason: 'max-attachments-per-resource' });
    }
    const attachment = await this.keep(to.collection, draft);
    const url = this.urlOf(s, to.collection, attachment);
    const instances = options.instances ?? null;
    const changed = await this.change(s, to, options.when, (text) => withAttachment(text, attachment, url, instances));
    return { item: changed, attachment };
  }

  /**
   * Keeps content that an item is going to name, for callers that write the text themselves.
   * @throws DomainError `too-large`, `forbidden`
   */
  async hold(
    s: Session,
    collection: Collection,
    draft: AttachmentDraft,
  ): Promise<{ readonly attachment: Attachment; readonly url: string }> {
    requireWrite(collection);
    const attachment = await this.keep(collection, draft);
    return { attachment, url: this.urlOf(s, collection, attachment) };
  }

  /** The address of the account that keeps what a URI names; null where this server does not. */
  ownerIn(uri: string): string | null {
    return this.deps.ownerIn(uri);
  }

  /** Puts other content in the place of an attachment, which gets another identifier (RFC 8607 §3.5). */
  async update(
    s: Session,
    to: AttachedTo,
    id: Id,
    draft: AttachmentDraft,
    when?: Precondition,
  ): Promise<{ readonly item: Item; readonly attachment: Attachment }> {
    requireNamed(await this.present(s, to, when), id);
    const attachment = await this.keep(to.collection, draft);
    const url = this.urlOf(s, to.collection, attachment);
    const item = await this.change(s, to, when, (text) => withReplaced(text, id, attachment, url));
    return { item, attachment };
  }

  /** Has the item, or some of its instances, name the attachment no longer. */
  async remove(
    s: Session,
    to: AttachedTo,
    id: Id,
    options: { readonly instances?: Instances; readonly when?: Precondition } = {},
  ): Promise<Item> {
    requireNamed(await this.present(s, to, options.when), id);
    return this.change(s, to, options.when, (text) => withoutAttachment(text, id, options.instances ?? null));
  }

  /** The attachments an item names, as a viewer sees the item. */
  list(item: Pick<Item, 'text'>): ReturnType<typeof namedIn> {
    return namedIn(item.text);
  }

  /**
   * An attachment kept by an account, for whoever sees an item that names it; null for everybody else. Busy times and private
   * events name nothing.
   */
  async open(
    s: Session,
    account: Id,
    id: Id,
  ): Promise<{ readonly attachment: Attachment; readonly content: () => AsyncIterable<Buffer> } | null> {
    if (!isUuid(id)) return null;
    const attachment = await this.deps.store.find(account, id);
    if (attachment === null || !(await this.isVisible(s, id))) return null;
    return { attachment, content: () => this.deps.store.content(attachment) };
  }

  /**
   * The identifiers in a text that were not in the earlier one and that nobody was given for this calendar: a client may name
   * an attachment in another item, but not make one up (RFC 8607 §3.6).
   */
  async unknown(s: Session, collection: Collection, text: string, before: string): Promise<readonly Id[]> {
    const old = new Set(idsIn(before));
    const added = idsIn(text).filter((id) => !old.has(id));
    if (added.length === 0) return [];
    const own = await this.deps.store.known(collection.source.account, added.filter(isUuid));
    const left: Id[] = [];
    for (const id of added) if (!own.has(id) && !(isUuid(id) && (await this.isVisible(s, id)))) left.push(id);
    return left;
  }

  private keep(collection: Collection, draft: AttachmentDraft): Promise<Attachment> {
    const name = plainName(draft.name);
    const type = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(draft.type) ? draft.type.toLowerCase() : 'application/octet-stream';
    return this.deps.store.create(collection.source.account, { ...draft, name, type }, ATTACHMENT_LIMITS);
  }

  private urlOf(s: Session, collection: Collection, attachment: Attachment): string {
    return this.deps.url(collection.owner?.address ?? s.user.address, attachment);
  }

  /** @throws DomainError before any content is kept */
  private async present(s: Session, { collection, ref }: AttachedTo, when: Precondition | undefined): Promise<Item> {
    requireWrite(collection);
    const item = await this.deps.pim.item(s, collection, ref);
    if (item === null) throw new DomainError('not-found', 'no such item');
    const wanted = when?.ifMatch;
    if (wanted && wanted !== '*' && !wanted.includes(item.etag)) throw new DomainError('precondition-failed', 'the item changed');
    return item;
  }

  /** Writes a changed text over the one it was made from; again where somebody else was quicker and the caller does not mind. */
  private async change(
    s: Session,
    { collection, ref }: AttachedTo,
    when: Precondition | undefined,
    edit: (text: string) => string,
  ): Promise<Item> {
    for (let attempt = 1; ; attempt += 1) {
      const item = await this.deps.pim.item(s, collection, ref);
      if (item === null) throw new DomainError('not-found', 'no such item');
      const condition = { ...when, ifMatch: when?.ifMatch && when.ifMatch !== '*' ? when.ifMatch : [item.etag] };
      try {
        return (await this.deps.pim.put(s, collection, { id: item.id, text: edit(item.text) }, condition)).item;
      } catch (error) {
        const again = isDomainError(error, 'precondition-failed') && condition.ifMatch !== when?.ifMatch;
        if (!again || attempt === ATTEMPTS) throw error;
      }
    }
  }

  private async isVisible(s: Session, id: Id): Promise<boolean> {
    const collections = (await this.deps.pim.collections(s)).filter(({ kind }) => kind !== 'contacts');
    const accounts = [...new Set(collections.map(({ source }) => source.account))];
    for (const link of await this.deps.store.links(accounts, id)) {
      const collection = collections.find(
        ({ source }) => source.account === link.account && source.collection === link.collection,
      );
      const [item] = collection ? await this.deps.pim.itemsById(s, collection, [link.item]) : [];
      if (item && idsIn(item.text).includes(id)) return true;
    }
    return false;
  }
}

function requireWrite({ access }: Collection): void {
  if (access !== 'owner' && access !== 'write') throw new DomainError('forbidden', 'no access', { reason: 'need-privileges' });
}

function requireNamed(item: Item, id: Id): void {
  if (!idsIn(item.text).includes(id)) {
    throw new DomainError('invalid', 'the item has no such attachment', { reason: 'valid-managed-id-parameter' });
  }
}

function isUuid(id: string): boolean {
  return /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(id);
}

/** A file's name without folders, quotes and control characters: it stands in parameters and headers. */
function plainName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const plain = last.replace(/[\u0000-\u001f\u007f"]/g, '').trim();
  return plain === '' || /^\.+$/.test(plain) ? 'attachment' : plain.slice(0, MAX_NAME);
}
