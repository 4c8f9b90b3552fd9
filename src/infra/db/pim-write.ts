import type { PoolClient } from 'pg';
import type { Item } from '../../domain/pim/model.js';
import type { ItemRow, PimWrite, Place } from '../../domain/pim/store.js';
import type { Id } from '../../domain/types.js';
import { relink } from './attachment-store.js';
import { gone, toItem } from './pim-rows.js';
import * as sql from './pim-sql.js';
import { PostgresSchedulingWrite } from './scheduling-write.js';
import { formatSpan, formatSpans } from './spans.js';
import { row, type Statement } from './sql.js';
import { findAlarms, setAlarms } from './viewer-alarms.js';

/** A write that holds the counters of its collections until it commits. */
export class PostgresPimWrite implements PimWrite {
  readonly scheduling: PostgresSchedulingWrite;

  constructor(
    private readonly client: PoolClient,
    private readonly origin: string,
  ) {
    this.scheduling = new PostgresSchedulingWrite(client);
  }

  private readonly mounted = new Map<string, Place[]>();

  async lock(place: Place): Promise<void> {
    const found = await row<{ mounts: string[] }>(this.client, sql.LOCK, [place.account, place.collection]);
    if (!found) throw gone();
    const mounts = found.mounts.map((mount) => mount.split('/'));
    this.mounted.set(
      `${place.account}/${place.collection}`,
      mounts.map(([account = '', collection = '']) => ({ account, collection })),
    );
  }

  mounts(place: Place): readonly Place[] {
    return this.mounted.get(`${place.account}/${place.collection}`) ?? [];
  }

  async find(place: Place, ref: Parameters<PimWrite['find']>[1]): Promise<Item | null> {
    const [statement, ...values] = lookUp(ref);
    const found = await row<sql.ItemColumns>(this.client, statement, [place.account, place.collection, ...values]);
    return found ? toItem(found) : null;
  }

  async created(place: Place, key: string): Promise<Id | null> {
    const found = await row<{ item_id: string }>(this.client, sql.CREATED, [place.account, place.collection, key]);
    return found?.item_id ?? null;
  }

  async insert(place: Place, item: ItemRow, creationKey?: string): Promise<Item> {
    const found = await row<sql.ItemColumns>(this.client, sql.INSERT_ITEM, [...this.values(place, item), creationKey ?? null]);
    const inserted = toItem(found as sql.ItemColumns);
    await relink(this.client, place, inserted.id, '', item.text);
    return inserted;
  }

  async update(place: Place, current: Item, item: ItemRow): Promise<Item> {
    const found = await row<sql.ItemColumns>(this.client, sql.UPDATE_ITEM, [...this.values(place, item), current.id]);
    await relink(this.client, place, current.id, current.text, item.text);
    return toItem(found as sql.ItemColumns);
  }

  async meetingElsewhere(place: Place, uid: string): Promise<{ collection: Id; name: string } | null> {
    const values = [place.account, place.collection, uid];
    return (await row<{ collection: Id; name: string }>(this.client, sql.MEETING_ELSEWHERE, values)) ?? null;
  }

  async alarms(place: Place, viewer: Id, id: Id): Promise<string | null> {
    return (await findAlarms(this.client, place, viewer, [id])).get(id) ?? null;
  }

  setAlarms(place: Place, viewer: Id, id: Id, alarms: string | null): Promise<void> {
    return setAlarms(this.client, place, viewer, id, alarms);
  }

  async properties(place: Place, id: Id): Promise<Readonly<Record<string, string>> | null> {
    const values = [place.account, place.collection, id];
    const found = await row<{ properties: Record<string, string> }>(this.client, sql.PROPERTIES_OF_ITEM, values);
    return found?.properties ?? null;
  }

  async keep(place: Place, id: Id, properties: Readonly<Record<string, string>>): Promise<void> {
    await row(this.client, sql.KEEP_WITH_ITEM, [place.account, place.collection, id, JSON.stringify(properties)]);
  }

  async remove(place: Place, current: Item): Promise<bigint> {
    await relink(this.client, place, current.id, current.text, '');
    const gone = await row<{ seq: string }>(this.client, sql.DELETE_ITEM, [
      place.account,
      place.collection,
      current.id,
      this.origin,
    ]);
    return BigInt(gone?.seq ?? 0);
  }

  private values(place: Place, item: ItemRow): unknown[] {
    return [
      place.account,
      place.collection,
      item.name,
      item.uid,
      item.component,
      item.text,
      Buffer.byteLength(item.text),
      item.etag,
      item.scheduleTag,
      item.origin ?? this.origin,
      item.spans && formatSpans(item.spans),
      formatSpan(item.exact),
      item.alarms.length > 0 ? formatSpans(item.alarms) : null,
    ];
  }
}

/** The statement that finds an item, and what it is asked beside the place. */
function lookUp(ref: Parameters<PimWrite['find']>[1]): [Statement, ...unknown[]] {
  if ('name' in ref) return 'uid' in ref ? [sql.ITEM_BY_NAME_OR_UID, ref.name, ref.uid] : [sql.ITEMS_BY_NAME, [ref.name]];
  return 'id' in ref ? [sql.ITEMS_BY_ID, [ref.id]] : [sql.ITEM_BY_UID, ref.uid];
}
