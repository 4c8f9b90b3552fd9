import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which policy a device has acknowledged and how far it applies it, and which protocol versions it was last told of. */
export class DevicePolicies1730000031000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE devices
        ADD COLUMN policy text NOT NULL DEFAULT '',
        ADD COLUMN compliance text NOT NULL DEFAULT '',
        ADD COLUMN versions text NOT NULL DEFAULT ''
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE devices DROP COLUMN policy, DROP COLUMN compliance, DROP COLUMN versions');
  }
}
