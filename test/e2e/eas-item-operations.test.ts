import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { before, describe, test } from 'node:test';
import { type EasPhone, type PhoneFolder, type Tag, t } from '../support/eas-phone.js';
import { contact } from '../support/eas-phone-items.js';
import { splitMultipart } from '../support/eas-phone-wire.js';
import { address, message, startWorld, type World } from '../support/eas-phone-world.js';

const me = address('oscar');
const BYTES = Buffer.concat(Array.from({ length: 400 }, (_, n) => createHash('sha256').update(`operation ${n}`).digest()));

let world: World;
let phone: EasPhone;
let inbox: PhoneFolder;
let work: PhoneFolder;

before(async () => {
  world = await startWorld();
  const imap = await world.imap('oscar');
  for (const path of ['Work', 'Work/Deep', 'Work/Deep/Deeper']) await imap.mailboxCreate(path);
  phone = await world.phone('oscar', { deviceId: 'operations1' });
  inbox = phone.folder(2);
  work = [...phone.folders.values()].find(({ name }) => name === 'Work')!;
  const attachment = { name: 'data.bin', type: 'application/octet-stream', data: BYTES };
  await world.dovecot.deliver(me, message({ to: me, subject: 'With file', text: 'See the file', attachment }));
  await phone.syncAll(inbox);
});

const item = (folder: PhoneFolder, subject: string) => {
  const found = [...folder.items].find(([, each]) => each.text('Email:Subject') === subject);
  assert.ok(found, subject);
  return found;
};
const fetch = (...what: (Tag | undefined)[]) => t('ItemOperations:Fetch', t('ItemOperations:Store', 'Mailbox'), what);
const options = (...what: Tag[]) => t('ItemOperations:Options', what);
const named = (folder: PhoneFolder, id: string) => [t('AirSync:CollectionId', folder.id), t('AirSync:ServerId', id)];
const one = async (operation: Tag) => {
  const answer = await phone.itemOperations([operation]);
  assert.equal(answer.text('ItemOperations:Status'), '1');
  return answer.child('ItemOperations:Response')!.kids[0]!;
};
const status = async (operation: Tag) => (await one(operation)).text('ItemOperations:Status');
const reference = () =>
  item(inbox, 'With file')[1].text('AirSyncBase:Attachments', 'AirSyncBase:Attachment', 'AirSyncBase:FileReference') ?? '';

describe('ItemOperations Fetch (MS-ASCMD 2.2.1.10)', () => {
  test('Schema names the properties that come, besides the body', async () => {
    const [id] = item(inbox, 'With file');
    const schema = t('ItemOperations:Schema', t('Email:Subject'), t('Email:From'));
    const answer = await one(fetch(...named(inbox, id), options(schema)));
    const names = answer.child('ItemOperations:Properties')!.kids.map(({ name }) => name);
    assert.deepEqual(names, ['Email:From', 'Email:Subject', 'AirSyncBase:Body']);
    assert.equal(answer.text('AirSync:Class'), 'Email');
  });

  test('items of other classes are fetched, too', async () => {
    const contacts = phone.folder(9);
    await phone.syncAll(contacts);
    phone.add(contacts, ...contact({ first: 'Ada', last: 'Beispiel' }));
    await phone.syncAll(contacts);
    const [id] = [...contacts.items.keys()];
    const answer = await one(fetch(...named(contacts, id!)));
    assert.equal(answer.text('AirSync:Class'), 'Contacts');
    assert.equal(answer.text('ItemOperations:Properties', 'Contacts:LastName'), 'Beispiel');
  });

  test('multipart: bodies and ranges of attachments beside the document', async () => {
    const [id] = item(inbox, 'With file');
    const body = t(
      'ItemOperations:ItemOperations',
      fetch(t('AirSyncBase:FileReference', reference()), options(t('ItemOperations:Range', '100-299'))),
      fetch(...named(inbox, id), options(t('AirSyncBase:BodyPreference', t('AirSyncBase:Type', 1)))),
    );
    const answer = await phone.command('ItemOperations', body, { multipart: true });
    assert.equal(answer.headers['content-type'], 'application/vnd.ms-sync.multipart');
    const { tree, parts } = splitMultipart(answer.body);
    const [file, mail] = tree.child('ItemOperations:Response')!.all('ItemOperations:Fetch');
    const properties = file!.child('ItemOperations:Properties')!;
    assert.equal(properties.text('ItemOperations:Range'), '100-299');
    assert.equal(properties.text('ItemOperations:Total'), String(BYTES.length));
    assert.ok(parts[Number(properties.text('ItemOperations:Part')) - 1]!.equals(BYTES.subarray(100, 300)));
    const shown = mail!.child('ItemOperations:Properties', 'AirSyncBase:Body')!;
    assert.equal(shown.child('AirSyncBase:Data'), undefined);
    assert.match(parts[Number(shown.text('ItemOperations:Part')) - 1]!.toString(), /^See the file/);
  });

  test('a Range ends where the attachment ends', async () => {
    const from = BYTES.length - 10;
    const { data, total } = await phone.fetchAttachment(reference(), `${from}-${from + 99}`);
    assert.ok(data.equals(BYTES.subarray(from)));
    assert.equal(total, String(BYTES.length));
  });

  test('statuses: 2 protocol, 6 not found, 8 Range, 9 store, 15 attachment', async () => {
    const [id] = item(inbox, 'With file');
    const file = t('AirSyncBase:FileReference', reference());
    const cut = (text: string) => options(t('ItemOperations:Range', text));
    assert.equal(await status(fetch()), '2');
    assert.equal(await status(fetch(file, file)), '2');
    assert.equal(await status(fetch(t('AirSyncBase:FileReference'))), '2');
    assert.equal(await status(fetch(file, options(t('ItemOperations:Schema', t('Email:Subject'))))), '2');
    assert.equal(await status(fetch(...named(inbox, id), t('Search:LongId', id))), '2');
    const twice = [1, 1].map((type) => t('AirSyncBase:BodyPreference', t('AirSyncBase:Type', type)));
    assert.equal(await status(fetch(...named(inbox, id), options(...twice))), '2');
    assert.equal(await status(fetch(...named(inbox, `${inbox.id}:999`))), '6');
    assert.equal(await status(fetch(...named(work, id))), '6');
    assert.equal(await status(fetch(t('AirSync:CollectionId', 'x'), t('AirSync:ServerId', 'x:1'))), '6');
    assert.equal(await status(fetch(t('Search:LongId', 'x'.repeat(300)))), '6');
    assert.equal(await status(fetch(file, cut('9-1'))), '8');
    assert.equal(await status(fetch(file, cut(`${BYTES.length}-${BYTES.length + 5}`))), '8');
    assert.equal(await status(t('ItemOperations:Fetch', t('ItemOperations:Store', 'Document Library'))), '9');
    assert.equal(await status(fetch(t('AirSyncBase:FileReference', 'nonsense'))), '15');
    assert.equal(await status(fetch(t('AirSyncBase:FileReference', `${id}:9.9`))), '15');
  });

  test('more than 100 operations are Status 11, none are 2', async () => {
    const many = await phone.itemOperations(Array.from({ length: 101 }, () => fetch()));
    assert.equal(many.text('ItemOperations:Status'), '11');
    assert.equal((await phone.itemOperations([])).text('ItemOperations:Status'), '2');
  });
});

