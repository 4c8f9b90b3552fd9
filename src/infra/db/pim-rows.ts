import { DomainError } from '../../domain/errors.js';
import type { Item, ItemHead, ItemVersion, Person } from '../../domain/pim/model.js';
import type { RawChanges, StoredCollection, StoredShare } from '../../domain/pim/store.js';
import type { Id } from '../../domain/types.js';
import type * as sql from './pim-sql.js';

export function toCollection(account: Id, found: sql.CollectionRow): StoredCollection {
  return {
    place: { account, collection: String(found.id) },
    kind: found.kind,
    slug: found.slug,
    name: found.name,
    primary: found.is_primary,
    components: found.components,
    seq: found.seq,
    properties: found.properties,
  };
}

export function toMount(found: sql.MountRow): StoredShare {
  const { mount_id, mount_slug, mount_name, mount_properties } = found;
  return {
    collection: toCollection(found.account_id, found),
    owner: personOf(found),
    access: found.access,
    status: found.status,
    summary: found.summary,
    mount: { id: String(mount_id), slug: mount_slug, name: mount_name, properties: mount_properties },
  };
}

export function personOf(found: sql.ShareRow): Person {
  const { account_id: account, address, display_name: displayName, aliases } = found;
  return { account, address, displayName, ...(aliases && { aliases }) };
}

export function toVersion(found: sql.VersionRow): ItemVersion {
  const { item_id, replaced_by, replaced_at, ...rest } = found;
  return { ...rest, item: item_id, replacedBy: replaced_by, replacedAt: replaced_at };
}

export function toHead(columns: sql.ItemColumns): ItemHead {
  return {
    id: columns.id,
    name: columns.name,
    uid: columns.uid,
    component: columns.component,
    etag: columns.etag,
    scheduleTag: columns.schedule_tag,
    size: columns.size,
    modified: new Date(columns.modified),
    origin: columns.origin,
  };
}

export function toItem(columns: sql.ItemColumns): Item {
  return Object.assign(toHead(columns), { text: columns.text });
}

export function toChange(change: sql.ChangeRow, id: Id): RawChanges['changes'][number] {
  return {
    id,
    name: change.name,
    gone: change.etag === null,
    origin: change.origin,
    component: change.component,
    seq: BigInt(change.seq),
    ...(change.etag === null ? {} : { etag: change.etag }),
  };
}

export function gone(): DomainError {
  return new DomainError('not-found', 'no such collection');
}
