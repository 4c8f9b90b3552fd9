import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type EasPhone, type PhoneFolder, type Tag, t } from '../support/eas-phone.js';
import { address, message, startWorld, type World } from '../support/eas-phone-world.js';

const me = address('sara');
const PHOTO = Buffer.from('ffd8ffe000104a46494600010101', 'hex');

let world: World;
let phone: EasPhone;
let inbox: PhoneFolder;
let archive: PhoneFolder;
let deep: PhoneFolder;

before(async () => {
  world = await startWorld();
  const imap = await world.imap('sara');
  for (const path of ['Archive', 'Archive/2025']) await imap.mailboxCreate(path).catch(() => undefined);
  const at = (day: string) => new Date(`2026-03-${day}T12:00:00Z`);
  const put = (path: string, day: string, parts: Parameters<typeof message>[0], flags: string[] = []) =>
    imap.append(path, Buffer.from(message({ to: me, ...parts })), flags, at(day));
  await put('INBOX', '01', { subject: 'Chocolate cake', text: 'Recipe for Sunday', messageId: 'cake1' }, ['\\Seen']);
  await put('INBOX', '02', { subject: 'Dinner', text: 'There is cake, too', from: 'Bob <bob@example.test>' });
  await put('INBOX', '03', { subject: 'Grüße aus Zürich', text: 'Käsekuchen 100%' });
  const data = Buffer.from('x');
  const attachment = { name: 'a.bin', type: 'application/octet-stream', data };
  await put('Archive', '04', { subject: 'Old cake', text: 'stale', attachment });
  await put('Archive/2025', '05', { subject: 'Deep cake', html: '<html><body>deep <b>down</b></body></html>' });
  for (let n = 0; n < 130; n++) await put('Archive', '06', { subject: `Many ${n}`, text: 'bulkmail' });
  phone = await world.phone('sara', { deviceId: 'search1' });
  for (const user of ['bob', 'berta', 'zoe']) await world.phone(user, { deviceId: 'x' });
  inbox = phone.folder(2);
  const named = (name: string) => [...phone.folders.values()].find((folder) => folder.name === name)!;
  [archive, deep] = [named('Archive'), named('2025')];
});

const subjects = (store: Tag) =>
  store.all('Search:Result').flatMap((result) => result.text('Search:Properties', 'Email:Subject') ?? []);
const status = (store: Tag) => store.text('Search:Status');
const and = (...tags: Tag[]) => t('Search:And', tags);
const mail = (words: string, ...more: Tag[]) => [and(t('AirSync:Class', 'Email'), ...more, t('Search:FreeText', words))];
const range = (text: string) => t('Search:Range', text);
const collection = (folder: PhoneFolder) => t('AirSync:CollectionId', folder.id);

