import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MessagePart, MessageSummary } from '../../../../src/domain/mail/model.js';
import { calendarPart, readInvitations } from '../../../../src/domain/scheduling/invitations.js';
import type { Session } from '../../../../src/domain/types.js';

/** A part by its type; `calendar:1.3` gives it a section. */
function part(name: string, children: readonly MessagePart[] = [], more: Partial<MessagePart> = {}): MessagePart {
  const [type = '', section = ''] = name.split(':');
  return {
    section,
    type,
    parameters: {},
    disposition: null,
    filename: null,
    contentId: null,
    contentLocation: null,
    encoding: 'base64',
    size: 100,
    children,
    ...more,
  };
}

const mail = (structure: MessagePart, uid = 1) => ({ uid, structure }) as unknown as MessageSummary;
const section = (structure: MessagePart) => calendarPart(mail(structure))?.section ?? null;

describe('where mail programs put an invitation', () => {
  const alternative = part('multipart/alternative', [part('text/plain:1.1'), part('text/html:1.2'), part('text/calendar:1.3')]);
  const CASES: readonly (readonly [string, MessagePart, string | null])[] = [
    ['Exchange: an alternative', alternative, '1.3'],
    ['Google: an alternative, and a file beside', part('multipart/mixed', [alternative, part('application/ics:2')]), '1.3'],
    ['a file before the alternative', part('multipart/mixed', [part('application/ics:1'), part('text/calendar:2')]), '2'],
    ['a file alone', part('multipart/mixed', [part('text/plain:1'), part('application/ics:2')]), '2'],
    ['nothing but a calendar', part('text/calendar:1'), '1'],
    ['Outlook with winmail.dat', part('multipart/mixed', [part('text/plain:1'), part('application/ms-tnef:2')]), null],
    ['forwarded as a message', part('multipart/mixed', [part('message/rfc822:1', [part('text/calendar:1.1')])]), null],
    ['too large', part('multipart/mixed', [part('text/calendar:1', [], { size: 2 << 20 })]), null],
    ['none', part('text/plain:1'), null],
  ];
  for (const [what, structure, found] of CASES) test(what, () => assert.equal(section(structure), found));

  test('nested without end: given up', () => {
    let deep = part('text/calendar:9');
    for (let level = 0; level < 50; level++) deep = part('multipart/mixed', [deep]);
    assert.equal(section(deep), null);
  });

  test('texts are decoded as they were encoded, by their own charset, and fetched at once', async () => {
    let calls = 0;
    const bodies: Readonly<Record<number, string>> = {
      1: Buffer.from('SUMMARY:Bürozeit').toString('base64'),
      2: 'SUMMARY:B=FCrozeit=\r\n',
    };
    const parts = async (_s: Session, _folder: unknown, wanted: readonly { uid: number }[]) => {
      calls++;
      return wanted.map(({ uid }) => ({ uid, bytes: Buffer.from(bodies[uid] ?? '') }));
    };
    const latin = { encoding: 'quoted-printable', parameters: { charset: 'iso-8859-1' } };
    const messages = [
      mail(part('text/calendar:1'), 1),
      mail(part('application/ics:1', [], latin), 2),
      mail(part('text/plain:1'), 3),
    ];
    const folder = {} as Parameters<typeof readInvitations>[2];
    const texts = await readInvitations(
      { parts } as unknown as Parameters<typeof readInvitations>[0],
      {} as Session,
      folder,
      messages,
    );
    assert.deepEqual(
      [...texts],
      [
        [1, 'SUMMARY:Bürozeit'],
        [2, 'SUMMARY:Bürozeit'],
      ],
    );
    assert.equal(calls, 1);
  });
});
