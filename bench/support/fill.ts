import type pg from 'pg';
import { PimService } from '../../src/domain/pim/pim.js';
import type { Session } from '../../src/domain/types.js';
import { PostgresAccountStore } from '../../src/infra/db/account-store.js';
import { openDatabase, poolOf } from '../../src/infra/db/data-source.js';
import { PostgresPimStore } from '../../src/infra/db/pim-store.js';
import { type CollectionKind, objectName, objectText } from './data.js';

/** So many go through the gateway's own service; more are copies of them, made in the table. */
const PUTS = 5_000;

/** Fills a collection of the gateway past the network; the collection is there and empty. */
export async function fillGateway(
  databaseUrl: string,
  user: string,
  { kind, slug }: { readonly kind: CollectionKind; readonly slug: string },
  count: number,
  text: (n: number) => string = (n) => objectText(kind, n),
): Promise<void> {
  const source = await openDatabase(databaseUrl, { poolSize: 2 });
  try {
    const account = await new PostgresAccountStore(source).byAddress(user);
    if (!account) throw new Error(`no account of ${user}`);
    const s: Session = { account: account.id, origin: 'bench', user: account };
    const pim = new PimService(new PostgresPimStore(poolOf(source)), { publish: () => undefined }, { now: () => new Date() });
    const collection = (await pim.collections(s)).find((found) => found.slug === slug);
    if (!collection) throw new Error(`no collection ${slug}`);
    const base = count > PUTS ? Math.min(1_000, count) : count;
    for (let n = 0; n < base; n++) await pim.put(s, collection, { name: objectName(kind, n), text: text(n) });
    if (count > base) await multiplyGateway(source, account.id, Number(collection.id), base, count);
    await source.query('VACUUM ANALYZE items');
  } finally {
    await source.destroy();
  }
}

/** Copies of the first `base` items under further names and UIDs, as if they had been put one after the other. */
async function multiplyGateway(
  database: { query(sql: string, values: unknown[]): Promise<unknown> },
  account: string,
  collection: number,
  base: number,
  count: number,
): Promise<void> {
  const number = `(split_part(name, '.', 1)::integer + copy * $3)`;
  const uid = `'bench-' || ${number} || '@example.test'`;
  await database.query(
    `INSERT INTO items (account_id, collection_id, id, name, uid, component, text, size, etag, seq, origin, spans, exact, alarms)
     SELECT account_id, collection_id, id + copy * $3, ${number} || '.' || split_part(name, '.', 2), ${uid}, component,
       replace(text, 'UID:' || uid, 'UID:' || ${uid}), size, md5(etag || copy), id + copy * $3, origin, spans, exact, alarms
     FROM items, generate_series(1, ($4::integer - 1) / $3) AS copy
     WHERE account_id = $1 AND collection_id = $2 AND id <= $3 AND id + copy * $3 <= $4`,
    [account, collection, base, count],
  );
  await database.query('UPDATE collections SET seq = $3 WHERE account_id = $1 AND id = $2', [account, collection, count]);
}

/** The same in SOGo's two tables of a folder. */
export async function multiplySogo(
  database: pg.Client,
  user: string,
  folder: string,
  base: number,
  count: number,
): Promise<void> {
  const { rows } = await database.query<{ c_location: string }>(
    'SELECT c_location FROM sogo_folder_info WHERE c_path2 = $1 AND c_path4 = $2',
    [user, folder],
  );
  const content = rows[0]?.c_location.split('/').at(-1);
  if (!content || !/^\w+$/.test(content)) throw new Error(`SOGo has no table of ${folder}`);
  const number = `(split_part(c_name, '.', 1)::integer + copy * ${base})`;
  const uid = `'bench-' || ${number} || '@example.test'`;
  const own = `'bench-' || split_part(c_name, '.', 1) || '@example.test'`;
  const made: Readonly<Record<string, string>> = {
    c_name: `${number} || '.' || split_part(c_name, '.', 2)`,
    c_uid: uid,
    c_content: `replace(c_content, 'UID:' || ${own}, 'UID:' || ${uid})`,
  };
  for (const table of [content, `${content}_quick`]) {
    const { fields } = await database.query(`SELECT * FROM ${table} LIMIT 0`);
    const columns = fields.map(({ name }) => name);
    await database.query(
      `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${columns.map((name) => made[name] ?? name).join(', ')}
       FROM ${table}, generate_series(1, ${Math.ceil(count / base) - 1}) AS copy WHERE ${number} < ${count}`,
    );
    await database.query(`VACUUM ANALYZE ${table}`);
  }
}
