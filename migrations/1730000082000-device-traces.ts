import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Until when an operator wants to see what a device says and is told. */
export class DeviceTraces1730000082000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE devices ADD COLUMN trace_until timestamptz');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE devices DROP COLUMN trace_until');
  }
}
