import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Until when an operator wants to see what the programs of an account ask. */
export class AccountTraces1730000083000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE accounts ADD COLUMN trace_until timestamptz');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE accounts DROP COLUMN trace_until');
  }
}
