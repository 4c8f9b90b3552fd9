import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import type { ImapFlow } from 'imapflow';
import PostalMime from 'postal-mime';
import { type EasPhone, LostAnswer, type PhoneFolder, type Tag, t } from '../support/eas-phone.js';
import { eventually, message, startWorld, type World } from '../support/eas-phone-world.js';

let world: World;
before(async () => {
  world = await startWorld();
});

interface AppleNote {
  readonly uid: number;
  readonly uuid: string;
  readonly subject: string;
  readonly html: string;
  readonly raw: string;
}

/** Keeps notes in a mailbox as Apple's apps do: an edit is a new message with the same identifier, then the old one goes. */
class AppleNotes {
  constructor(
    readonly imap: ImapFlow,
    readonly path = 'Notes',
  ) {}

  static async open(user: string, path = 'Notes'): Promise<AppleNotes> {
    const imap = await world.imap(user);
    await imap.mailboxCreate(path);
    return new AppleNotes(imap, path);
  }

  /** What the app shows: one note for each message that is there and not marked as deleted. */
  async notes(): Promise<AppleNote[]> {
    const lock = await this.imap.getMailboxLock(this.path);
    try {
      await this.imap.noop();
      const found: AppleNote[] = [];
      for await (const { uid, source, flags } of this.imap.fetch('1:*', { uid: true, source: true, flags: true })) {
        if (flags!.has('\\Deleted')) continue;
        const mail = await PostalMime.parse(source!);
        const header = (name: string) => mail.headers.find(({ key }) => key === name)?.value ?? '';
        if (header('x-uniform-type-identifier') !== 'com.apple.mail-note') continue;
        const uuid = header('x-universally-unique-identifier');
        found.push({ uid, uuid, subject: mail.subject ?? '', html: (mail.html ?? '').trim(), raw: source!.toString('latin1') });
      }
      return found;
    } finally {
      lock.release();
    }
  }

  async only(): Promise<AppleNote> {
    const notes = await this.notes();
    assert.equal(notes.length, 1, JSON.stringify(notes.map(({ subject }) => subject)));
    return notes[0]!;
  }

  async write(html: string, note: { uuid?: string; subject?: string; picture?: boolean } = {}): Promise<string> {
    const uuid = note.uuid ?? randomUUID().toUpperCase();
    const subject = note.subject ?? html.replace(/<.*$/s, '');
    const part = `Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n`;
    const picture = `Content-Type: image/png; name=p.png\r\nContent-Transfer-Encoding: base64\r\nContent-Id: <p1@x>\r\n\r\niVBORw0KGgo=\r\n`;
    const content = note.picture
      ? `Content-Type: multipart/related; boundary=apple\r\n\r\n--apple\r\n${part}\r\n${html}<object data="cid:p1@x"></object>\r\n--apple\r\n${picture}--apple--\r\n`
      : `${part}\r\n${html}`;
    const head = [
      `Subject: ${subject}`,
      'From: Note Taker <taker@example.test>',
      `X-Universally-Unique-Identifier: ${uuid}`,
      'X-Uniform-Type-Identifier: com.apple.mail-note',
      `Message-Id: <${randomUUID()}@example.test>`,
      'Date: Fri, 06 Jan 2012 23:19:33 +0100',
      'X-Mail-Created-Date: Fri, 06 Jan 2012 23:00:00 +0100',
      'Mime-Version: 1.0 (1.0)',
    ];
    await this.imap.append(this.path, `${head.join('\r\n')}\r\n${content}`, ['\\Seen']);
    return uuid;
  }

  async edit(uuid: string, html: string): Promise<void> {
    const old = (await this.notes()).filter((note) => note.uuid === uuid);
    await this.write(html, { uuid });
    await this.#deleted(old);
  }

  async remove(uuid: string, how: { expunge?: boolean } = {}): Promise<void> {
    await this.#deleted(
      (await this.notes()).filter((note) => note.uuid === uuid),
      how.expunge,
    );
  }

  async #deleted(notes: readonly AppleNote[], expunge = true): Promise<void> {
    const lock = await this.imap.getMailboxLock(this.path);
    try {
      const range = notes.map(({ uid }) => uid).join();
      if (expunge) await this.imap.messageDelete(range, { uid: true });
      else await this.imap.messageFlagsAdd(range, ['\\Deleted'], { uid: true });
    } finally {
      lock.release();
    }
  }
}

const body = (data: string, type: 1 | 2 = 1): Tag =>
  t('AirSyncBase:Body', t('AirSyncBase:Type', type), t('AirSyncBase:Data', data));
