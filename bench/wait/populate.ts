import pg from 'pg';

/** Tables with rows of an account that has one phone; parents first. */
const TABLES = ['collections', 'mail_folders', 'devices', 'sync_states'] as const;

/**
 * Copies an account, with its folders, its phone and the phone's sync states, to further accounts that are named
 * `PREFIX0@example.test` and so on: ten thousand set-ups over HTTP would take an hour.
 */
export async function copyAccount(databaseUrl: string, address: string, prefix: string, count: number): Promise<void> {
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  try {
    const { rows } = await database.query<{ id: string }>('SELECT id FROM accounts WHERE address = $1', [address]);
    const original = rows[0]?.id;
    if (!original) throw new Error(`no account ${address}`);
    await database.query(
      'CREATE TEMP TABLE copies AS SELECT n, gen_random_uuid() AS id FROM generate_series(0, $1::integer - 1) AS n',
      [count],
    );
    await insert(
      database,
      'accounts',
      { id: 'copies.id', address: `'${prefix}' || copies.n || '@example.test'` },
      `id = '${original}'`,
    );
    for (const table of TABLES) {
      const own = await columnsWithAccount(database, table, original);
      await insert(database, table, { account_id: 'copies.id', ...own }, `account_id = '${original}'`);
    }
    await database.query('DROP TABLE copies');
    await database.query('ANALYZE');
  } finally {
    await database.end();
  }
}

/** JSON columns that may name the account. */
async function columnsWithAccount(database: pg.Client, table: string, original: string): Promise<Record<string, string>> {
  const { rows } = await database.query<{ name: string; type: string }>(
    `SELECT column_name AS name, data_type AS type FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name = $1 AND data_type IN ('json', 'jsonb')`,
    [table],
  );
  return Object.fromEntries(
    rows.map(({ name, type }) => [name, `replace(o.${name}::text, '${original}', copies.id::text)::${type}`]),
  );
}

async function insert(database: pg.Client, table: string, made: Readonly<Record<string, string>>, where: string): Promise<void> {
  const { rows } = await database.query<{ name: string }>(
    `SELECT column_name AS name FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'`,
    [table],
  );
  const columns = rows.map(({ name }) => name);
  await database.query(
    `INSERT INTO ${table} (${columns.join(', ')})
     SELECT ${columns.map((name) => made[name] ?? `o.${name}`).join(', ')} FROM ${table} o, copies WHERE o.${where}`,
  );
}
