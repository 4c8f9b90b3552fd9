import { DomainError } from '../errors.js';
import { type ChangeHub, HIERARCHY } from '../notify/hub.js';
import type { Id, Session } from '../types.js';
import {
  checkedName,
  MAY_WRITE,
  mountedCollection,
  newCollection,
  ownCollection,
  requireAccess,
  splitPatch,
} from './collections.js';
import type { Access, Collection, CollectionDraft, CollectionPatch, Offer, Share, ShareDraft } from './model.js';
import type { PimStore } from './store.js';

/** Most collections of one account; a runaway client that makes one per refresh stops here. */
const MAX_COLLECTIONS = 500;

const OWNER: ReadonlySet<Access> = new Set(['owner']);

/** Collections of a home, and who shares them with whom. */
export class CollectionService {
  constructor(
    protected readonly store: PimStore,
    protected readonly hub: Pick<ChangeHub, 'publish'>,
  ) {}

  async collections(s: Session): Promise<readonly Collection[]> {
    const { own, shared } = await this.store.home(s, s.account);
    const mounted = shared.filter((share) => share.status === 'accepted').map(mountedCollection);
    return [...own.map(ownCollection), ...mounted];
  }

  async collection(s: Session, id: Id): Promise<Collection> {
    const found = (await this.collections(s)).find((collection) => collection.id === id);
    if (!found) throw new DomainError('not-found', 'no such collection');
    return found;
  }

  async createCollection(s: Session, draft: CollectionDraft): Promise<Collection> {
    const existing = await this.store.collections(s, s.account);
    if (existing.length >= MAX_COLLECTIONS) {
      throw new DomainError('too-large', 'too many collections', { reason: 'quota-not-exceeded' });
    }
    const stored = await this.store.createCollection(s, s.account, newCollection(draft));
    this.hub.publish(s.account, HIERARCHY, s);
    return ownCollection(stored);
  }

  async updateCollection(s: Session, collection: Collection, patch: CollectionPatch): Promise<Collection> {
    if (collection.access === 'owner') await this.store.updateCollection(s, collection.source, patch);
    else await this.updateMounted(s, collection, patch);
    this.hub.publish(s.account, HIERARCHY, s);
    return this.collection(s, collection.id);
  }

  /** For somebody else's collection it ends the viewer's share of it. */
  async deleteCollection(s: Session, collection: Collection): Promise<void> {
    if (collection.access !== 'owner') {
      await this.store.setShare(s, collection.source, s.user.address, null);
    } else {
      if (collection.primary) throw new DomainError('forbidden', 'the default collection stays', { reason: 'need-privileges' });
      const shares = await this.store.shares(s, collection.source);
      await this.store.deleteCollection(s, collection.source);
      for (const { grantee } of shares) this.hub.publish(grantee.account, HIERARCHY, s);
    }
    this.hub.publish(s.account, HIERARCHY, s);
  }

  /** Of somebody else's collection only the place in the viewer's own home changes. */
  async moveCollection(s: Session, collection: Collection, slug: string, replaced: Collection | null): Promise<void> {
    const name = checkedName(slug);
    if (collection.access !== 'owner' || (replaced !== null && replaced.access !== 'owner')) {
      if (replaced) await this.deleteCollection(s, replaced);
      if (collection.access === 'owner') await this.store.moveCollection(s, collection.source, name, null);
      else await this.store.updateMount(s, collection.source, s.account, { slug: name });
    } else {
      if (replaced?.primary) throw new DomainError('forbidden', 'the default collection stays', { reason: 'need-privileges' });
      const shares = replaced ? await this.store.shares(s, replaced.source) : [];
      await this.store.moveCollection(s, collection.source, name, replaced?.source ?? null);
      for (const { grantee } of shares) this.hub.publish(grantee.account, HIERARCHY, s);
    }
    this.hub.publish(s.account, HIERARCHY, s);
  }

  async shares(s: Session, collection: Collection): Promise<readonly Share[]> {
    return this.store.shares(s, collection.source);
  }

  async share(s: Session, collection: Collection, address: string, share: ShareDraft | null): Promise<void> {
    requireAccess(collection, OWNER);
    const stored = share && { access: share.access, status: share.status ?? 'accepted', summary: share.summary ?? '' };
    const { account } = await this.store.setShare(s, collection.source, address, stored);
    this.hub.publish(account, HIERARCHY, s);
    this.hub.publish(s.account, HIERARCHY, s);
  }

  async offers(s: Session): Promise<readonly Offer[]> {
    const shared = await this.store.sharedWith(s, s.account);
    return shared.map((share) => ({
      collection: mountedCollection(share),
      hostSlug: share.collection.slug,
      status: share.status,
      owner: share.owner,
      summary: share.summary,
    }));
  }

  async answerOffer(s: Session, offer: Offer, accept: boolean): Promise<void> {
    await this.store.updateMount(s, offer.collection.source, s.account, { status: accept ? 'accepted' : 'declined' });
    this.hub.publish(s.account, HIERARCHY, s);
    this.hub.publish(offer.owner.account, HIERARCHY, s);
  }

  private async updateMounted(s: Session, collection: Collection, patch: CollectionPatch): Promise<void> {
    const { own, common } = splitPatch(patch);
    await this.store.updateMount(s, collection.source, s.account, own);
    if (Object.keys(common.properties ?? {}).length === 0) return;
    requireAccess(collection, MAY_WRITE);
    await this.store.updateCollection(s, collection.source, common);
  }
}