const categories = (...names: string[]): Tag =>
  t(
    'Notes:Categories',
    names.map((name) => t('Notes:Category', name)),
  );

const notebook = (phone: EasPhone): PhoneFolder => {
  const found = [...phone.folders.values()].find(({ type, name }) => type === '17' && name === 'Notes (mailbox)');
  assert.ok(found, 'a folder of notes');
  return found;
};

const shown = (item: Tag | undefined) => ({
  subject: item?.text('Notes:Subject'),
  text: item?.child('AirSyncBase:Body')?.text('AirSyncBase:Data')?.replaceAll('\r\n', '\n').trimEnd(),
});

const only = (folder: PhoneFolder): [string, Tag] => {
  assert.equal(folder.items.size, 1);
  return [...folder.items][0] as [string, Tag];
};

async function noteTaker(user: string, version = '16.1', how: { path?: string } = {}) {
  const apple = await AppleNotes.open(user, how.path);
  const phone = await world.phone(user, { version, deviceId: `${user}phone` });
  const notes = notebook(phone);
  await phone.syncAll(notes);
  return { apple, phone, notes };
}

/** Syncs until the phone shows what it should. */
const seen = (phone: EasPhone, notes: PhoneFolder, what: string, done: () => boolean) =>
  eventually(
    what,
    () => phone.syncAll(notes),
    () => done(),
  );

