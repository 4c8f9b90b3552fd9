import type { Pool } from 'pg';
import type { LedgerEntry, OutboxJob } from '../../domain/pim/scheduler.js';
import type { Place } from '../../domain/pim/store.js';
import type { ClaimedJob, InboxItem, MailMarkRow, SchedulingStore } from '../../domain/scheduling/store.js';
import type { Account, Id } from '../../domain/types.js';
import { ACCOUNT as ACCOUNT_COLUMNS, PostgresSchedulingWrite } from './scheduling-write.js';
import { row, rows, type Statement } from './sql.js';

const statement = (name: string, text: string): Statement => ({ name, text });

const ACCOUNT = statement('scheduling_account', `SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE id = $1`);
const ACCOUNTS = statement('scheduling_accounts', `SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE id = ANY($1::uuid[])`);
const ROOMS = statement(
  'scheduling_rooms',
  `SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE kind <> 'individual' ORDER BY address LIMIT $1`,
);

/** Meetings that go on after what is booked for them. */
const UNBOOKED = statement(
  'scheduling_unbooked',
  `SELECT a.id AS account, i.collection_id::text AS collection, i.uid FROM accounts a JOIN items i ON i.account_id = a.id
   WHERE a.kind <> 'individual' AND i.component = 'VEVENT' AND (upper_inf(i.spans) OR upper(i.spans) > greatest(now(),
     (SELECT max(upper(during)) FROM bookings b WHERE b.account_id = i.account_id AND b.uid = i.uid)))
   ORDER BY a.id, i.id LIMIT $1`,
);

/** A claimed job is not due again before its lease ends, whoever asks. */
const claim = (name: string, condition: string) =>
  statement(
    `scheduling_claim_${name}`,
    `UPDATE schedule_outbox o SET due_at = now() + $1 * interval '1 ms', tries = tries + 1
     FROM (SELECT account_id, id FROM schedule_outbox WHERE ${condition} AND due_at <= now()
       ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED) due
     WHERE o.account_id = due.account_id AND o.id = due.id
     RETURNING o.account_id AS account, o.id, channel, method, uid, sender, recipient, recipient_id AS "recipientAccount",
       collection_id::text AS collection, text, tries, created_at AS created`,
  );
const CLAIM_LOCAL = claim('local', "channel = 'local'");
const CLAIM_MAIL = claim('mail', "channel = 'mail' AND account_id = $3");
const CLAIM_THESE = claim('these', '(account_id, id) IN (SELECT * FROM unnest($3::uuid[], $4::uuid[]))');

const POSTPONE = statement(
  'scheduling_postpone',
  "UPDATE schedule_outbox SET due_at = now() + $3 * interval '1 ms' WHERE account_id = $1 AND id = $2",
);
const DONE = statement('scheduling_done', 'DELETE FROM schedule_outbox WHERE account_id = $1 AND id = $2');

const PLACES_OF = statement(
  'scheduling_places_of',
  `SELECT c.id::text AS collection FROM collections c
   WHERE c.account_id = $1 AND c.kind IN ('calendar', 'tasks') AND EXISTS (
     SELECT 1 FROM items i WHERE i.account_id = $1 AND i.collection_id = c.id AND i.uid = $2)
   ORDER BY c.is_primary DESC, c.id`,
);
const DEFAULT_PLACE = statement(
  'scheduling_default_place',
  `SELECT id::text AS collection FROM collections
   WHERE account_id = $1 AND kind IN ('calendar', 'tasks') AND $2 = ANY(components) ORDER BY is_primary DESC, id LIMIT 1`,
);

const ITEM_OF = statement('scheduling_item_of', 'SELECT id FROM items WHERE account_id = $1 AND collection_id = $2 AND uid = $3');

const INBOX_COLUMNS = 'name, uid, method, text, etag, created_at AS created';
const INBOX = statement(
  'scheduling_inbox',
  `SELECT ${INBOX_COLUMNS} FROM schedule_inbox WHERE account_id = $1 ORDER BY created_at DESC LIMIT $2`,
);
const INBOX_ITEM = statement(
  'scheduling_inbox_item',
  `SELECT ${INBOX_COLUMNS} FROM schedule_inbox WHERE account_id = $1 AND name = $2`,
);
const REMOVE_INBOX_ITEM = statement(
  'scheduling_remove_inbox_item',
  'DELETE FROM schedule_inbox WHERE account_id = $1 AND name = $2 RETURNING name',
);

const MAIL_MARK = statement(
  'scheduling_mail_mark',
  'SELECT uid_validity AS "uidValidity", next_uid AS "nextUid" FROM schedule_mail_marks WHERE account_id = $1',
);
const FIRST_MAIL_MARK = statement(
  'scheduling_first_mail_mark',
  `INSERT INTO schedule_mail_marks (account_id, uid_validity, next_uid) VALUES ($1, $2, $3)
   ON CONFLICT (account_id) DO NOTHING RETURNING account_id`,
);
const NEXT_MAIL_MARK = statement(
  'scheduling_next_mail_mark',
  `UPDATE schedule_mail_marks SET uid_validity = $2, next_uid = $3
   WHERE account_id = $1 AND uid_validity = $4 AND next_uid = $5 RETURNING account_id`,
);

