import { EntitySchema } from 'typeorm';
import type { Account } from '../../domain/types.js';

/**
 * Tables that administration reads and writes through repositories. Hot tables (items, sync states) are reached by SQL
 * alone: a repository costs 2.5 times the CPU of a named statement for a read by key.
 */
export const AccountEntity = new EntitySchema<Account & { createdAt: Date }>({
  name: 'accounts',
  columns: {
    id: { type: 'uuid', primary: true },
    address: { type: 'text', unique: true },
    aliases: { type: 'text', array: true },
    displayName: { name: 'display_name', type: 'text' },
    zone: { type: 'text' },
    kind: { type: 'text', default: 'individual' },
    booking: { type: 'jsonb', default: {} },
    traceUntil: { name: 'trace_until', type: 'timestamptz', nullable: true },
    createdAt: { name: 'created_at', type: 'timestamptz', createDate: true },
  },
});

export const entities = [AccountEntity];
