import type { Pool } from 'pg';
import type { MailNote, MailNotes } from '../../domain/mail/notes.js';
import type { Id, Scope } from '../../domain/types.js';
import { rows, type Statement } from './sql.js';

const statement = (name: string, text: string): Statement => ({ name, text });

const READ = statement(
  'read_mail_notes',
  'SELECT message, note FROM mail_notes WHERE account_id = $1 AND message = ANY($2::text[])',
);

const WRITE = statement(
  'write_mail_notes',
  `INSERT INTO mail_notes AS n (account_id, message, note) SELECT $1, unnest($2::text[]), $3::jsonb
   ON CONFLICT (account_id, message) DO UPDATE SET note = n.note || $3::jsonb, changed_at = now()`,
);

const MOVES = statement(
  'conversation_moves',
  'SELECT conversation, folder_id FROM conversation_moves WHERE account_id = $1 ORDER BY changed_at DESC LIMIT 5000',
);

const MOVE_ALWAYS = statement(
  'move_always',
  `INSERT INTO conversation_moves (account_id, conversation, folder_id) VALUES ($1, $2, $3)
   ON CONFLICT (account_id, conversation) DO UPDATE SET folder_id = $3, changed_at = now()`,
);

/** Notes on messages in PostgreSQL. */
export class PostgresMailNotes implements MailNotes {
  constructor(private readonly pool: Pool) {}

  async read(s: Scope, keys: readonly string[]): Promise<ReadonlyMap<string, MailNote>> {
    if (keys.length === 0) return new Map();
    const found = await rows<{ message: string; note: MailNote }>(this.pool, READ, [s.account, keys]);
    return new Map(found.map(({ message, note }) => [message, note]));
  }

  async write(s: Scope, keys: readonly string[], note: MailNote): Promise<void> {
    if (keys.length > 0) await rows(this.pool, WRITE, [s.account, [...new Set(keys)], JSON.stringify(note)]);
  }

  async moves(s: Scope): Promise<ReadonlyMap<string, Id>> {
    const found = await rows<{ conversation: string; folder_id: Id }>(this.pool, MOVES, [s.account]);
    return new Map(found.map(({ conversation, folder_id }) => [conversation, folder_id]));
  }

  async moveAlways(s: Scope, conversation: string, folder: Id): Promise<void> {
    await rows(this.pool, MOVE_ALWAYS, [s.account, conversation, folder]);
  }
}