describe('Search of the mailbox (MS-ASCMD 2.2.1.16)', () => {
  test('finds words in subjects and bodies, newest first, with Range and Total', async () => {
    const store = await phone.search('Mailbox', mail('cake'), range('0-9'));
    assert.equal(status(store), '1');
    assert.deepEqual(subjects(store), ['Deep cake', 'Old cake', 'Dinner', 'Chocolate cake']);
    assert.equal(store.text('Search:Range'), '0-3');
    assert.equal(store.text('Search:Total'), '4');
    const result = store.all('Search:Result')[0]!;
    assert.equal(result.text('AirSync:Class'), 'Email');
    assert.equal(result.text('AirSync:CollectionId'), deep.id);
    assert.ok((result.text('Search:LongId') ?? '').length <= 256);
  });

  test('all words must be there, phrases stay together, case and charset do not matter', async () => {
    assert.deepEqual(subjects(await phone.search('Mailbox', mail('CHOCOLATE recipe'))), ['Chocolate cake']);
    assert.deepEqual(subjects(await phone.search('Mailbox', mail('"cake chocolate"'))), []);
    assert.deepEqual(subjects(await phone.search('Mailbox', mail('zürich käsekuchen'))), ['Grüße aus Zürich']);
    assert.deepEqual(subjects(await phone.search('Mailbox', mail('from:bob cake'))), ['Dinner']);
    assert.deepEqual(subjects(await phone.search('Mailbox', mail('NOT chocolate cake isread:true'))), []);
    assert.deepEqual(subjects(await phone.search('Mailbox', mail('cake isread:true'))), ['Chocolate cake']);
    assert.deepEqual(subjects(await phone.search('Mailbox', mail('cake hasattachment:true'))), ['Old cake']);
  });

  test('CollectionId and DeepTraversal say where; 0 is everywhere', async () => {
    assert.deepEqual(subjects(await phone.search('Mailbox', mail('cake', collection(inbox)))), ['Dinner', 'Chocolate cake']);
    assert.deepEqual(subjects(await phone.search('Mailbox', mail('cake', collection(archive)))), ['Old cake']);
    const deeply = await phone.search('Mailbox', mail('cake', collection(archive)), t('Search:DeepTraversal'));
    assert.deepEqual(subjects(deeply), ['Deep cake', 'Old cake']);
    assert.equal(subjects(await phone.search('Mailbox', mail('cake', t('AirSync:CollectionId', '0')))).length, 4);
    const two = await phone.search('Mailbox', mail('cake', collection(inbox), collection(deep)));
    assert.deepEqual(subjects(two), ['Deep cake', 'Dinner', 'Chocolate cake']);
  });

  test('GreaterThan and LessThan DateReceived are exact', async () => {
    const compare = (name: string, value: string) => t(`Search:${name}`, t('Email:DateReceived'), t('Search:Value', value));
    const dated = async (...tags: Tag[]) => subjects(await phone.search('Mailbox', mail('cake', ...tags)));
    assert.deepEqual(await dated(compare('GreaterThan', '2026-03-02T11:59:59.000Z')), ['Deep cake', 'Old cake', 'Dinner']);
    assert.deepEqual(await dated(compare('GreaterThan', '2026-03-02T12:00:00.000Z')), ['Deep cake', 'Old cake']);
    assert.deepEqual(
      await dated(compare('GreaterThan', '2026-03-01T12:00:00.000Z'), compare('LessThan', '2026-03-04T12:00:00.000Z')),
      ['Dinner'],
    );
    assert.equal(status(await phone.search('Mailbox', mail('cake', compare('LessThan', 'yesterday')))), '2');
  });

  test('further pages continue; after the end is Status 12; RebuildResults looks again', async () => {
    const first = await phone.search('Mailbox', mail('bulkmail'), range('0-99'));
    assert.equal(first.text('Search:Total'), '130');
    const second = await phone.search('Mailbox', mail('bulkmail'), range('100-199'));
    assert.equal(second.text('Search:Range'), '100-129');
    const all = [...subjects(first), ...subjects(second)];
    assert.equal(new Set(all).size, 130);
    assert.equal(status(await phone.search('Mailbox', mail('bulkmail'), range('130-199'))), '12');
    assert.equal(status(await phone.search('Mailbox', mail('bulkmail'), range('950-1200'))), '12');
    assert.equal(status(await phone.search('Mailbox', mail('bulkmail'), range('9-3'))), '2');
    await world.dovecot.deliver(me, message({ to: me, subject: 'One more', text: 'bulkmail' }));
    const again = await phone.search('Mailbox', mail('bulkmail'), t('Search:RebuildResults'), range('100-199'));
    assert.equal(again.text('Search:Total'), '131');
  });

  test('without a match: one empty Result, Range and Total', async () => {
    const store = await phone.search('Mailbox', mail('nowhereatall'), range('0-9'));
    assert.equal(status(store), '1');
    assert.deepEqual(
      store.all('Search:Result').map(({ kids }) => kids.length),
      [0],
    );
    assert.equal(store.text('Search:Range'), '0-0');
    assert.equal(store.text('Search:Total'), '0');
  });

  test('bodies come as asked for, and reading sets no \\Seen', async () => {
    const preference = t('AirSyncBase:BodyPreference', t('AirSyncBase:Type', 1), t('AirSyncBase:TruncationSize', 4));
    const store = await phone.search('Mailbox', mail('deep'), preference);
    const body = store.all('Search:Result')[0]?.child('Search:Properties', 'AirSyncBase:Body');
    assert.equal(body?.text('AirSyncBase:Data'), 'deep');
    assert.equal(body?.text('AirSyncBase:Truncated'), '1');
    const whole = t('AirSyncBase:BodyPreference', t('AirSyncBase:Type', 1));
    await world.dovecot.deliver(me, message({ to: me, subject: 'Endless', text: 'story '.repeat(50_000) }));
    const long = (await phone.search('Mailbox', mail('endless'), whole)).all('Search:Result')[0];
    const cut = long?.child('Search:Properties', 'AirSyncBase:Body');
    assert.equal(cut?.text('AirSyncBase:Data')?.length, 100 * 1024, 'the rest is fetched');
    assert.equal(cut?.text('AirSyncBase:Truncated'), '1');
    const flags = await world.dovecot.doveadm('fetch', '-u', me, 'flags', 'mailbox', 'Archive/2025', 'all');
    assert.doesNotMatch(flags, /Seen/);
  });

  test('a LongId fetches and answers the message', async () => {
    const store = await phone.search('Mailbox', mail('chocolate'));
    const longId = store.all('Search:Result')[0]?.text('Search:LongId') ?? '';
    const fetch = t('ItemOperations:Fetch', t('ItemOperations:Store', 'Mailbox'), t('Search:LongId', longId));
    const answer = (await phone.itemOperations([fetch])).child('ItemOperations:Response', 'ItemOperations:Fetch');
    assert.equal(answer?.text('ItemOperations:Status'), '1');
    assert.equal(answer?.text('Search:LongId'), longId);
    assert.equal(answer?.text('ItemOperations:Properties', 'Email:Subject'), 'Chocolate cake');
    const mime = message({ from: me, to: address('bob'), subject: 'Re', text: 'Yum' });
    assert.equal(await phone.compose('SmartReply', { mime, source: { longId } }), '1');
    assert.match(world.submission.messages.at(-1)!.raw.toString(), /Recipe for Sunday/);
  });

  test('ConversationId finds the whole thread, in all folders', async () => {
    const imap = await world.imap('sara');
    const reply = message({ to: me, subject: 'Re: Chocolate cake', text: 'second' });
    await imap.append('Archive', Buffer.from(reply.replace('MIME-Version', 'References: <cake1@example.test>\r\nMIME-Version')));
    const [result] = (await phone.search('Mailbox', mail('chocolate recipe'))).all('Search:Result');
    const id = result?.child('Search:Properties', 'Email2:ConversationId')?.value as Uint8Array;
    const store = await phone.search('Mailbox', [and(t('Search:ConversationId', id))]);
    assert.deepEqual(subjects(store).sort(), ['Chocolate cake', 'Re', 'Re: Chocolate cake']);
    const none = await phone.search('Mailbox', [and(t('Search:ConversationId', new Uint8Array(16)))]);
    assert.equal(none.text('Search:Total'), '0');
  });

  test('other classes are searched where they are asked for', async () => {
    const dav = await world.dav('sara');
    const card = [
      'BEGIN:VCARD',
      'VERSION:3.0',
      'UID:c1',
      'N:Kuchen;Karla;;;',
      'FN:Karla Kuchen',
      'EMAIL:karla@example.org',
      'END:VCARD',
      '',
    ];
    await dav.put(`${dav.contacts}c1.vcf`, card.join('\r\n'));
    const store = await phone.search('Mailbox', [and(t('AirSync:Class', 'Contacts'), t('Search:FreeText', 'karla'))]);
    const [result] = store.all('Search:Result');
    assert.equal(result?.text('AirSync:Class'), 'Contacts');
    assert.equal(result?.text('Search:Properties', 'Contacts:LastName'), 'Kuchen');
    assert.equal(store.text('Search:Total'), '1');
  });

  test('statuses: 2 nothing asked or no such store, 8 too complex, 11 unknown collection, 13 document library', async () => {
    const searched = async (store: string, query: (Tag | string)[]) => status(await phone.search(store, query));
    assert.equal(await searched('Mailbox', [and(collection(inbox))]), '2');
    assert.equal(await searched('Nonsense', ['x']), '2');
    assert.equal(await searched('Mailbox', [t('AirSync:Class', 'Email'), t('Search:FreeText', 'x')]), '8');
    assert.equal(await searched('Mailbox', [t('Search:Or', t('Search:FreeText', 'x'))]), '8');
    assert.equal(await searched('Mailbox', mail('(x')), '8');
    assert.equal(await searched('Mailbox', mail('x', t('AirSync:CollectionId', 'nowhere'))), '11');
    const link = t('Search:EqualTo', t('DocumentLibrary:LinkId'), t('Search:Value', '\\\\server\\x'));
    assert.equal(await searched('DocumentLibrary', [link]), '13');
    const answer = await phone.raw({ command: 'Search', body: t('Search:Search') });
    assert.equal(answer.tree?.text('Search:Status'), '103');
  });
});

