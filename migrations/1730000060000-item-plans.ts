import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Has look-ups of items use the index made for them, whoever asks. Most collections are small, so a plan for any of them
 * took reading a whole one for as good as looking up a hundred names: for the one account with 50,000 events it is not.
 * The planner is told to expect collections of some size, and the index of times, which held everything, answers questions
 * about times only. The figures count from the next ANALYZE on.
 */
export class ItemPlans1730000060000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE items ALTER account_id SET (n_distinct = -0.0001), ALTER collection_id SET (n_distinct = 1);
      DROP INDEX items_spans;
      CREATE INDEX items_spans ON items USING gist (account_id, collection_id, spans) WHERE spans IS NOT NULL;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE items ALTER account_id RESET (n_distinct), ALTER collection_id RESET (n_distinct);
      DROP INDEX items_spans;
      CREATE INDEX items_spans ON items USING gist (account_id, collection_id, spans);
    `);
  }
}
