import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DomainError } from '../../../../src/domain/errors.js';
import type { MailFolder } from '../../../../src/domain/mail/model.js';
import { RoomMail } from '../../../../src/domain/scheduling/room-mail.js';
import type { Account, Logger, Session } from '../../../../src/domain/types.js';

const room = (name: string): Account => ({
  id: name,
  address: `${name}@example.org`,
  aliases: [],
  displayName: '',
  zone: 'UTC',
  kind: 'room',
});
const INBOX: MailFolder = { id: '7', parent: null, name: 'INBOX', path: 'INBOX', role: 'inbox', selectable: true };

/** A gateway's parts around rooms, remembering what was asked of them. */
function around(user: string, rooms: readonly Account[], closed: ReadonlySet<string> = new Set()) {
  const seen = { logins: [] as string[], watched: [] as string[], ended: [] as string[], looked: [] as string[], warned: 0 };
  const log: Logger = { debug: () => {}, info: () => {}, warn: () => void seen.warned++, error: () => {} };
  const mail = new RoomMail({
    store: { rooms: async () => rooms },
    mail: {
      folders: async (s: Session) => {
        seen.logins.push(s.credentials?.username ?? '');
        if (closed.has(s.account)) throw new DomainError('unauthenticated', 'no');
        return [INBOX];
      },
    },
    login: { user, password: 'secret' },
    watch: (s, folders) => {
      seen.watched.push(`${s.account} ${folders}`);
      return () => void seen.ended.push(s.account);
    },
    look: (s) => void seen.looked.push(s.account),
    log,
  });
  return { mail, seen };
}

describe('mailboxes of rooms', () => {
  test('are opened by the master user, each watched and looked through once', async () => {
    const { mail, seen } = around('{address}*gateway', [room('hall'), room('den')]);
    await mail.start();
    await mail.stop();
    assert.deepEqual(seen.logins.sort(), ['den@example.org*gateway', 'hall@example.org*gateway']);
    assert.deepEqual(
      [seen.watched.sort(), seen.looked.sort()],
      [
        ['den 7', 'hall 7'],
        ['den', 'hall'],
      ],
    );
    assert.deepEqual(seen.ended.sort(), ['den', 'hall'], 'and let go at the end');
    assert.equal(mail.sessionOf('hall')?.user.address, 'hall@example.org');
    assert.equal(mail.sessionOf('ann'), null);
  });

  test('are looked at a few times more while their watches begin, then seldom; rooms that are none any more are let go', async () => {
    const rooms = [room('hall'), room('den')];
    const { mail, seen } = around('{address}*gateway', rooms);
    for (let round = 0; round < 9; round++) await mail.start();
    assert.deepEqual([seen.watched.length, seen.looked.length], [2, 6]);
    rooms.pop();
    await mail.start();
    assert.deepEqual([seen.ended, mail.sessionOf('den')], [['den'], null]);
    await mail.stop();
  });

  test('may be one for all: it is looked through for each room, and not watched', async () => {
    const { mail, seen } = around('rooms@example.org', [room('hall'), room('den')]);
    await mail.start();
    await mail.stop();
    assert.deepEqual([seen.logins, seen.watched, seen.looked.sort()], [[], [], ['den', 'hall']]);
    assert.equal(mail.sessionOf('den')?.credentials?.username, 'rooms@example.org');
  });

  test('one that can’t be opened is told of, and keeps no other from being served', async () => {
    const { mail, seen } = around('{address}*gateway', [room('locked'), room('hall')], new Set(['locked']));
    await mail.start();
    await mail.stop();
    assert.deepEqual([seen.watched, seen.looked, seen.warned], [['hall 7'], ['hall'], 1]);
  });
});
