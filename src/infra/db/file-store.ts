import { createHash, randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { DomainError } from '../../domain/errors.js';
import type { FileHead, Files } from '../../domain/files/model.js';
import type { Id, Session } from '../../domain/types.js';
import { row, rows, type Statement, transaction } from './sql.js';

interface FileRow {
  path: string;
  is_folder: boolean;
  size: number;
  type: string;
  etag: string;
  created_at: Date;
  modified_at: Date;
  properties: Record<string, string>;
}

const MEGABYTE = 1024 * 1024;
const MAX_FILE_BYTES = 16 * MEGABYTE;
const MAX_ACCOUNT_BYTES = 256 * MEGABYTE;
const MAX_ENTRIES = 10_000;
const MAX_PATH_BYTES = 1_000;

const COLUMNS = 'path, is_folder, size, type, etag, created_at, modified_at, properties';

const statement = (name: string, text: string): Statement => ({ name, text });

const HEAD = statement('file', `SELECT ${COLUMNS} FROM files WHERE account_id = $1 AND path = $2`);

/** $2 is the folder with a slash at its end, empty for the whole area. */
const DEEP = statement(
  'files_below',
  `SELECT ${COLUMNS} FROM files WHERE account_id = $1 AND starts_with(path, $2) ORDER BY path`,
);

const MEMBERS = statement(
  'file_members',
  `SELECT ${COLUMNS} FROM files WHERE account_id = $1 AND starts_with(path, $2)
   AND strpos(substr(path, length($2) + 1), '/') = 0 ORDER BY path`,
);

const CONTENT = statement('file_content', 'SELECT content FROM files WHERE account_id = $1 AND path = $2 AND NOT is_folder');

const WRITE = statement(
  'write_file',
  `INSERT INTO files AS f (account_id, path, is_folder, content, size, type, etag) VALUES ($1, $2, $3, $4, $5, $6, $7)
   ON CONFLICT (account_id, path) DO UPDATE SET content = $4, size = $5, type = $6, etag = $7, modified_at = now()
   RETURNING ${COLUMNS}`,
);

const REMOVE = statement(
  'remove_files',
  `DELETE FROM files WHERE account_id = $1 AND (path = $2 OR starts_with(path, $2 || '/')) RETURNING path`,
);

const MOVE = statement(
  'move_files',
  `UPDATE files SET path = $3 || substr(path, length($2) + 1)
   WHERE account_id = $1 AND (path = $2 OR starts_with(path, $2 || '/'))`,
);

const COPY = statement(
  'copy_files',
  `INSERT INTO files (account_id, path, is_folder, content, size, type, etag, properties)
   SELECT account_id, $3 || substr(path, length($2) + 1), is_folder, content, size, type, etag, properties FROM files
   WHERE account_id = $1 AND (path = $2 OR ($4 AND starts_with(path, $2 || '/')))`,
);

const PROPERTIES = statement(
  'file_properties',
  `UPDATE files SET properties = (properties || $3::jsonb) - $4::text[] WHERE account_id = $1 AND path = $2 RETURNING path`,
);

const USAGE = statement(
  'file_usage',
  'SELECT coalesce(sum(size), 0)::bigint AS used, count(*)::integer AS entries FROM files WHERE account_id = $1',
);

/** Writers of one account's files come one after the other, so that no parent vanishes beneath a child. */
const SERIALISE = statement('serialise_files', 'SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE');

/** Plain files in PostgreSQL. */
export class PostgresFiles implements Files {
  constructor(private readonly pool: Pool) {}

  async head(s: Session, path: string): Promise<FileHead | null> {
    return path === '' ? ROOT : find(this.pool, s.account, path);
  }

  async members(s: Session, path: string, deep: boolean): Promise<FileHead[]> {
    const prefix = path === '' ? '' : `${path}/`;
    return (await rows<FileRow>(this.pool, deep ? DEEP : MEMBERS, [s.account, prefix])).map(toHead);
  }

  async read(s: Session, path: string): Promise<Buffer> {
    const found = await row<{ content: Buffer }>(this.pool, CONTENT, [s.account, path]);
    if (!found) throw new DomainError('not-found', 'no such file');
    return found.content;
  }

  async write(s: Session, path: string, content: Uint8Array, type: string): Promise<{ file: FileHead; created: boolean }> {
    if (content.byteLength > MAX_FILE_BYTES) throw new DomainError('too-large', 'the file is too large');
    return this.serialised(s, async (client) => {
      const current = await find(client, s.account, path);
      if (current?.isFolder) throw new DomainError('conflict', 'a folder is there');
      await makeRoom(client, s.account, path, content.byteLength - (current?.size ?? 0));
      const etag = createHash('sha256').update(content).digest('base64url').slice(0, 22);
      const values = [s.account, path, false, Buffer.from(content), content.byteLength, type, etag];
      return { file: toHead((await row<FileRow>(client, WRITE, values)) as FileRow), created: current === null };
    });
  }

  createFolder(s: Session, path: string): Promise<FileHead> {
    return this.serialised(s, async (client) => {
      if (path === '' || (await find(client, s.account, path))) throw new DomainError('precondition-failed', 'it exists');
      await makeRoom(client, s.account, path, 0);
      const values = [s.account, path, true, null, 0, 'httpd/unix-directory', randomUUID()];
      return toHead((await row<FileRow>(client, WRITE, values)) as FileRow);
    });
  }

  remove(s: Session, path: string): Promise<void> {
    return this.serialised(s, async (client) => {
      if ((await rows(client, REMOVE, [s.account, path])).length === 0) throw new DomainError('not-found', 'no such file');
    });
  }

  async transfer(
    s: Session,
    from: string,
    to: string,
    options: { readonly copy: boolean; readonly overwrite: boolean; readonly shallow: boolean },
  ): Promise<boolean> {
    if (to === from || from === '' || to === '' || to.startsWith(`${from}/`)) throw new DomainError('forbidden', 'into itself');
    return this.serialised(s, async (client) => {
      const source = await find(client, s.account, from);
      if (!source) throw new DomainError('not-found', 'no such file');
      const target = await find(client, s.account, to);
      if (target && !options.overwrite) throw new DomainError('precondition-failed', 'the destination exists');
      if (from.startsWith(`${to}/`)) throw new DomainError('forbidden', 'the destination holds the source');
      if (target) await rows(client, REMOVE, [s.account, to]);
      await makeRoom(client, s.account, to, 0);
      if (options.copy) await rows(client, COPY, [s.account, from, to, !options.shallow]);
      else await rows(client, MOVE, [s.account, from, to]);
      checkQuota(await usage(client, s.account));
      return target === null;
    });
  }

  async setProperties(s: Session, path: string, changes: Readonly<Record<string, string | null>>): Promise<void> {
    const set = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== null));
    const removed = Object.keys(changes).filter((name) => changes[name] === null);
    const found = await row(this.pool, PROPERTIES, [s.account, path, JSON.stringify(set), removed]);
    if (!found) throw new DomainError('not-found', 'no such file');
  }

  async quota(s: Session): Promise<{ used: number; available: number }> {
    const { used } = await usage(this.pool, s.account);
    return { used, available: Math.max(0, MAX_ACCOUNT_BYTES - used) };
  }

  private serialised<T>(s: Session, work: (client: PoolClient) => Promise<T>): Promise<T> {
    return transaction(this.pool, async (client) => {
      await row(client, SERIALISE, [s.account]);
      return work(client);
    });
  }
}

