import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Pool } from 'pg';
import { DataSource, type MigrationInterface } from 'typeorm';
import { entities } from './entities.js';

type MigrationClass = new () => MigrationInterface;

/** Key of the advisory lock that lets only one process migrate at a time. */
const MIGRATION_LOCK = 7_316_002;

/** Opens a pool of connections. `poolSize` bounds what one process takes of the server. */
export async function openDatabase(url: string, options: { readonly poolSize?: number } = {}): Promise<DataSource> {
  const source = new DataSource({
    type: 'postgres',
    url,
    entities,
    migrations: await migrationClasses(),
    migrationsTableName: 'migrations',
    poolSize: options.poolSize ?? 10,
    applicationName: 'gateway',
    extra: { connectionTimeoutMillis: 10_000, idleTimeoutMillis: 60_000, keepAlive: true },
  });
  await source.initialize();
  poolOf(source).on('error', () => undefined); // an idle connection that breaks is replaced at its next use
  return source;
}

/** The pg pool below TypeORM: hot queries go straight to it as named statements. */
export function poolOf(source: DataSource): Pool {
  return (source.driver as unknown as { master: Pool }).master;
}

/** Brings the schema up to date; several processes may call it at once. */
export async function migrate(source: DataSource): Promise<void> {
  const lock = source.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await source.runMigrations({ transaction: 'each' });
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    await lock.release();
  }
}

/** Whether every migration of this version has run. */
export async function isMigrated(source: DataSource): Promise<boolean> {
  return !(await source.showMigrations());
}

async function migrationClasses(): Promise<MigrationClass[]> {
  const folder = path.join(import.meta.dirname, '../../../migrations');
  const files = (await readdir(folder)).filter((file) => file.endsWith('.js')).sort();
  const modules = await Promise.all(files.map((file) => import(pathToFileURL(path.join(folder, file)).href)));
  return modules.flatMap((module) => Object.values(module) as MigrationClass[]);
}
