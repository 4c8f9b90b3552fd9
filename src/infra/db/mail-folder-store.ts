import type { Pool, PoolClient } from 'pg';
import type { FolderFacts, FolderPlan, MailFolderStore, StoredFolder } from '../../domain/mail/folder-store.js';
import type { FolderRole } from '../../domain/mail/model.js';
import type { Id, Scope } from '../../domain/types.js';
import { row, rows, type Statement, transaction } from './sql.js';

interface FolderRow {
  id: number;
  path: string;
  delimiter: string;
  role: FolderRole | null;
  selectable: boolean;
  uid_validity: string | null;
  object_id: string | null;
}

const statement = (name: string, text: string): Statement => ({ name, text });

const LOAD = statement(
  'mail_folders',
  'SELECT id, path, delimiter, role, selectable, uid_validity, object_id FROM mail_folders WHERE account_id = $1 ORDER BY path',
);

/** The account's row also numbers collections, so holding it keeps every maker of identifiers out. */
const LOCK_ACCOUNT = statement('lock_account', 'SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE');

const REMOVE = statement('remove_mail_folders', 'DELETE FROM mail_folders WHERE account_id = $1 AND id = ANY($2::integer[])');

/** Frees the paths of renamed folders first: two may swap theirs. */
const PARK = statement(
  'park_mail_folders',
  `UPDATE mail_folders SET path = '//' || id WHERE account_id = $1 AND id = ANY($2::integer[])`,
);

const UPDATE = statement(
  'update_mail_folder',
  `UPDATE mail_folders SET path = $3, delimiter = $4, role = $5, selectable = $6, uid_validity = $7, object_id = $8
   WHERE account_id = $1 AND id = $2`,
);

const CREATE = statement(
  'create_mail_folder',
  `WITH next AS (UPDATE accounts SET next_id = next_id + 1 WHERE id = $1 RETURNING next_id - 1 AS id)
   INSERT INTO mail_folders (account_id, id, path, delimiter, role, selectable, uid_validity, object_id)
   SELECT $1, next.id, $2, $3, $4, $5, $6, $7 FROM next`,
);

/** The identifiers of mail folders in PostgreSQL. */
export class PostgresMailFolderStore implements MailFolderStore {
  constructor(private readonly pool: Pool) {}

  load(s: Scope): Promise<StoredFolder[]> {
    return load(this.pool, s.account);
  }

  /** Looks without a lock first: nearly always nothing is to be done. */
  async reconcile(s: Scope, plan: (stored: readonly StoredFolder[]) => FolderPlan): Promise<StoredFolder[]> {
    const stored = await this.load(s);
    if (isEmpty(plan(stored))) return stored;
    return transaction(this.pool, async (client) => {
      await row(client, LOCK_ACCOUNT, [s.account]);
      await carryOut(client, s.account, plan(await load(client, s.account)));
      return load(client, s.account);
    });
  }
}

async function load(db: Pool | PoolClient, account: Id): Promise<StoredFolder[]> {
  return (await rows<FolderRow>(db, LOAD, [account])).map((found) => ({
    id: String(found.id),
    path: found.path,
    delimiter: found.delimiter === '' ? null : found.delimiter,
    role: found.role,
    selectable: found.selectable,
    uidValidity: found.uid_validity,
    objectId: found.object_id,
  }));
}

async function carryOut(client: PoolClient, account: Id, plan: FolderPlan): Promise<void> {
  if (plan.remove.length > 0) await rows(client, REMOVE, [account, plan.remove]);
  if (plan.update.length > 0) await rows(client, PARK, [account, plan.update.map((folder) => folder.id)]);
  for (const folder of plan.update) await rows(client, UPDATE, [account, folder.id, ...facts(folder)]);
  for (const folder of plan.create) await rows(client, CREATE, [account, ...facts(folder)]);
}

function facts(folder: FolderFacts): unknown[] {
  return [folder.path, folder.delimiter ?? '', folder.role, folder.selectable, folder.uidValidity, folder.objectId];
}

function isEmpty(plan: FolderPlan): boolean {
  return plan.create.length + plan.update.length + plan.remove.length === 0;
}