describe('Search of the address list (MS-ASCMD 2.2.1.16, store GAL)', () => {
  const people = (store: Tag) => store.all('Search:Result').map((result) => result.text('Search:Properties', 'GAL:EmailAddress'));

  test('finds people of the own domain by part of a name, sorted, in pages', async () => {
    const store = await phone.search('GAL', ['b'], range('0-99'));
    assert.deepEqual(people(store), [address('berta'), address('bob')]);
    assert.equal(store.text('Search:Range'), '0-1');
    assert.equal(store.text('Search:Total'), '2');
    assert.equal(store.all('Search:Result')[0]?.text('Search:Properties', 'GAL:Alias'), 'berta');
    const second = await phone.search('GAL', ['b'], range('1-1'));
    assert.deepEqual(people(second), [address('bob')]);
    assert.equal(status(await phone.search('GAL', ['b'], range('5-9'))), '12');
  });

  test('without a match there is no Result', async () => {
    const store = await phone.search('GAL', ['nobodyknows'], range('0-9'));
    assert.equal(status(store), '1');
    assert.equal(store.all('Search:Result').length, 0);
    assert.equal(store.text('Search:Total'), '0');
    assert.equal(status(await phone.search('GAL', ['  '])), '2');
    assert.equal(status(await phone.search('GAL', ['b'], range('x'))), '2');
  });

  test('pictures are those of the own address book: 1, 173 none, 174 too large, 175 too many; iOS asks without limits', async () => {
    const dav = await world.dav('sara');
    const card = (uid: string, user: string) =>
      ['BEGIN:VCARD', 'VERSION:3.0', `UID:${uid}`, `N:${user};;;;`, `FN:${user}`, `EMAIL:${address(user).toUpperCase()}`,
        `PHOTO;ENCODING=b;TYPE=JPEG:${PHOTO.toString('base64')}`, 'END:VCARD', ''].join('\r\n'); // biome-ignore format: lines
    await dav.put(`${dav.contacts}p1.vcf`, card('p1', 'bob'));
    const pictures = async (...limits: Tag[]) => {
      const store = await phone.search('GAL', ['b'], range('0-9'), t('Search:Picture', limits));
      return store.all('Search:Result').map((result) => {
        const picture = result.child('Search:Properties', 'GAL:Picture');
        return [picture?.text('GAL:Status'), picture?.child('GAL:Data')?.value];
      });
    };
    assert.deepEqual(await pictures(), [
      ['173', undefined],
      ['1', new Uint8Array(PHOTO)],
    ]);
    assert.deepEqual(await pictures(t('Search:MaxSize', 5)), [
      ['173', undefined],
      ['174', undefined],
    ]);
    await dav.put(`${dav.contacts}p2.vcf`, card('p2', 'berta'));
    assert.deepEqual(
      (await pictures(t('Search:MaxPictures', 1))).map(([code]) => code),
      ['1', '175'],
    );
  });
});