describe('large attachments (MS-ASCMD 2.2.1.10, MS-ASHTTP)', { concurrency: false }, () => {
  const SIZE = 50 * 1024 * 1024;
  const LEAST_GROWTH = 20 * 1024;
  let large: Buffer;
  let name: string;

  before(async () => {
    const block = Buffer.concat(Array.from({ length: 2048 }, (_, n) => createHash('sha256').update(`large ${n}`).digest()));
    large = Buffer.concat(Array.from({ length: Math.ceil(SIZE / block.length) }, () => block)).subarray(0, SIZE + 1);
    const attachment = { name: 'large.bin', type: 'application/octet-stream', data: large };
    const imap = await world.imap('oscar');
    await imap.append('INBOX', Buffer.from(message({ to: me, subject: 'Large', text: 'x', attachment })));
    await phone.syncAll(inbox);
    const listed = item(inbox, 'Large')[1].child('AirSyncBase:Attachments', 'AirSyncBase:Attachment');
    name = listed?.text('AirSyncBase:FileReference') ?? '';
    // The code is warm and the buffers are there: what counts is what the size of the attachment adds.
    await phone.fetchAttachment(name);
    await phone.fetchMultipart(name);
  });

  /** Kilobytes by which the gateway's memory grew at most. */
  async function growth(work: () => Promise<void>): Promise<number> {
    const memory = async (field: string) =>
      Number(new RegExp(`${field}:\\s+(\\d+)`).exec(await readFile(`/proc/${world.gateway.pid}/status`, 'utf8'))?.[1]);
    await writeFile(`/proc/${world.gateway.pid}/clear_refs`, '5');
    const rest = await memory('VmRSS');
    await work();
    return (await memory('VmHWM')) - rest;
  }

  test('come inline byte for byte, with less than 20 MB of memory', async () => {
    const kilobytes = await growth(async () => {
      const { data } = await phone.fetchAttachment(name);
      assert.ok(data.equals(large));
    });
    assert.ok(kilobytes < LEAST_GROWTH, `${kilobytes} KB`);
  });

  test('come in a multipart answer and as ranges', async () => {
    const kilobytes = await growth(async () => {
      const { parts } = await phone.fetchMultipart(name);
      assert.ok(parts[0]?.equals(large));
    });
    assert.ok(kilobytes < LEAST_GROWTH, `${kilobytes} KB`);
    const { data, total } = await phone.fetchAttachment(name, '1000000-3999999');
    assert.ok(data.equals(large.subarray(1_000_000, 4_000_000)));
    assert.equal(total, String(large.length));
    assert.equal(
      await status(fetch(t('AirSyncBase:FileReference', name), options(t('ItemOperations:Range', `${SIZE + 5}-${SIZE + 9}`)))),
      '8',
    );
  });

  test('several come in one answer, beside small ones', async () => {
    const file = (text: string) => fetch(t('AirSyncBase:FileReference', text));
    const answer = await phone.itemOperations([file(name), file(reference()), file(name)]);
    const fetched = answer.child('ItemOperations:Response')!.all('ItemOperations:Fetch');
    const data = fetched.map((each) =>
      Buffer.from(each.text('ItemOperations:Properties', 'ItemOperations:Data') ?? '', 'base64'),
    );
    assert.deepEqual(
      data.map((bytes, at) => bytes.equals(at === 1 ? BYTES : large)),
      [true, true, true],
    );
  });

  test('GetAttachment of 12.1', async () => {
    const old = await world.phone('oscar', { deviceId: 'operations121', version: '12.1' });
    assert.ok((await old.getAttachment(name)).data.equals(large));
  });
});

