import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { Attachment, AttachmentDraft, AttachmentLink, AttachmentStore } from '../../domain/attachments/model.js';
import { idsIn } from '../../domain/attachments/text.js';
import { DomainError } from '../../domain/errors.js';
import type { Place } from '../../domain/pim/store.js';
import type { Id } from '../../domain/types.js';
import { row, rows, type Statement, transaction } from './sql.js';

const statement = (name: string, text: string): Statement => ({ name, text });

/** Bytes of one row of content. */
const PART = 256 * 1024;

const CREATE = statement(
  'create_attachment',
  'INSERT INTO attachments (account_id, id, name, type, size) VALUES ($1, $2, $3, $4, 0)',
);
const ADD_PART = statement(
  'add_attachment_part',
  'INSERT INTO attachment_parts (account_id, attachment_id, part, content) VALUES ($1, $2, $3, $4)',
);
const SET_SIZE = statement('set_attachment_size', 'UPDATE attachments SET size = $3 WHERE account_id = $1 AND id = $2');

const FIND = statement(
  'attachment',
  'SELECT account_id AS account, id, name, type, size FROM attachments WHERE account_id = $1 AND id = $2',
);
const KNOWN = statement('known_attachments', 'SELECT id FROM attachments WHERE account_id = $1 AND id = ANY($2::uuid[])');
const PART_OF = statement(
  'attachment_part',
  'SELECT content FROM attachment_parts WHERE account_id = $1 AND attachment_id = $2 AND part = $3',
);
const LINKS = statement(
  'attachment_links',
  `SELECT account_id AS account, collection_id::text AS collection, item_id::text AS item FROM attachment_links
   WHERE account_id = ANY($1::uuid[]) AND attachment_id = $2 LIMIT 1000`,
);

/** What some item names, and what nobody names yet but came within the last hour. */
const USAGE = statement(
  'attachment_usage',
  `SELECT coalesce(sum(size), 0)::float8 AS used FROM attachments a WHERE account_id = $1 AND (touched_at > now() - interval '1 hour'
   OR EXISTS (SELECT 1 FROM attachment_links l WHERE l.account_id = a.account_id AND l.attachment_id = a.id))`,
);
/** Forgets what no item has named since a moment. */
export const PURGE_ATTACHMENTS = statement(
  'purge_attachments',
  `DELETE FROM attachments a WHERE touched_at < $1
   AND NOT EXISTS (SELECT 1 FROM attachment_links l WHERE l.account_id = a.account_id AND l.attachment_id = a.id) RETURNING 1 AS purged`,
);

const UNLINK = statement(
  'unlink_attachments',
  'DELETE FROM attachment_links WHERE account_id = $1 AND collection_id = $2 AND item_id = $3',
);
const LINK = statement(
  'link_attachments',
  `INSERT INTO attachment_links (account_id, collection_id, item_id, attachment_id)
   SELECT $1, $2, $3, * FROM unnest($4::uuid[]) ON CONFLICT DO NOTHING`,
);
const TOUCH = statement(
  'touch_attachments',
  'UPDATE attachments SET touched_at = now() WHERE account_id = $1 AND id = ANY($2::uuid[])',
);

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Most attachments that one item links: texts may name more, which then can't be fetched. */
const MAX_LINKS = 1_000;

/**
 * Keeps the links of an item after a change of its text, in the transaction of that change. What was or is named is touched:
 * it stays for as long as the earlier text can be brought back.
 */
export async function relink(client: PoolClient, place: Place, item: Id, before: string, after: string): Promise<void> {
  const [old, now] = [before, after].map((text) =>
    idsIn(text)
      .filter((id) => UUID.test(id))
      .slice(0, MAX_LINKS),
  ) as [Id[], Id[]];
  if (old.length === 0 && now.length === 0) return;
  const key = [place.account, place.collection, item];
  if (old.length > 0) await row(client, UNLINK, key);
  if (now.length > 0) await row(client, LINK, [...key, now]);
  await row(client, TOUCH, [place.account, [...new Set([...old, ...now])]]);
}

/** Attachments in PostgreSQL, in pieces. */
export class PostgresAttachments implements AttachmentStore {
  constructor(private readonly pool: Pool) {}

  async create(
    account: Id,
    { id: wanted, name, type, content }: AttachmentDraft,
    limits: { readonly size: number; readonly account: number },
  ): Promise<Attachment> {
    const made = wanted === undefined ? null : await this.find(account, wanted);
    if (made) return made;
    return transaction(this.pool, async (client) => {
      const id = wanted ?? randomUUID();
      const used = (await row<{ used: number }>(client, USAGE, [account]))?.used ?? 0;
      await row(client, CREATE, [account, id, name, type]);
      let size = 0;
      let part = 0;
      for await (const piece of pieces(content)) {
        size += piece.length;
        if (size > limits.size) throw tooLarge('max-attachment-size');
        if (used + size > limits.account) throw tooLarge('quota-not-exceeded');
        await row(client, ADD_PART, [account, id, part, piece]);
        part += 1;
      }
      await row(client, SET_SIZE, [account, id, size]);
      return { account, id, name, type, size };
    });
  }

  async find(account: Id, id: Id): Promise<Attachment | null> {
    return (await row<Attachment>(this.pool, FIND, [account, id])) ?? null;
  }

  async known(account: Id, ids: readonly Id[]): Promise<ReadonlySet<Id>> {
    return new Set((await rows<{ id: Id }>(this.pool, KNOWN, [account, ids])).map(({ id }) => id));
  }

  async *content({ account, id }: Attachment): AsyncIterable<Buffer> {
    for (let part = 0; ; part += 1) {
      const found = await row<{ content: Buffer }>(this.pool, PART_OF, [account, id, part]);
      if (!found) return;
      yield found.content;
    }
  }

  links(accounts: readonly Id[], id: Id): Promise<readonly AttachmentLink[]> {
    return rows<AttachmentLink>(this.pool, LINKS, [accounts, id]);
  }
}

function tooLarge(reason: 'max-attachment-size' | 'quota-not-exceeded'): DomainError {
  return new DomainError('too-large', 'the attachment is too large', { reason });
}

async function* pieces(content: AttachmentDraft['content']): AsyncIterable<Buffer> {
  for await (const chunk of content instanceof Uint8Array ? [content] : content) {
    for (let at = 0; at < chunk.byteLength; at += PART) yield Buffer.from(chunk.subarray(at, at + PART));
  }
}
