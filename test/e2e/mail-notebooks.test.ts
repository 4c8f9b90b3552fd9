import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Dovecot } from '../../src/demo/dovecot.js';
import type { MailFolder } from '../../src/domain/mail/model.js';
import { noteNumber } from '../../src/domain/mail/note-index.js';
import { fromJournal, toJournal } from '../../src/domain/mail/note-text.js';
import { Notebooks, noteMessageId } from '../../src/domain/mail/notebooks.js';
import type { Mail } from '../../src/domain/mail/service.js';
import type { Session } from '../../src/domain/types.js';
import { PASSWORD, startTestDovecot } from '../support/dovecot.js';
import { mailSession, testBackend, testMail } from '../support/mail-user.js';

let dovecot: Dovecot;
before(async () => {
  dovecot = await startTestDovecot();
});

const CLOCK = { now: () => new Date('2026-03-02T10:00:00Z') };
const NEVER = () => null;

/** A mailbox with a folder of notes, and a count of the messages that were read for each call. */
async function notesOf(user: string) {
  const s = mailSession(`${user}@example.test`, PASSWORD);
  const inner = testMail(testBackend(dovecot.url));
  const read = new Map<string, number>();
  const counted = new Set(['parts', 'summaries', 'bodies']);
  const mail = new Proxy(inner, {
    get: (target, name: keyof Mail) => {
      const method = (target[name] as (...all: unknown[]) => unknown).bind(target);
      if (!counted.has(name)) return method;
      return (...all: unknown[]) => {
        read.set(name, (read.get(name) ?? 0) + (all[2] as unknown[]).length);
        return method(...all);
      };
    },
  });
  const folder = await inner.createFolder(s, null, 'Notes');
  return { s, mail, folder, read, write: (n: number, text = `note ${n}`) => write(inner, s, folder, uuid(n), text) };
}

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

function write(mail: Mail, s: Session, folder: MailFolder, identifier: string, text: string) {
  const head = [
    `Subject: ${text}`,
    `X-Universally-Unique-Identifier: ${identifier}`,
    'X-Uniform-Type-Identifier: com.apple.mail-note',
    `Message-Id: <${Math.random()}@example.test>`,
    'Date: Fri, 06 Jan 2012 23:19:33 +0100',
    'Content-Type: text/html; charset=utf-8',
  ];
  return mail.append(s, folder, Buffer.from(`${head.join('\r\n')}\r\n\r\n${text}`), ['\\Seen']);
}

