import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type EasPhone, HttpFault, type Tag, t } from '../support/eas-phone.js';
import { address, message, startWorld, type World } from '../support/eas-phone-world.js';

let world: World;
before(async () => {
  world = await startWorld();
});

/**
 * Every command in every version, where eas-story.test.ts has it not, and what the older versions say differently (MS-ASCMD,
 * MS-ASHTTP, MS-ASEMAIL).
 */
for (const version of ['2.5', '12.0', '12.1', '14.0', '14.1', '16.0', '16.1'] as const) {
  const isOld = Number(version) < 14;
  describe(`ActiveSync ${version}`, { concurrency: false }, () => {
    const user = `olga${version.replace('.', '')}`;
    const me = address(user);
    const friend = address('friend');
    let phone: EasPhone;

    before(async () => {
      phone = await world.phone(user, { version, deviceId: `old${version.replace('.', '')}` });
      await world.dovecot.deliver(me, message({ to: me, subject: 'Old times', text: 'Remember?' }));
      await phone.syncAll(phone.folder(2));
    });

    const itemId = () => [...phone.folder(2).items.keys()][0]!;
    const mime = (text: string) => message({ from: me, to: friend, subject: 'Re: Old times', text });
    const fault = (status: number) => (error: unknown) => error instanceof HttpFault && error.answer.status === status;

    test('SmartReply and SmartForward, before 14.0 of a MIME body with the source in the query (MS-ASCMD 2.2.1.19, 2.2.1.20)', async () => {
      const source = { folder: phone.folder(2).id, item: itemId() };
      assert.equal(await phone.compose('SmartReply', { mime: mime('I do'), source }), '1');
      assert.match(world.submission.messages.at(-1)!.raw.toString(), /I do[\s\S]*> Remember\?/);
      assert.equal(await phone.compose('SmartForward', { mime: mime('See'), source, save: false }), '1');
      assert.match(world.submission.messages.at(-1)!.raw.toString(), /See[\s\S]*^Remember\?/m);
      const kept = await world.dovecot.doveadm('-f', 'tab', 'fetch', '-u', me, 'hdr.subject', 'mailbox', 'Sent');
      assert.equal(kept.split('Re: Old times').length - 1, 1, 'SaveInSent decides');
    });

    test('failures of SendMail and its kin are a Status, before 14.0 an HTTP code (MS-ASCMD 2.2.2)', async () => {
      const source = { folder: phone.folder(2).id, item: `${phone.folder(2).id}:999` };
      const failures = [
        ['SmartReply', { mime: mime('x'), source }, '150', 500],
        ['SendMail', { mime: 'no header' }, '107', 400],
        ['SendMail', { mime: `From: ${me}\r\nSubject: x\r\n\r\nx` }, '119', 500],
        ['SmartReply', { mime: mime('x') }, '103', 400],
      ] as const;
      for (const [command, how, status, code] of failures) {
        if (isOld) await assert.rejects(phone.compose(command, how), fault(code));
        else assert.equal(await phone.compose(command, how), status);
      }
    });

    test('GetHierarchy lists the mail folders, until 12.1 (MS-ASCMD GetHierarchy)', async () => {
      if (!isOld) {
        const refused = await phone.raw({ command: 'GetHierarchy' });
        assert.equal(refused.tree?.text('FolderHierarchy:Status'), '138');
        return;
      }
      const { tree } = await phone.command('GetHierarchy', undefined);
      assert.equal(tree?.name, 'FolderHierarchy:Folders');
      const listed = tree!.all('FolderHierarchy:Folder').map((folder) => folder.text('FolderHierarchy:ServerId'));
      const known = [...phone.folders.values()].filter(({ kind }) => kind === 'Email').map(({ id }) => id);
      assert.deepEqual(listed.sort(), known.sort());
    });

    test('Search of the address list (MS-ASCMD 2.2.1.16)', async () => {
      await world.phone('friend', { deviceId: 'f' });
      const store = await phone.search('GAL', ['frie'], t('Search:Range', '0-9'));
      assert.equal(store.all('Search:Result')[0]?.text('Search:Properties', 'GAL:EmailAddress'), friend);
    });

    test('Search of the mailbox, since 12.0, and Find, whenever it is sent (MS-ASCMD 2.2.1.16, Find)', async () => {
      if (version === '2.5') return;
      const where = t('AirSync:CollectionId', phone.folder(2).id);
      const query = t('Search:And', t('AirSync:Class', 'Email'), where, t('Search:FreeText', 'remember'));
      const store = await phone.search('Mailbox', [query], t('Search:Range', '0-9'));
      const [result] = store.all('Search:Result');
      assert.equal(result?.text('Search:Properties', 'Email:Subject'), 'Old times');
      const criterion = t('Find:MailBoxSearchCriterion', t('Find:Query', t('Find:FreeText', 'subject:"old times"'), where));
      const [found] = (await phone.find(criterion)).child('Find:Response')!.all('Find:Result');
      assert.equal(found?.text('AirSync:ServerId'), itemId());
    });

    test('MeetingResponse to what is no invitation is Status 2 (MS-ASCMD 2.2.1.11)', async () => {
      const page = (name: string, value: string | number) => t(`MeetingResponse:${name}`, value);
      const request = [page('UserResponse', 1), page('CollectionId', phone.folder(2).id), page('RequestId', itemId())];
      const answer = await phone.ask(
        'MeetingResponse',
        t('MeetingResponse:MeetingResponse', t('MeetingResponse:Request', request)),
      );
      assert.equal(answer.text('MeetingResponse:Result', 'MeetingResponse:Status'), '2');
    });

    test('ResolveRecipients and ValidateCert (MS-ASCMD 2.2.1.15, 2.2.1.22)', async () => {
      const to = t('ResolveRecipients:ResolveRecipients', t('ResolveRecipients:To', friend));
      const answer = await phone.ask('ResolveRecipients', to);
      assert.equal(answer.text('ResolveRecipients:Response', 'ResolveRecipients:Status'), '1');
      const certificate = t('ValidateCert:Certificates', t('ValidateCert:Certificate', 'eA=='));
      const verdict = await phone.ask('ValidateCert', t('ValidateCert:ValidateCert', certificate));
      assert.equal(verdict.text('ValidateCert:Certificate', 'ValidateCert:Status'), '10');
    });

    test('ItemOperations and Settings, since 12.0 (MS-ASCMD 2.2.1.10, 2.2.1.18)', async () => {
      if (version === '2.5') return;
      const fetched = await phone.fetchItem(phone.folder(2), itemId(), { body: 1 });
      assert.match(fetched.text('AirSyncBase:Body', 'AirSyncBase:Data') ?? '', /Remember\?/);
      const answer = await phone.settings(t('Settings:UserInformation', t('Settings:Get')));
      const addresses = [...answer.walk()].filter(({ name }) => name === 'Settings:SMTPAddress');
      assert.deepEqual(
        addresses.map(({ value }) => value),
        [me],
      );
      assert.equal(
        [...answer.walk()].some(({ name }) => name === 'Settings:Accounts'),
        Number(version) >= 14.1,
      );
    });

    test('an item of a collection says its class, a body is in the form of the version', async () => {
      const item = phone.folder(2).items.get(itemId())!;
      const body = version === '2.5' ? item.text('Email:Body') : item.text('AirSyncBase:Body', 'AirSyncBase:Data');
      assert.match(body ?? '', /Remember\?/);
    });

    test('folders are made, renamed and deleted (MS-ASCMD FolderCreate, FolderUpdate, FolderDelete)', async () => {
      const change = (command: string, ...content: Tag[]) =>
        phone.ask(command, t(`FolderHierarchy:${command}`, t('FolderHierarchy:SyncKey', phone.folderKey), content));
      const name = (text: string) => t('FolderHierarchy:DisplayName', text);
      const made = await change('FolderCreate', t('FolderHierarchy:ParentId', '0'), name('Made'), t('FolderHierarchy:Type', 12));
      assert.equal(made.text('FolderHierarchy:Status'), '1');
      await phone.folderSync({ fromScratch: true });
      const id = t('FolderHierarchy:ServerId', made.text('FolderHierarchy:ServerId') ?? '');
      const renamed = await change('FolderUpdate', id, t('FolderHierarchy:ParentId', '0'), name('Renamed'));
      assert.equal(renamed.text('FolderHierarchy:Status'), '1');
      await phone.folderSync({ fromScratch: true });
      assert.ok([...phone.folders.values()].some((folder) => folder.name === 'Renamed'));
      assert.equal((await change('FolderDelete', id)).text('FolderHierarchy:Status'), '1');
    });
  });
}

