import { IdRanges } from '../../../formats/ranges.js';
import { EVERYTHING } from './filter.js';
import { type ClientCommand, SYNC } from './request.js';
import type { AppliedReply, Delta, ItemSource, Rendered, Window } from './source.js';

/** A folder that devices expect and the mailbox does not have (Outbox), or one that only holds others: always empty. */
export class NoSource implements ItemSource {
  readonly className = 'Email';
  readonly filters = new Set([0, 1, 2, 3, 4, 5]);

  window(): Window {
    return EVERYTHING;
  }

  async head(): Promise<unknown> {
    return 'empty';
  }

  async list(): Promise<IdRanges> {
    return IdRanges.empty;
  }

  async since(): Promise<Delta> {
    return { point: 'empty', reset: false, gone: IdRanges.empty, changed: [], fresh: [], looked: 0 };
  }

  async inside(): Promise<Iterable<number>> {
    return [];
  }

  async *render(): AsyncGenerator<Rendered> {}

  async apply(commands: readonly ClientCommand[]): Promise<readonly AppliedReply[]> {
    const status = { Add: SYNC.Malformed, Change: SYNC.NotFound, Fetch: SYNC.NotFound, Delete: SYNC.Success };
    return commands.map((command) => ({ status: status[command.kind] }));
  }

  settle(): void {}
}