describe('Find (MS-ASCMD Find)', () => {
  const mailbox = (words: string, more: readonly Tag[] = [], options: readonly Tag[] = []) =>
    t(
      'Find:MailBoxSearchCriterion',
      t('Find:Query', t('Find:FreeText', words), more),
      options.length > 0 ? t('Find:Options', options) : undefined,
    );
  const response = (answer: Tag) => answer.child('Find:Response')!;
  const found = (answer: Tag) =>
    response(answer)
      .all('Find:Result')
      .map((result) => result.text('Find:Properties', 'Email:Subject'));

  for (const version of ['16.1', '14.1'])
    test(`iOS's query at ${version}: quoted terms joined by OR, deep traversal`, async () => {
      const ios = version === '16.1' ? phone : await world.phone('sara', { deviceId: 'search141', version });
      const words = '"to:cake" OR "cc:cake" OR "from:cake" OR "subject:cake" OR "cake"';
      const options = [t('Find:Range', '0-24'), t('Find:DeepTraversal')];
      const answer = await ios.find(mailbox(words, [t('AirSync:Class', 'Email'), collection(archive)], options));
      assert.equal(answer.text('Find:Status'), '1');
      assert.equal(response(answer).text('Find:Status'), '1');
      assert.ok(found(answer).includes('Deep cake') && found(answer).includes('Old cake'));
      assert.equal(response(answer).text('Find:Total'), String(found(answer).length));
    });

  test('a result names the message for Sync and shows an overview with preview', async () => {
    const answer = await phone.find(mailbox('subject:"old cake"'));
    const [result] = response(answer).all('Find:Result');
    await phone.syncAll(archive);
    const [id] = [...archive.items].find(([, item]) => item.text('Email:Subject') === 'Old cake')!;
    assert.equal(result?.text('AirSync:ServerId'), id);
    assert.equal(result?.text('AirSync:CollectionId'), archive.id);
    const shown = result?.child('Find:Properties');
    assert.equal(shown?.text('Find:Preview'), 'stale');
    assert.equal(shown?.text('Find:HasAttachments'), '1');
    assert.equal(shown?.text('Email:Read'), '0');
    assert.match(shown?.text('Email:From') ?? '', /carol@example\.test/);
    assert.equal(response(answer).text('ItemOperations:Store'), 'Mailbox');
  });

  test('pages by SearchId; without a match Total is 0', async () => {
    const page = (text: string) => phone.find(mailbox('bulkmail', [], [t('Find:Range', text)]), 'aaaa');
    const all = [...found(await page('0-99')), ...found(await page('100-199'))];
    assert.equal(new Set(all).size, 131);
    assert.equal(response(await phone.find(mailbox('nowhereatall'))).text('Find:Total'), '0');
  });

  test('in the address list', async () => {
    const options = t('Find:Options', t('Find:Range', '0-9'), t('Find:Picture'));
    const answer = await phone.find(t('Find:GalSearchCriterion', t('Find:Query', 'bob'), options));
    const [result] = response(answer).all('Find:Result');
    assert.equal(result?.text('Find:Properties', 'GAL:EmailAddress'), address('bob'));
    assert.equal(result?.text('Find:Properties', 'GAL:Picture', 'GAL:Status'), '1');
    assert.equal(response(answer).text('Find:Total'), '1');
  });

  test('statuses: 2 invalid, 3 unknown collection, Response 4 for a Range that is none', async () => {
    const code = async (criterion: Tag) => (await phone.find(criterion)).text('Find:Status');
    assert.equal(await code(t('Find:MailBoxSearchCriterion')), '2');
    assert.equal(await code(mailbox('(x')), '2');
    assert.equal(await code(mailbox('x', [t('AirSync:Class', 'Calendar')])), '2');
    assert.equal(await code(mailbox('x', [t('AirSync:CollectionId', 'nowhere')])), '3');
    assert.equal((await phone.ask('Find', t('Find:Find', t('Find:SearchId', 'x')))).text('Find:Status'), '2');
    assert.equal(response(await phone.find(mailbox('x', [], [t('Find:Range', '5-1')]))).text('Find:Status'), '4');
  });
});