describe('the Notes folder of the mailbox as notes (MS-ASNOTE)', { concurrency: false }, () => {
  for (const version of ['14.0', '14.1', '16.0', '16.1'])
    test(`${version}: notes go both ways, are edited and deleted on both sides, and stay the same note`, async () => {
      const { apple, phone, notes } = await noteTaker(`both${version.replace('.', '')}`, version);
      const uuid = await apple.write('Shopping<div>Äpfel &amp; Birnen</div><div><br></div><div>Brot</div>');
      await seen(phone, notes, 'the note', () => notes.items.size === 1);
      const [id, item] = only(notes);
      assert.deepEqual(shown(item), { subject: 'Shopping', text: 'Shopping\nÄpfel & Birnen\n\nBrot' });
      assert.equal(item.text('Notes:MessageClass'), 'IPM.StickyNote');
      assert.match(item.text('Notes:LastModifiedDate') ?? '', /^20120106T221933Z$/);

      phone.change(notes, id, t('Notes:Subject', 'Groceries'), body('Groceries\r\nKäse'), categories('Blau', 'Privat, wichtig'));
      const changed = await phone.syncAll(notes);
      assert.deepEqual([changed.added, changed.changed, changed.deleted], [[], [], []], 'the phone’s own edit is no news to it');
      const edited = await apple.only();
      assert.equal(edited.uuid, uuid);
      assert.deepEqual([edited.subject, edited.html], ['Groceries', 'Groceries<div>Käse</div>']);
      assert.match(edited.raw, /^X-Mail-Created-Date: Fri, 06 Jan 2012 23:00:00 \+0100\r$/m);

      const other = await world.phone(`both${version.replace('.', '')}`, {
        version,
        deviceId: `other${version}`.replace('.', ''),
      });
      await other.syncAll(notebook(other));
      const [, read] = only(notebook(other));
      assert.deepEqual(shown(read), { subject: 'Groceries', text: 'Groceries\nKäse' });
      assert.deepEqual(
        read
          .child('Notes:Categories')
          ?.all('Notes:Category')
          .map(({ value }) => value),
        ['Blau', 'Privat, wichtig'],
      );

      await apple.edit(uuid, 'Groceries<div>Milch</div>');
      await seen(phone, notes, 'Apple’s edit', () => shown(notes.items.get(id)).text === 'Groceries\nMilch');
      assert.equal(notes.items.size, 1, 'it is the same note');

      const added = phone.add(
        notes,
        t('Notes:Subject', 'From the phone'),
        body('From the phone\r\nline two'),
        t('Notes:MessageClass', 'IPM.StickyNote'),
      );
      const { outcomes } = await phone.syncAll(notes);
      assert.equal(outcomes.get(added)?.status, '1');
      assert.equal(notes.items.size, 2);
      const made = (await apple.notes()).find(({ subject }) => subject === 'From the phone');
      assert.equal(made?.html, 'From the phone<div>line two</div>');
      assert.match(made!.uuid, /^[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
      assert.match(made!.raw, new RegExp(`^From: both${version.replace('.', '')}@example\\.test\\r$`, 'm'));

      await apple.remove(made!.uuid, { expunge: false });
      await seen(phone, notes, 'Apple’s deletion', () => notes.items.size === 1);
      phone.delete(notes, id);
      await phone.syncAll(notes);
      assert.deepEqual(await apple.notes(), []);
      const [binned] = await new AppleNotes(apple.imap, 'Trash').notes();
      assert.equal(binned?.subject, 'Groceries', 'what a phone deletes is in the Trash');
    });

  test('a folder of notes is no mail folder; with mail in it, it is both; without notes it is mail', async () => {
    const apple = await AppleNotes.open('sorter');
    const types = async (version: string) => {
      const phone = await world.phone('sorter', { version, deviceId: `s${version}`.replace('.', '') });
      return [...phone.folders.values()]
        .filter(({ name }) => /^Notes( \(mailbox\))?$/.test(name))
        .map(({ type }) => type)
        .sort();
    };
    assert.deepEqual(await types('16.1'), ['10', '17'], 'empty: ready for notes');
    await apple.write('A note');
    assert.deepEqual(await types('16.0'), ['10', '17']);
    assert.deepEqual(await types('12.1'), ['12'], 'a version without notes sees it as mail');
    await apple.imap.append('Notes', message({ subject: 'a mail' }));
    const phone = await world.phone('sorter', { deviceId: 'mixed' });
    await phone.syncAll(notebook(phone));
    assert.equal(notebook(phone).items.size, 1, 'mail is no note');
    assert.deepEqual(await types('14.1'), ['10', '12', '17']);
    await apple.remove((await apple.only()).uuid);
    assert.deepEqual(await types('14.0'), ['10', '12']);
    await phone.folderSync();
    assert.ok(![...phone.folders.values()].some(({ type }) => type === '17'));
  });

  test('what a phone can not say stays: pictures, other parts, header fields', async () => {
    const { apple, phone, notes } = await noteTaker('keeper');
    const uuid = await apple.write('Holiday<div>the <b>sea</b></div>', { picture: true });
    await seen(phone, notes, 'the note', () => notes.items.size === 1);
    const [id, item] = only(notes);
    assert.equal(shown(item).text, 'Holiday\nthe sea');
    phone.change(notes, id, categories('Rot'));
    await phone.syncAll(notes);
    const marked = await apple.only();
    assert.match(marked.html, /the <b>sea<\/b><\/div><object data="cid:p1@x"><\/object>/, 'the body is not touched');
    phone.change(notes, id, body('Holiday\r\nthe mountains'));
    await phone.syncAll(notes);
    const edited = await apple.only();
    assert.equal(edited.uuid, uuid);
    assert.match(edited.html, /^Holiday<div>the mountains<\/div><div><object data="cid:p1@x"><\/object><\/div>/);
    assert.match(edited.raw, /iVBORw0KGgo=/);
    assert.match(edited.raw, /^Keywords: "Rot"\r$/m);
    phone.change(notes, id, t('Notes:Subject', 'Holiday'), body('Holiday\r\nthe mountains'), categories('Rot'));
    const before = edited.uid;
    await phone.syncAll(notes);
    assert.equal((await apple.only()).uid, before, 'an edit that says nothing new makes no message');
  });

  test('a body in HTML is asked for and written as HTML', async () => {
    const { apple, phone, notes } = await noteTaker('html');
    await apple.write('Title<div><i>slanted</i></div>');
    await seen(phone, notes, 'the note', () => notes.items.size === 1);
    const [id] = only(notes);
    const fetched = await phone.fetchItem(notes, id, { body: 2 });
    assert.equal(fetched.child('AirSyncBase:Body')?.text('AirSyncBase:Type'), '2');
    assert.match(fetched.child('AirSyncBase:Body')?.text('AirSyncBase:Data') ?? '', /<i>slanted<\/i>/);
    phone.change(notes, id, body('<html><body>Title<div><u>under</u></div></body></html>', 2));
    await phone.syncAll(notes);
    assert.match((await apple.only()).html, /<u>under<\/u>/);
    phone.change(notes, id, body('New first line\r\nrest'));
    await phone.syncAll(notes);
    assert.equal((await apple.only()).subject, 'New first line', 'the title is the first line, as in Apple’s apps');
  });

  test('lost answers and repeated requests make no twin', async () => {
    const { apple, phone, notes } = await noteTaker('loser');
    phone.add(notes, t('Notes:Subject', 'once'), body('once'));
    await assert.rejects(phone.sync([notes], { lose: 'answer' }), LostAnswer);
    await phone.syncAll(notes);
    assert.equal((await apple.notes()).length, 1);
    const [id] = only(notes);
    phone.change(notes, id, body('twice'));
    await assert.rejects(phone.sync([notes], { lose: 'answer' }), LostAnswer);
    await phone.syncAll(notes);
    assert.equal((await apple.only()).html, 'twice');
    assert.equal(shown(only(notes)[1]).text, 'twice');
    phone.delete(notes, id);
    await assert.rejects(phone.sync([notes], { lose: 'answer' }), LostAnswer);
    await phone.syncAll(notes);
    assert.deepEqual([notes.items.size, (await apple.notes()).length], [0, 0]);
    assert.equal((await phone.syncAll(notes)).added.length, 0);
  });

  test('a gateway that is killed amid many notes and edits makes none twice and loses none', async () => {
    const { apple, phone, notes } = await noteTaker('crasher');
    for (let n = 0; n < 30; n++) await apple.write(`old ${n}`);
    await seen(phone, notes, 'the notes', () => notes.items.size === 30);
    for (const [id, item] of notes.items) phone.change(notes, id, body(`${item.text('Notes:Subject')} edited`));
    for (let n = 0; n < 30; n++) phone.add(notes, t('Notes:Subject', `new ${n}`), body(`new ${n}`));
    const lost = assert.rejects(phone.sync([notes], { timeout: 120_000 }));
    await eventually(
      'some edits',
      () => apple.notes(),
      (found) => found.filter(({ html }) => / edited$/.test(html)).length >= 8,
    );
    await world.gateway.kill('SIGKILL');
    await lost;
    world.gateway = await world.gateway.restart();
    await phone.syncAll(notes, { timeout: 120_000 });
    const expected = Array.from({ length: 30 }, (_none, n) => [`new ${n}`, `old ${n} edited`])
      .flat()
      .sort();
    assert.deepEqual((await apple.notes()).map(({ html }) => html).sort(), expected);
    assert.deepEqual([...notes.items.values()].map((item) => shown(item).text).sort(), expected);
  });

  test('an edit on both sides is a conflict: the Conflict option decides', async () => {
    const { apple, phone, notes } = await noteTaker('fighter');
    const uuid = await apple.write('base');
    await seen(phone, notes, 'the note', () => notes.items.size === 1);
    const [id] = only(notes);
    await apple.edit(uuid, 'from Apple');
    phone.change(notes, id, body('from the phone'));
    const { outcomes } = await phone.syncAll(notes);
    assert.equal(outcomes.get(id)?.status, '7');
    assert.equal((await apple.only()).html, 'from Apple');
    assert.equal(shown(only(notes)[1]).text, 'from Apple');
  });

  test('several forms of a note are one: while an app saves, and after it broke off', async () => {
    const { apple, phone, notes } = await noteTaker('halfway');
    const uuid = await apple.write('first');
    await seen(phone, notes, 'the note', () => notes.items.size === 1);
    await apple.write('second', { uuid });
    await seen(phone, notes, 'the newer form', () => shown([...notes.items.values()][0]).text === 'second');
    const [id] = only(notes);
    phone.delete(notes, id);
    await phone.syncAll(notes);
    assert.deepEqual(await apple.notes(), []);
  });

  test('a waiting Ping and a waiting Sync wake for a note, wherever it was written', async () => {
    const { apple, phone, notes } = await noteTaker('waiter');
    const pinged = phone.ping([notes], 300);
    await apple.write('wake up');
    // The mail server tells of INBOX; other folders are looked at when it does, else once a minute.
    await apple.imap.append('INBOX', message({ subject: 'a mail' }));
    assert.deepEqual(await pinged, { ...(await pinged), status: '2', folders: [notes.id] });
    await phone.syncAll(notes);
    const waiting = phone.sync([notes], { wait: 5, timeout: 330_000 });
    await apple.write('again');
    await apple.imap.append('INBOX', message({ subject: 'another mail' }));
    await waiting;
    await seen(phone, notes, 'both notes', () => notes.items.size === 2);
  });

  test('Search and ItemOperations find notes; mail search does not', async () => {
    const { apple, phone, notes } = await noteTaker('finder');
    await apple.write('Needle<div>in a haystack</div>');
    await apple.write('Something else');
    await seen(phone, notes, 'the notes', () => notes.items.size === 2);
    const asked = (...query: Tag[]) => phone.search('Mailbox', [t('Search:And', ...query, t('Search:FreeText', 'haystack'))]);
    const results = (answer: Tag) => answer.all('Search:Result').flatMap((one) => one.text('AirSync:CollectionId') ?? []);
    assert.deepEqual(results(await asked(t('AirSync:Class', 'Notes'))), [notes.id]);
    assert.deepEqual(results(await asked(t('AirSync:CollectionId', notes.id))), [notes.id]);
    assert.deepEqual(results(await asked(t('AirSync:Class', 'Email'))), []);
  });

  test('folders of notes inside Notes are notebooks; a note moves between them and keeps its identifier', async () => {
    const { apple, phone, notes } = await noteTaker('mover');
    const uuid = await apple.write('moving');
    const inner = await AppleNotes.open('mover', 'Notes/Work');
    await phone.folderSync();
    const work = [...phone.folders.values()].find(({ name }) => name === 'Work');
    assert.deepEqual([work?.type, work?.parent], ['17', notes.id]);
    await phone.syncAll(work!);
    await seen(phone, notes, 'the note', () => notes.items.size === 1);
    const [id] = only(notes);
    const [moved] = await phone.moveItems(notes, [id], work!);
    assert.equal(moved?.status, '3');
    await seen(phone, work!, 'the note', () => work!.items.size === 1);
    assert.equal((await inner.only()).uuid, uuid);
    assert.deepEqual(await apple.notes(), []);
    await phone.syncAll(notes);
    assert.equal(notes.items.size, 0);
  });

  test('a renamed folder goes on under its new name, a deleted one is gone', async () => {
    const { apple, phone, notes } = await noteTaker('renamer', '16.1', { path: 'Notes' });
    await apple.write('stays');
    await seen(phone, notes, 'the note', () => notes.items.size === 1);
    await apple.imap.mailboxRename('Notes', 'notes');
    await new AppleNotes(apple.imap, 'notes').write('comes');
    await seen(phone, notes, 'both', () => notes.items.size === 2);
    await apple.imap.mailboxDelete('notes');
    const { collections } = await phone.sync([notes]);
    assert.equal(collections.get(notes.id)?.status, '12');
    await phone.folderSync();
    assert.ok(!phone.folders.has(notes.id));
  });

  test('messages that are broken or none of Apple’s making harm nothing', async () => {
    const { apple, phone, notes } = await noteTaker('broken');
    const head = 'X-Uniform-Type-Identifier: com.apple.mail-note\r\n';
    await apple.imap.append('Notes', `${head}\r\n`);
    await apple.imap.append('Notes', `${head}Subject: =?utf-8?Q?bare=20note?=\r\nContent-Type: text/plain\r\n\r\nplain text\r\n`);
    await apple.imap.append('Notes', `${head}Subject: torn\r\nContent-Type: multipart/related; boundary=x\r\n\r\nno parts`);
    await apple.imap.append(
      'Notes',
      `${head}Subject: big\r\nContent-Type: text/html\r\n\r\n${'<div>long</div>\r\n'.repeat(90_000)}`,
    );
    await seen(phone, notes, 'all of them', () => notes.items.size === 4);
    const bySubject = (subject: string) =>
      [...notes.items].find(([, item]) => item.text('Notes:Subject') === subject) as [string, Tag];
    const [bare] = bySubject('bare note');
    phone.change(notes, bare, body('plain text\r\nmore'));
    const [big] = bySubject('big');
    phone.change(notes, big, body('cut'));
    const { outcomes } = await phone.syncAll(notes);
    assert.equal(outcomes.get(big)?.status, '6', 'what was shown cut is not written over');
    const stored = await apple.notes();
    assert.equal(stored.find(({ subject }) => subject === 'bare note')?.html, 'plain text<div>more</div>');
    assert.ok((stored.find(({ subject }) => subject === 'big')?.html.length ?? 0) > 1_000_000);
    assert.equal(notes.items.size, 4);
  });

  test('the second phone of an account sees what the first did, and two edits at once leave one note', async () => {
    const { apple, phone, notes } = await noteTaker('pair');
    const uuid = await apple.write('shared');
    const second = await world.phone('pair', { deviceId: 'second' });
    const theirs = notebook(second);
    await Promise.all([
      seen(phone, notes, 'the note', () => notes.items.size === 1),
      seen(second, theirs, 'the note', () => theirs.items.size === 1),
    ]);
    for (let round = 0; round < 5; round++) {
      const id = only(notes)[0];
      phone.change(notes, id, body(`one ${round}`));
      second.change(theirs, id, body(`two ${round}`));
      await Promise.all([phone.syncAll(notes), second.syncAll(theirs)]);
      const { html, uuid: kept } = await apple.only();
      assert.equal(kept, uuid);
      assert.match(html, new RegExp(`^(?:one|two) ${round}$`));
      await seen(phone, notes, 'the same', () => shown(only(notes)[1]).text === html);
      await seen(second, theirs, 'the same', () => shown(only(theirs)[1]).text === html);
    }
  });
});