/** The area itself is always there and has no row. */
const ROOT: FileHead = {
  path: '',
  isFolder: true,
  size: 0,
  type: 'httpd/unix-directory',
  etag: 'root',
  created: new Date(0),
  modified: new Date(0),
  properties: {},
};

async function find(db: Pool | PoolClient, account: Id, path: string): Promise<FileHead | null> {
  const found = await row<FileRow>(db, HEAD, [account, path]);
  return found ? toHead(found) : null;
}

/** Checks that the folder above exists and that `bytes` more fit. */
async function makeRoom(client: PoolClient, account: Id, path: string, bytes: number): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw new DomainError('invalid', 'the path is too long');
  const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
  if (parent !== '' && !(await find(client, account, parent))?.isFolder) throw new DomainError('conflict', 'no folder there');
  const { used, entries } = await usage(client, account);
  checkQuota({ used: used + bytes, entries: entries + 1 });
}

function checkQuota({ used, entries }: { used: number; entries: number }): void {
  if (used > MAX_ACCOUNT_BYTES || entries > MAX_ENTRIES) {
    throw new DomainError('too-large', 'no room left', { reason: 'quota-not-exceeded' });
  }
}

async function usage(db: Pool | PoolClient, account: Id): Promise<{ used: number; entries: number }> {
  const found = await row<{ used: string; entries: number }>(db, USAGE, [account]);
  return { used: Number(found?.used ?? 0), entries: found?.entries ?? 0 };
}

function toHead(found: FileRow): FileHead {
  return {
    path: found.path,
    isFolder: found.is_folder,
    size: found.size,
    type: found.type,
    etag: found.etag,
    created: found.created_at,
    modified: found.modified_at,
    properties: found.properties,
  };
}