const PURGES = [
  ['ledger', statement('scheduling_purge_ledger', 'DELETE FROM schedule_ledger WHERE at < $1 RETURNING 1')],
  ['inbox', statement('scheduling_purge_inbox', 'DELETE FROM schedule_inbox WHERE created_at < $1 RETURNING 1')],
  ['outbox', statement('scheduling_purge_outbox', 'DELETE FROM schedule_outbox WHERE created_at < $1 RETURNING 1')],
] as const;

/** Scheduling messages in PostgreSQL. */
export class PostgresSchedulingStore implements SchedulingStore {
  private readonly write: PostgresSchedulingWrite;

  constructor(private readonly pool: Pool) {
    this.write = new PostgresSchedulingWrite(pool);
  }

  async account(id: Id): Promise<Account | null> {
    return (await row<Account>(this.pool, ACCOUNT, [id])) ?? null;
  }

  async accounts(ids: readonly Id[]): Promise<ReadonlyMap<Id, Account>> {
    const found = ids.length === 0 ? [] : await rows<Account>(this.pool, ACCOUNTS, [ids]);
    return new Map(found.map((account) => [account.id, account]));
  }

  rooms(limit: number): Promise<readonly Account[]> {
    return rows<Account>(this.pool, ROOMS, [limit]);
  }

  async unbooked(limit: number): Promise<readonly { readonly place: Place; readonly uid: string }[]> {
    const found = await rows<{ account: Id; collection: Id; uid: string }>(this.pool, UNBOOKED, [limit]);
    return found.map(({ account, collection, uid }) => ({ place: { account, collection }, uid }));
  }

  claim(
    which: { readonly mailOf: Id } | { readonly local: true } | { readonly jobs: readonly { account: Id; id: Id }[] },
    limit: number,
    lease: number,
  ): Promise<readonly ClaimedJob[]> {
    if ('local' in which) return rows<ClaimedJob>(this.pool, CLAIM_LOCAL, [lease, limit]);
    if ('mailOf' in which) return rows<ClaimedJob>(this.pool, CLAIM_MAIL, [lease, limit, which.mailOf]);
    const { jobs } = which;
    const keys = [jobs.map(({ account }) => account), jobs.map(({ id }) => id)];
    return rows<ClaimedJob>(this.pool, CLAIM_THESE, [lease, limit, ...keys]);
  }

  async postpone({ account, id }: Pick<OutboxJob, 'account' | 'id'>, ms: number): Promise<void> {
    await rows(this.pool, POSTPONE, [account, id, ms]);
  }

  async done({ account, id }: Pick<OutboxJob, 'account' | 'id'>): Promise<void> {
    await rows(this.pool, DONE, [account, id]);
  }

  async placesOf(account: Id, uid: string): Promise<readonly Place[]> {
    return (await rows<{ collection: string }>(this.pool, PLACES_OF, [account, uid])).map(({ collection }) => ({
      account,
      collection,
    }));
  }

  async defaultPlace(account: Id, component: string): Promise<Place | null> {
    const found = await row<{ collection: string }>(this.pool, DEFAULT_PLACE, [account, component]);
    return found ? { account, collection: found.collection } : null;
  }

  async itemOf({ account, collection }: Place, uid: string): Promise<Id | null> {
    return (await row<{ id: string }>(this.pool, ITEM_OF, [account, collection, uid]))?.id ?? null;
  }

  locals(domain: string, addresses: readonly string[]): Promise<ReadonlyMap<string, Account>> {
    return this.write.locals(domain, addresses);
  }

  ledger(account: Id, uid: string): Promise<readonly LedgerEntry[]> {
    return this.write.ledger(account, uid);
  }

  record(account: Id, uid: string, entries: readonly LedgerEntry[]): Promise<void> {
    return this.write.record(account, uid, entries);
  }

  inbox(account: Id, limit: number): Promise<readonly InboxItem[]> {
    return rows<InboxItem>(this.pool, INBOX, [account, limit]);
  }

  async inboxItem(account: Id, name: string): Promise<InboxItem | null> {
    return (await row<InboxItem>(this.pool, INBOX_ITEM, [account, name])) ?? null;
  }

  async removeInboxItem(account: Id, name: string): Promise<boolean> {
    return (await row(this.pool, REMOVE_INBOX_ITEM, [account, name])) !== undefined;
  }

  async mailMark(account: Id): Promise<MailMarkRow | null> {
    const found = await row<{ uidValidity: string; nextUid: string }>(this.pool, MAIL_MARK, [account]);
    return found ? { uidValidity: found.uidValidity, nextUid: Number(found.nextUid) } : null;
  }

  async setMailMark(account: Id, from: MailMarkRow | null, to: MailMarkRow): Promise<boolean> {
    const next = [account, to.uidValidity, to.nextUid];
    const set = from
      ? await row(this.pool, NEXT_MAIL_MARK, [...next, from.uidValidity, from.nextUid])
      : await row(this.pool, FIRST_MAIL_MARK, next);
    return set !== undefined;
  }

  async purge(before: { readonly ledger: Date; readonly inbox: Date; readonly outbox: Date }): Promise<number> {
    let purged = 0;
    for (const [name, purge] of PURGES) purged += (await rows(this.pool, purge, [before[name]])).length;
    return purged;
  }
}
