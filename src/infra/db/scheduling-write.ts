import { createHash, randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { DomainError } from '../../domain/errors.js';
import type { Span } from '../../domain/pim/model.js';
import type { InboxDraft, LedgerEntry, OutboxJob, SchedulingWrite } from '../../domain/pim/scheduler.js';
import type { Account, Id } from '../../domain/types.js';
import { formatSpan } from './spans.js';
import { codeOf, row, rows, type Statement } from './sql.js';

const statement = (name: string, text: string): Statement => ({ name, text });

export const ACCOUNT = 'id, address, aliases, display_name AS "displayName", zone, kind, booking';
const ACCOUNT_BY_ID = statement('account_by_id', `SELECT ${ACCOUNT} FROM accounts WHERE id = $1`);

/** By alias, then by address: one condition for both has every account compared with every address. */
const LOCALS = statement(
  'schedule_locals',
  `SELECT asked, ${ACCOUNT} FROM accounts, unnest(aliases) AS asked
   WHERE aliases && $2::text[] AND asked = ANY($2::text[]) AND right(address, length($1)) = $1
   UNION ALL
   SELECT address, ${ACCOUNT} FROM accounts WHERE address = ANY($2::text[]) AND right(address, length($1)) = $1`,
);

const LEDGER = statement(
  'schedule_ledger',
  `SELECT direction, peer, recurrence, sequence, method, digest FROM schedule_ledger
   WHERE account_id = $1 AND uid = $2 ORDER BY at DESC LIMIT 20000`,
);

const RECORD = statement(
  'schedule_record',
  `INSERT INTO schedule_ledger (account_id, uid, direction, peer, recurrence, sequence, method, digest)
   SELECT $1, $2, * FROM unnest($3::text[], $4::text[], $5::text[], $6::integer[], $7::text[], $8::text[])
   ON CONFLICT (account_id, uid, direction, peer, recurrence, sequence, method)
   DO UPDATE SET digest = excluded.digest, at = clock_timestamp()`,
);

const ENQUEUE = statement(
  'schedule_enqueue',
  `INSERT INTO schedule_outbox
     (account_id, id, channel, method, uid, sender, recipient, recipient_id, collection_id, text)
   SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[],
     $9::integer[], $10::text[])`,
);

const DONE = statement('schedule_done', 'DELETE FROM schedule_outbox WHERE account_id = $1 AND id = $2 RETURNING id');

const ADD_TO_INBOX = statement(
  'schedule_add_inbox',
  'INSERT INTO schedule_inbox (account_id, name, uid, method, text, etag) VALUES ($1, $2, $3, $4, $5, $6)',
);

const UNBOOK = statement('unbook', 'DELETE FROM bookings WHERE account_id = $1 AND uid = $2');
const BOOK = statement(
  'book',
  'INSERT INTO bookings (account_id, uid, during) SELECT $1, $2, span FROM unnest($3::tstzrange[]) AS span',
);
const OTHERS = statement(
  'others_bookings',
  `SELECT at::integer FROM unnest($3::tstzrange[]) WITH ORDINALITY AS asked (span, at)
   WHERE EXISTS (SELECT 1 FROM bookings WHERE account_id = $1 AND uid <> $2 AND during && span) ORDER BY at`,
);
/** Two meetings at once (SQLSTATE exclusion_violation). */
const TAKEN = '23P01';

/** What scheduling reads and writes within a transaction of the PIM store. */
export class PostgresSchedulingWrite implements SchedulingWrite {
  constructor(private readonly client: PoolClient | Pool) {}

  async account(id: Id): Promise<Account> {
    const found = await row<Account>(this.client, ACCOUNT_BY_ID, [id]);
    if (!found) throw new DomainError('not-found', 'no such account');
    return found;
  }

  async locals(domain: string, addresses: readonly string[]): Promise<ReadonlyMap<string, Account>> {
    const found = await rows<Account & { asked: string }>(this.client, LOCALS, [`@${domain}`, addresses]);
    return new Map(found.map(({ asked, ...account }) => [asked, account]));
  }

  ledger(account: Id, uid: string): Promise<readonly LedgerEntry[]> {
    return rows<LedgerEntry>(this.client, LEDGER, [account, uid]);
  }

  async record(account: Id, uid: string, entries: readonly LedgerEntry[]): Promise<void> {
    const unique = [...new Map(entries.map((entry) => [keyOf(entry), entry])).values()];
    if (unique.length === 0) return;
    const column = <K extends keyof LedgerEntry>(name: K) => unique.map((entry) => entry[name]);
    await rows(this.client, RECORD, [
      account,
      uid,
      column('direction'),
      column('peer'),
      column('recurrence'),
      column('sequence'),
      column('method'),
      column('digest'),
    ]);
  }

  async enqueue(jobs: readonly OutboxJob[]): Promise<void> {
    if (jobs.length === 0) return;
    const column = <K extends keyof OutboxJob>(name: K) => jobs.map((job) => job[name]);
    await rows(this.client, ENQUEUE, [
      column('account'),
      column('id'),
      column('channel'),
      column('method'),
      column('uid'),
      column('sender'),
      column('recipient'),
      column('recipientAccount'),
      column('collection'),
      column('text'),
    ]);
  }

  async done(job: { readonly account: Id; readonly id: Id }): Promise<boolean> {
    return (await row(this.client, DONE, [job.account, job.id])) !== undefined;
  }

  async addToInbox(account: Id, { uid, method, text }: InboxDraft): Promise<void> {
    const etag = createHash('sha256').update(text).digest('base64url').slice(0, 22);
    await rows(this.client, ADD_TO_INBOX, [account, `${randomUUID()}.ics`, uid, method, text, etag]);
  }

  async taken(account: Id, uid: string, spans: readonly Span[]): Promise<readonly Span[]> {
    if (spans.length === 0) return [];
    const found = await rows<{ at: number }>(this.client, OTHERS, [account, uid, spans.map(formatSpan)]);
    return found.flatMap(({ at }) => spans[at - 1] ?? []);
  }

  async book(account: Id, uid: string, spans: readonly Span[]): Promise<boolean> {
    await this.client.query('SAVEPOINT booking');
    try {
      await rows(this.client, UNBOOK, [account, uid]);
      if (spans.length > 0) await rows(this.client, BOOK, [account, uid, spans.map(formatSpan)]);
    } catch (error) {
      if (codeOf(error) !== TAKEN) throw error;
      await this.client.query('ROLLBACK TO SAVEPOINT booking');
      return false;
    }
    await this.client.query('RELEASE SAVEPOINT booking');
    return true;
  }
}

function keyOf({ direction, peer, recurrence, sequence, method }: LedgerEntry): string {
  return [direction, peer, recurrence, sequence, method].join('\n');
}