describe('ItemOperations Move of a conversation (MS-ASCMD Move (ItemOperations), MS-ASCON)', () => {
  const moveTo = (id: Uint8Array, target: string, ...more: Tag[]) =>
    t('ItemOperations:Move', t('ItemOperations:ConversationId', id), t('ItemOperations:DstFldId', target), more);
  const always = () => options(t('ItemOperations:MoveAlways'));

  test('moves all messages of the thread but those sent', async () => {
    const thread = (subject: string) =>
      message({ to: me, subject, text: 'x' }).replace('MIME-Version', 'References: <talk@example.test>\r\nMIME-Version');
    await world.dovecot.deliver(me, message({ to: me, subject: 'Talk', text: 'x', messageId: 'talk' }));
    await world.dovecot.deliver(me, thread('Re: Talk'));
    const imap = await world.imap('oscar');
    await imap.append('Trash', Buffer.from(thread('Re: Re: Talk')));
    await imap.append('Sent', Buffer.from(thread('Re: mine')));
    await phone.syncAll(inbox);
    const id = item(inbox, 'Talk')[1].child('Email2:ConversationId')!.value as Uint8Array;
    const answer = await one(moveTo(id, work.id, always()));
    assert.equal(answer.text('ItemOperations:Status'), '1');
    assert.deepEqual(answer.child('ItemOperations:ConversationId')?.value, id);
    await phone.syncAll(inbox);
    assert.deepEqual(
      [...inbox.items.values()].map((each) => each.text('Email:Subject')),
      ['With file', 'Large'],
    );
    await phone.syncAll(work);
    const moved = [...work.items.values()].map((each) => each.text('Email:Subject'));
    assert.deepEqual(moved.sort(), ['Re: Re: Talk', 'Re: Talk', 'Talk']);
  });

  test('statuses: 155 without MoveAlways, 156 no mail folder, 6 no such conversation, 2 no id', async () => {
    const id = new Uint8Array(16).fill(7);
    assert.equal(await status(moveTo(id, work.id)), '155');
    assert.equal(await status(moveTo(id, phone.folder(8).id, always())), '156');
    assert.equal(await status(moveTo(id, 'nowhere', always())), '156');
    assert.equal(await status(moveTo(id, work.id, always())), '6');
    assert.equal(await status(t('ItemOperations:Move', t('ItemOperations:DstFldId', work.id), always())), '2');
  });
});

describe('ItemOperations EmptyFolderContents (MS-ASCMD EmptyFolderContents)', () => {
  const empty = (id: string, ...more: Tag[]) => t('ItemOperations:EmptyFolderContents', t('AirSync:CollectionId', id), more);
  const boxes = async () => (await world.dovecot.doveadm('mailbox', 'list', '-u', me)).split('\n');

  test('empties the folder and, where asked, deletes those below it', async () => {
    const imap = await world.imap('oscar');
    await imap.append('Work/Deep', Buffer.from(message({ to: me, subject: 'deep', text: 'x' })));
    assert.equal(await status(empty(work.id)), '1');
    assert.ok((await boxes()).includes('Work/Deep/Deeper'));
    await phone.syncAll(work);
    assert.equal(work.items.size, 0);
    const answer = await one(empty(work.id, options(t('ItemOperations:DeleteSubFolders'))));
    assert.equal(answer.text('ItemOperations:Status'), '1');
    assert.equal(answer.text('AirSync:CollectionId'), work.id);
    assert.deepEqual(
      (await boxes()).filter((name) => name.startsWith('Work')),
      ['Work'],
    );
    assert.equal((await phone.folderSync()).deleted.length, 2);
  });

  test('statuses: 6 unknown, 16 what is no mail', async () => {
    assert.equal(await status(empty('nowhere')), '6');
    assert.equal(await status(empty(phone.folder(8).id)), '16');
  });

  test('several operations are carried out in order, and answered Move, EmptyFolderContents, Fetch', async () => {
    const [id] = item(inbox, 'With file');
    const answer = await phone.itemOperations([fetch(...named(inbox, id)), empty(work.id)]);
    assert.deepEqual(
      answer.child('ItemOperations:Response')!.kids.map(({ local }) => local),
      ['EmptyFolderContents', 'Fetch'],
    );
  });
});
