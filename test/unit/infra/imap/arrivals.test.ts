import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ImapClient } from '../../../../src/infra/imap/client.js';
import { onlyArrivals } from '../../../../src/infra/imap/strategies/arrivals.js';

interface Message {
  readonly uid: number;
  readonly modseq: bigint;
}

/** A connection to a mailbox that holds these messages from UID 100 on; remembers what it was asked. */
function connection(messages: readonly Message[], selected = 'INBOX') {
  const asked: string[] = [];
  const client = {
    selected,
    select: async (path: string) => void asked.push(`select ${path}`),
    fetch: async (range: string, _query: unknown, _options: unknown, sink: (message: object) => void) => {
      asked.push(range);
      for (const { uid, modseq } of messages) sink({ uid, modseq, flags: new Set(['\\Seen']) });
    },
  };
  return { client: client as unknown as ImapClient, asked };
}

const FROM = { uidValidity: '1', uidNext: 100, messages: 50, modseq: '7' };
const after = (messages: number, uidNext: number, modseq: string) => ({ uidValidity: '1', uidNext, messages, modseq });

describe('new messages and nothing else', () => {
  it('are proved by UIDs and mod-sequences without gaps', async () => {
    const { client, asked } = connection([
      { uid: 100, modseq: 8n },
      { uid: 101, modseq: 9n },
    ]);
    assert.deepEqual(await onlyArrivals(client, 'INBOX', FROM, after(52, 102, '9')), [
      { uid: 100, flags: ['\\Seen'] },
      { uid: 101, flags: ['\\Seen'] },
    ]);
    assert.deepEqual(asked, ['100:101']);
  });

  it('may share a mod-sequence, and other mailboxes are selected first', async () => {
    const batch = [
      { uid: 100, modseq: 8n },
      { uid: 101, modseq: 8n },
    ];
    const { client, asked } = connection(batch, 'Sent');
    assert.equal((await onlyArrivals(client, 'INBOX', FROM, after(52, 102, '8')))?.length, 2);
    assert.deepEqual(asked, ['select INBOX', '100:101']);
  });

  const doubtful: [string, readonly Message[], ReturnType<typeof after>][] = [
    ['a mod-sequence that no new message has: flags changed', [{ uid: 100, modseq: 9n }], after(51, 101, '9')],
    ['a new message that changed again after the look', [{ uid: 100, modseq: 9n }], after(51, 101, '8')],
    ['an old message expunged', [{ uid: 100, modseq: 8n }], after(50, 101, '9')],
    ['two new, one old gone', [{ uid: 100, modseq: 8n }, { uid: 101, modseq: 9n }], after(51, 102, '10')],
    ['a new message that the connection does not see yet', [], after(51, 101, '8')],
    ['a message that came after the look', [{ uid: 101, modseq: 8n }], after(51, 101, '8')],
    ['gaps between mod-sequences', [{ uid: 100, modseq: 80n }], after(51, 101, '80')],
    ['no new message', [], after(50, 100, '8')],
  ]; // biome-ignore format: a table
  for (const [why, messages, now] of doubtful) {
    it(`are not believed: ${why}`, async () => {
      assert.equal(await onlyArrivals(connection(messages).client, 'INBOX', FROM, now), null);
    });
  }
});