describe('notes in a mailbox', () => {
  test('what is read follows the change, not the mailbox, also in a process that knows nothing yet', async () => {
    const { s, mail, folder, read, write: put } = await notesOf('cost');
    for (let n = 1; n <= 110; n++) await put(n);
    const notebooks = new Notebooks(mail, CLOCK);
    const first = await notebooks.look(s, folder, null);
    assert.equal(first.index.size, 110);
    read.clear();
    assert.equal((await notebooks.look(s, folder, null)).index, first.index);
    assert.deepEqual(
      [...read],
      [['parts', 0]].filter(([, count]) => count),
      'nothing new: nothing read',
    );
    await put(7, 'note 7 again');
    await mail.remove(s, folder, [9]);
    for (const one of [notebooks, new Notebooks(mail, CLOCK)]) {
      read.clear();
      const { index } = await one.look(s, folder, first.point);
      assert.deepEqual([index.size, index.uidOf(noteNumber(uuid(7))), index.uidOf(noteNumber(uuid(9)))], [109, 111, undefined]);
      assert.deepEqual([...read], [['parts', 1]], 'one header');
    }
  });

  test('a folder of that name with other messages is mail, with both it is both, and empty it waits for notes', async () => {
    const { s, mail, folder, write: put } = await notesOf('kinds');
    const notebooks = new Notebooks(mail, CLOCK);
    const kinds = async () => {
      const found = await notebooks.among(s, await mail.folders(s), NEVER);
      return found.map(({ folder: { path }, holdsMail }) => [path, holdsMail]);
    };
    assert.deepEqual(await kinds(), [['Notes', false]]);
    const uid = await mail.append(s, folder, Buffer.from('Subject: mail\r\n\r\nmail\r\n'), []);
    assert.deepEqual(await kinds(), []);
    await put(1);
    assert.deepEqual(await kinds(), [['Notes', true]]);
    await mail.setFlags(s, folder, [uid as number], { add: ['\\Deleted'] });
    assert.deepEqual(await kinds(), [['Notes', false]], 'what is marked as deleted is gone');
    await mail.setFlags(s, folder, [uid as number], { remove: ['\\Deleted'] });
    assert.deepEqual(await kinds(), [['Notes', true]], 'and comes back');
    for (let n = 0; n < 120; n++) await mail.append(s, folder, Buffer.from(`Subject: mail ${n}\r\n\r\nmail\r\n`), []);
    const fresh = new Notebooks(mail, CLOCK);
    assert.equal((await fresh.look(s, folder, null)).index.size, 1, 'many messages are searched');
  });

  test('a folder that can not be looked at is what it was', async () => {
    const { s, mail, folder } = await notesOf('refused');
    const failing = new Proxy(mail, {
      get: (target, name: keyof Mail) =>
        name === 'mark' ? () => Promise.reject(new Error('refused')) : (target[name] as () => unknown).bind(target),
    });
    const notebooks = new Notebooks(failing, CLOCK);
    const folders = await mail.folders(s);
    assert.deepEqual(await notebooks.among(s, folders, NEVER), []);
    const was = { folder, holdsMail: true };
    assert.deepEqual(await notebooks.among(s, folders, () => was), [was]);
  });

  test('of two edits at once the first stays, and the other is told', async () => {
    const { s, mail, folder, write: put } = await notesOf('race');
    const uid = (await put(1, 'base')) as number;
    let between: (() => Promise<unknown>) | null = () => put(1, 'rival');
    const slow = new Proxy(mail, {
      get:
        (target, name: keyof Mail) =>
        async (...all: unknown[]) => {
          if (name === 'append' && between) {
            const rival = between;
            between = null;
            await rival();
          }
          return (target[name] as (...all: unknown[]) => unknown).apply(target, all);
        },
    });
    const notebooks = new Notebooks(slow, CLOCK);
    const note = await notebooks.one(s, folder, uid);
    assert.ok(note);
    const edit = (plain: string) => ({
      text: toJournal({
        ...fromJournal(note.text),
        html: undefined,
        plain,
        identifier: note.identifier,
        created: null,
        modified: CLOCK.now(),
      }),
      messageId: noteMessageId(s, 'phone', plain),
    });
    assert.equal(await notebooks.replace(s, folder, note, edit('mine'), []), null);
    const left = await new Notebooks(mail, CLOCK).look(s, folder, null);
    const stays = await notebooks.one(s, folder, left.index.uidOf(note.number) as number);
    assert.equal(fromJournal(stays?.text ?? '').plain, 'rival');
    between = () => put(1, 'second rival');
    assert.ok(stays);
    const won = await notebooks.replace(s, folder, stays, { ...edit('wins'), wins: true }, []);
    assert.equal(fromJournal(won?.text ?? '').plain, 'wins');
    assert.deepEqual(
      (await notebooks.look(s, folder, null)).index.formsOf(note.number).filter((form) => form !== uid),
      [won?.uid],
    );
  });

  test('UIDs given anew void nothing: numbers are made of identifiers', async () => {
    const { s, mail, folder, write: put } = await notesOf('anew');
    await put(1);
    const notebooks = new Notebooks(mail, CLOCK);
    const { point } = await notebooks.look(s, folder, null);
    const other = { ...point, mark: { ...point.mark, uidValidity: '1' } };
    const { index } = await new Notebooks(mail, CLOCK).look(s, folder, other);
    assert.equal(index.uidOf(noteNumber(uuid(1))), 1);
  });
});
