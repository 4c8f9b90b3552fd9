import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a room lets itself be booked for; an empty object: the defaults of domain/itip/room-rules. */
export class RoomRules1730000086000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query("ALTER TABLE accounts ADD COLUMN booking jsonb NOT NULL DEFAULT '{}'");
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE accounts DROP COLUMN booking');
  }
}
