import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type EasPhone, type PhoneFolder, type Tag, t } from '../../../../support/eas-phone.js';
import { contact } from '../../../../support/eas-phone-items.js';
import { type EasServer, startEasServer } from '../../../../support/eas-server.js';

const MIME = 'From: alice@example.test\r\nTo: bob@example.test\r\nSubject: Hi\r\n\r\nHello\r\n';
const FILE = Buffer.from(Array.from({ length: 1000 }, (_none, at) => (at * 7) % 256));

describe('commands around mail', () => {
  let server: EasServer;
  let phone: EasPhone;
  let inbox: PhoneFolder;
  before(async () => {
    server = await startEasServer();
    phone = await server.ready();
    inbox = phone.folder(2);
  });
  after(() => server.close());

  const deliver = async (subject: string) => {
    const uid = server.mail.deliver('INBOX', {
      subject,
      text: 'original text',
      attachment: { filename: 'data.bin', bytes: FILE },
    });
    await phone.syncAll(inbox);
    return { uid, id: `${inbox.id}:${uid}` };
  };
  const referenceOf = (id: string) =>
    inbox.items.get(id)?.child('AirSyncBase:Attachments', 'AirSyncBase:Attachment')?.text('AirSyncBase:FileReference') ?? '';

  describe('SendMail (MS-ASCMD 2.2.1.17)', () => {
    it('sends once for each ClientId (118), and again when sending failed', async () => {
      assert.equal(await phone.sendMail(MIME, { clientId: 'one' }), '1');
      assert.equal(await phone.sendMail(MIME, { clientId: 'one' }), '118');
      server.mail.down = true;
      assert.equal(await phone.sendMail(MIME, { clientId: 'two' }), '120');
      server.mail.down = false;
      assert.equal(await phone.sendMail(MIME, { clientId: 'two', save: false }), '1');
      assert.deepEqual(
        server.mail.sent.splice(0).map(({ raw, saveInSent }) => [raw.toString(), saveInSent]),
        [
          [MIME, true],
          [MIME, false],
        ],
      );
    });

    it('names what is wrong with a message (119)', async () => {
      assert.equal(await phone.sendMail('Subject: to nobody\r\n\r\n', { clientId: 'none' }), '119');
    });
  });

  describe('SmartReply and SmartForward', () => {
    const smart = async (command: 'SmartReply' | 'SmartForward', item: string, ...more: Tag[]) => {
      const body = t(
        `ComposeMail:${command}`,
        t('ComposeMail:ClientId', phone.nextClientId()),
        t('ComposeMail:Source', t('ComposeMail:FolderId', inbox.id), t('ComposeMail:ItemId', item)),
        t('ComposeMail:SaveInSentItems'),
        more,
        t('ComposeMail:Mime', new Uint8Array(Buffer.from(MIME))),
      );
      const { tree } = await phone.raw({ command, body });
      return tree?.text('ComposeMail:Status') ?? '1';
    };

    it('quotes the original and marks it as answered', async () => {
      const { uid, id } = await deliver('To be answered');
      assert.equal(await smart('SmartReply', id), '1');
      const [{ raw } = { raw: Buffer.alloc(0) }] = server.mail.sent.splice(0);
      assert.match(raw.toString(), /Hello\r\n[\s\S]*To be answered[\s\S]*> original text/);
      assert.deepEqual(server.mail.flagsOf('INBOX', uid), ['\\Answered']);
      assert.deepEqual((await phone.syncAll(inbox)).changed, [id]);
      assert.equal(inbox.items.get(id)?.text('Email2:LastVerbExecuted'), '1');
    });

    it('forwards what is attached, or the MIME as it is with ReplaceMime', async () => {
      const { uid, id } = await deliver('To be forwarded');
      assert.equal(await smart('SmartForward', id), '1');
      assert.equal(await smart('SmartForward', id, t('ComposeMail:ReplaceMime')), '1');
      const [first, second] = server.mail.sent.splice(0);
      assert.ok(first?.raw.toString().includes(FILE.toString('base64').slice(0, 60)));
      assert.ok(second?.raw.toString().endsWith('\r\n\r\nHello\r\n'));
      assert.deepEqual(server.mail.flagsOf('INBOX', uid), ['$Forwarded']);
    });

    it('knows no message that is gone (150)', async () => {
      assert.equal(await smart('SmartReply', `${inbox.id}:9999`), '150');
      assert.equal(await smart('SmartReply', 'nonsense'), '150');
      assert.equal(server.mail.sent.length, 0);
    });
  });

  describe('ItemOperations (MS-ASCMD 2.2.1.10)', () => {
    const operation = async (...content: (Tag | undefined)[]) => {
      const { tree } = await phone.raw({ command: 'ItemOperations', body: t('ItemOperations:ItemOperations', content) });
      return tree ?? assert.fail();
    };
    const fetchStatus = async (...content: Tag[]) => {
      const answer = await operation(t('ItemOperations:Fetch', t('ItemOperations:Store', 'Mailbox'), content));
      return answer.child('ItemOperations:Response', 'ItemOperations:Fetch')?.text('ItemOperations:Status');
    };

    it('fetches an attachment byte for byte, a range of it, and as a part of its own', async () => {
      const { id } = await deliver('With a file');
      const whole = await phone.fetchAttachment(referenceOf(id));
      assert.deepEqual(whole.data, FILE);
      const piece = await phone.fetchAttachment(referenceOf(id), '10-19');
      assert.deepEqual([piece.data, piece.total], [FILE.subarray(10, 20), '1000']);
      const { parts } = await phone.fetchMultipart(referenceOf(id));
      assert.deepEqual(parts[0], FILE);
    });

    it('fetches messages and contacts, each body as asked', async () => {
      const { id } = await deliver('Whole');
      const properties = await phone.fetchItem(inbox, id, { body: 1 });
      assert.equal(properties.child('AirSyncBase:Body')?.text('AirSyncBase:Data'), 'original text');
      const contacts = phone.folder(9);
      await phone.syncAll(contacts);
      phone.add(contacts, ...contact({ first: 'Ada', last: 'Fetched' }));
      await phone.sync([contacts]);
      const [card] = [...contacts.items.keys()];
      assert.equal((await phone.fetchItem(contacts, card ?? '')).text('Contacts:LastName'), 'Fetched');
    });

    it('tells what is wrong with each fetch: attachment (15), item (6), range (8), store (9), two references (2)', async () => {
      const { id } = await deliver('Errors');
      const reference = (text: string) => t('AirSyncBase:FileReference', text);
      const range = (text: string) => t('ItemOperations:Options', t('ItemOperations:Range', text));
      assert.equal(await fetchStatus(reference(`${id}:9`)), '15');
      assert.equal(await fetchStatus(reference('nonsense')), '15');
      assert.equal(await fetchStatus(reference('')), '2');
      assert.equal(await fetchStatus(reference(referenceOf(id)), reference(referenceOf(id))), '2');
      assert.equal(await fetchStatus(reference(referenceOf(id)), range('5-2')), '8');
      assert.equal(await fetchStatus(reference(referenceOf(id)), range('5000-6000')), '8');
      assert.equal(await fetchStatus(t('AirSync:CollectionId', inbox.id), t('AirSync:ServerId', `${inbox.id}:9999`)), '6');
      const library = t('ItemOperations:Fetch', t('ItemOperations:Store', 'Elsewhere'), t('AirSync:ServerId', id));
      const answer = await operation(library);
      assert.equal(answer.child('ItemOperations:Response', 'ItemOperations:Fetch')?.text('ItemOperations:Status'), '9');
    });

    it('empties a folder', async () => {
      server.mail.deliver('Trash', { subject: 'x' });
      const answer = await operation(t('ItemOperations:EmptyFolderContents', t('AirSync:CollectionId', phone.folder(4).id)));
      assert.equal(
        answer.child('ItemOperations:Response', 'ItemOperations:EmptyFolderContents')?.text('ItemOperations:Status'),
        '1',
      );
      assert.deepEqual(server.mail.uidsOf('Trash'), []);
    });
  });

  describe('MoveItems and GetItemEstimate', () => {
    it('moves messages and tells their new ids (3), the unknown one for itself (1), nothing onto itself (4)', async () => {
      const { uid, id } = await deliver('Moving');
      const [moved, unknown] = await phone.moveItems(inbox, [id, `${inbox.id}:9999`], phone.folder(4));
      assert.deepEqual([moved?.status, unknown?.status], ['3', '1']);
      assert.equal(moved?.id, `${phone.folder(4).id}:${server.mail.uidsOf('Trash').at(-1)}`);
      assert.equal(server.mail.uidsOf('INBOX').includes(uid), false);
      assert.deepEqual((await phone.syncAll(inbox)).deleted, [id]);
      const { id: other } = await deliver('Staying');
      assert.equal((await phone.moveItems(inbox, [other], inbox))[0]?.status, '4');
      assert.equal((await phone.moveItems(inbox, [other], phone.folder(9)))[0]?.status, '2');
    });

    it('counts as Sync does, and tells when a folder was never synced (3) or the key is wrong (4)', async () => {
      const fresh = await server.ready({ deviceId: 'estimate' });
      assert.equal((await fresh.getItemEstimate(fresh.folder(2), '0')).status, '3');
      await fresh.sync([fresh.folder(2)]);
      const { status, estimate } = await fresh.getItemEstimate(fresh.folder(2));
      assert.deepEqual([status, estimate], ['1', server.mail.uidsOf('INBOX').length]);
      assert.equal((await fresh.getItemEstimate(fresh.folder(2), '{x}7')).status, '4');
      await fresh.syncAll(fresh.folder(2));
      assert.equal((await fresh.getItemEstimate(fresh.folder(2))).estimate, 0);
    });
  });

  describe('Settings (MS-ASCMD 2.2.1.18)', () => {
    it('tells all addresses of the user, in the form of the version', async () => {
      const get = t('Settings:UserInformation', t('Settings:Get'));
      const addresses = (await phone.settings(get)).child(
        'Settings:UserInformation',
        'Settings:Get',
        'Settings:Accounts',
        'Settings:Account',
        'Settings:EmailAddresses',
      );
      assert.equal(addresses?.text('Settings:PrimarySmtpAddress'), 'alice@example.test');
      assert.equal(addresses?.all('Settings:SMTPAddress').length, 2);
      const old = await (await server.ready({ deviceId: 'old', version: '14.0' })).settings(get);
      assert.ok(old.child('Settings:UserInformation', 'Settings:Get', 'Settings:EmailAddresses'));
    });

    it('keeps device information, and says that there is no out of office (Status 7)', async () => {
      const answer = await phone.settings(
        t('Settings:DeviceInformation', t('Settings:Set', t('Settings:Model', 'Other model'))),
        t('Settings:Oof', t('Settings:Get', t('Settings:BodyType', 'Text'))),
      );
      assert.deepEqual(
        answer.kids.map((kid) => kid.local),
        ['Status', 'DeviceInformation', 'Oof'],
      );
      assert.equal(answer.child('Settings:Oof')?.text('Settings:Status'), '7');
      const { device } = (await server.services.devices.open(server.session, 'testphone1', [])) ?? assert.fail();
      assert.equal(device.information.Model, 'Other model');
    });

    it('refuses what it can not do, each property for itself', async () => {
      const on = t('Settings:Oof', t('Settings:Set', t('Settings:OofState', 1)));
      const answer = await phone.settings(on, t('Settings:DevicePassword', t('Settings:Set', t('Settings:Password', 'x'))));
      assert.equal(answer.child('Settings:Oof')?.text('Settings:Status'), '7');
      assert.equal(answer.child('Settings:DevicePassword')?.text('Settings:Status'), '7');
    });
  });
});
