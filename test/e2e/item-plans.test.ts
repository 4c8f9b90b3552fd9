import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import * as sql from '../../src/infra/db/pim-sql.js';
import { freshDatabase } from '../support/cluster.js';

const ACCOUNTS = 1_000;
const COLLECTIONS = 5;
const LARGE = 5_000;
const numbers = Array.from({ length: 100 }, (_, n) => 1 + n * 3);

/** Thousands of collections of two items, and one of many: plans that hold for any parameters must serve that one too. */
describe('plans of item look-ups', () => {
  const account = '00000000-0000-4000-8000-000000000001';
  let database: pg.Client;

  before(async () => {
    database = new pg.Client({ connectionString: await freshDatabase() });
    await database.connect();
    await database.query(`INSERT INTO accounts (id, address) VALUES ('${account}', 'large@example.test')`);
    await database.query(
      `INSERT INTO accounts (id, address) SELECT gen_random_uuid(), 'small' || n || '@example.test' FROM generate_series(1, ${ACCOUNTS}) n`,
    );
    await database.query(
      `INSERT INTO collections (account_id, id, kind, slug, name, components, epoch)
       SELECT a.id, n, 'calendar', 'c' || n, '', '{VEVENT}', 1 FROM accounts a, generate_series(1, ${COLLECTIONS}) n`,
    );
    await database.query(
      `INSERT INTO items (account_id, collection_id, id, name, uid, component, text, size, etag, seq, origin, spans)
       SELECT c.account_id, c.id, n, n || '.ics', 'uid-' || n, 'VEVENT', 'text', 4, 'tag', n, 'test',
         tstzmultirange(tstzrange(moment, moment + interval '1 hour'))
       FROM collections c
       CROSS JOIN LATERAL generate_series(1, CASE WHEN c.account_id = '${account}' AND c.id = 1 THEN ${LARGE} ELSE 2 END) n
       CROSS JOIN LATERAL (SELECT timestamptz '2026-01-01' + n * interval '7 hours' AS moment) m`,
    );
    await database.query('ANALYZE items');
    await database.query('SET plan_cache_mode = force_generic_plan');
  });

  after(() => database.end());

  const november = "'{[2026-11-01, 2026-12-01)}'";
  const cases: readonly [name: string, statement: { readonly text: string }, values: readonly string[], index: RegExp][] = [
    ['names', sql.ITEMS_BY_NAME, [`'{${numbers.map((n) => `${n}.ics`)}}'`], /items_account_id_collection_id_name_key/],
    ['ids', sql.ITEMS_BY_ID, [`'{${numbers}}'`], /items_pkey/],
    ['a UID', sql.ITEM_BY_UID, ["'uid-7'"], /items_account_id_collection_id_uid_key/],
    ['a name or a UID', sql.ITEM_BY_NAME_OR_UID, ["'7.ics'", "'uid-7'"], /_name_key[\s\S]*_uid_key/],
    ['a first listing', sql.LISTING, ['501'], /items_seq/],
    ['changes', sql.CHANGES, ['501', '4990'], /items_seq/],
    ['briefs', sql.BRIEFS, ['0', '1000'], /items_pkey/],
    ['a time', sql.SEARCH_SPANS, ["'VEVENT'", 'NULL', november, '0'], /items_spans/],
    ['a time, with texts', sql.SEARCH_SPANS_NEAR, ["'VEVENT'", 'NULL', november, '0', '500', '1048576'], /items_spans/],
  ];

  for (const [name, statement, values, index] of cases) {
    it(`${name}: by the index made for it`, async () => {
      await database.query(`PREPARE look_up AS ${statement.text}`);
      const given = [`'${account}'`, '1', ...values].join(', ');
      const { rows } = await database.query<{ 'QUERY PLAN': string }>(`EXPLAIN (COSTS OFF) EXECUTE look_up(${given})`);
      await database.query('DEALLOCATE look_up');
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      assert.match(plan, index);
      assert.doesNotMatch(plan, /Seq Scan/);
    });
  }
});