describe('ActiveSync 2.5 alone', () => {
  test('Truncation cuts the text, Fetch brings all of it (MS-ASCMD Truncation)', async () => {
    const me = address('otis');
    const phone = await world.phone('otis', { version: '2.5', deviceId: 'old25b' });
    const inbox = phone.folder(2);
    await world.dovecot.deliver(me, message({ to: me, subject: 'Long', text: 'word '.repeat(1000) }));
    inbox.truncation = 1;
    await phone.syncAll(inbox);
    const [id, item] = [...inbox.items][0]!;
    assert.equal(item.text('Email:BodyTruncated'), '1');
    assert.equal(item.text('Email:Body')?.length, 512);
    assert.ok(Number(item.text('Email:BodySize')) >= 5000);
    const whole = await phone.syncFetch(inbox, id);
    assert.equal(whole.text('Email:BodyTruncated'), '0');
    assert.ok((whole.text('Email:Body')?.length ?? 0) >= 5000);
  });

  test('a program that knows no policies is let in without a key, but not with a wrong one', async () => {
    const phone = await world.phone('otis', { version: '2.5', deviceId: 'old25c' }, { fresh: true });
    assert.equal((await phone.folderSync()).status, '1');
    const body = t('FolderHierarchy:FolderSync', t('FolderHierarchy:SyncKey', '0'));
    assert.equal((await phone.raw({ command: 'FolderSync', body, policyKey: '7' })).status, 449);
  });
});
