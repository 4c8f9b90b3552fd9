import type { Pool } from 'pg';
import type { MailPlace, MailSignalled, MailSignalStore } from '../../domain/notify/mail-signals.js';
import type { Id } from '../../domain/types.js';
import { rows, type Statement } from './sql.js';

const statement = (name: string, text: string): Statement => ({ name, text });

/** In one order, so that two processes that note the same folders can't block each other. An account may be gone by now. */
const NOTE = statement(
  'note_mail_signals',
  `INSERT INTO mail_signals (account_id, folder_id, signalled_at)
   SELECT account, folder, clock_timestamp() FROM unnest($1::uuid[], $2::integer[]) AS noted (account, folder)
   WHERE EXISTS (SELECT 1 FROM accounts WHERE id = account) ORDER BY account, folder
   ON CONFLICT (account_id, folder_id) DO UPDATE SET signalled_at = excluded.signalled_at`,
);

/** Five seconds are looked at twice: a row is stamped before its transaction can be seen. */
const SINCE = statement(
  'mail_signals_since',
  `SELECT clock.now::text AS moment, s.account_id AS account, s.folder_id::text AS folder
   FROM (SELECT clock_timestamp() AS now) AS clock LEFT JOIN mail_signals s
     ON s.account_id = ANY($1::uuid[])
     AND s.signalled_at > coalesce($2::timestamptz, clock.now - interval '2 minutes') - interval '5 seconds'`,
);

interface SignalRow {
  moment: string;
  account: string | null;
  folder: string;
}

/** Mail signals in PostgreSQL: one narrow row per folder that ever had one, by the database's clock. */
export class PostgresMailSignals implements MailSignalStore {
  constructor(private readonly pool: Pool) {}

  async note(places: readonly MailPlace[]): Promise<void> {
    await rows(this.pool, NOTE, [places.map(({ account }) => account), places.map(({ folder }) => folder)]);
  }

  async since(accounts: readonly Id[], moment: string | null): Promise<MailSignalled> {
    const found = await rows<SignalRow>(this.pool, SINCE, [accounts, moment]);
    const places = found.flatMap(({ account, folder }): MailPlace[] => (account === null ? [] : [{ account, folder }]));
    return { places, moment: found[0]?.moment ?? moment ?? '' };
  }
}
