import { isDomainError } from '../errors.js';
import type { ChangeHub } from '../notify/hub.js';
import type { Clock, Id, Session } from '../types.js';
import { splitAlarms } from './alarms.js';
import { MAY_WRITE, requireAccess } from './collections.js';
import { MAX_BATCH } from './item-reader.js';
import { ItemWriter, viewerOf } from './item-writer.js';
import type { Collection, ItemVersion, PutResult, RestorePoint } from './model.js';
import type { Scheduler } from './scheduler.js';
import type { Pim } from './service.js';
import type { PimStore } from './store.js';

/** Most earlier texts that one restoration looks at. */
const MAX_RESTORED = 100_000;

/**
 * The rules for calendars, tasks, contacts and notes over a store, in layers: collections, reading, writing, and here what
 * brings back what was.
 */
export class PimService extends ItemWriter implements Pim {
  /** More than `massRemoval` items removed by one device within a minute leave a restore point. */
  constructor(
    store: PimStore,
    hub: Pick<ChangeHub, 'publish'>,
    clock: Clock,
    massRemoval = 50,
    scheduler: Scheduler | null = null,
  ) {
    super(store, hub, clock, massRemoval, scheduler);
  }

  async versions(
    s: Session,
    collection: Collection,
    of: { readonly item: Id } | { readonly since: Date },
    limit = MAX_BATCH,
  ): Promise<readonly ItemVersion[]> {
    requireAccess(collection, MAY_WRITE);
    const found = await this.store.versions(s, collection.source, of, Math.min(limit, MAX_BATCH));
    return viewerOf(s, collection) === null
      ? found
      : found.map((version) => ({ ...version, text: splitAlarms(version.text).text }));
  }

  /** Puts an earlier text back: into its item where that is still there, else as a new item of the same name and UID. */
  async restore(s: Session, collection: Collection, version: ItemVersion): Promise<PutResult> {
    const living = (await this.itemsById(s, collection, [version.item]))[0];
    const quiet: Session = { ...s, scheduling: 'off' };
    if (living) return this.put(quiet, collection, { id: living.id, text: version.text });
    const nameTaken = (await this.item(s, collection, { name: version.name })) !== null;
    return this.put(quiet, collection, { name: nameTaken ? undefined : version.name, text: version.text });
  }

  restorePoints(s: Session, collection: Collection): Promise<readonly RestorePoint[]> {
    requireAccess(collection, MAY_WRITE);
    return this.store.restorePoints(s, collection.source);
  }

  async restoreDeleted(s: Session, collection: Collection, since: string): Promise<number> {
    const after = BigInt(since);
    const versions = await this.store.versions(s, collection.source, { since: new Date(0) }, MAX_RESTORED);
    const deleted = versions.filter((version) => version.deleted && BigInt(version.seq) > after);
    let restored = 0;
    for (const version of latestOfEach(deleted)) {
      const back = await this.restore(s, collection, version).catch((error: unknown) => {
        if (isDomainError(error, 'conflict')) return null; // somebody has made it anew in the meantime
        throw error;
      });
      if (back) restored++;
    }
    return restored;
  }
}

/** Of each UID the version that ended last. */
function latestOfEach(versions: readonly ItemVersion[]): readonly ItemVersion[] {
  const latest = new Map<string, ItemVersion>();
  for (const version of versions) if (!latest.has(version.uid)) latest.set(version.uid, version);
  return [...latest.values()];
}
