import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DomainError } from '../../../../../src/domain/errors.js';
import type { Account } from '../../../../../src/domain/types.js';
import { type EasPhone, type Tag, t } from '../../../../support/eas-phone.js';
import { type EasServer, startEasServer } from '../../../../support/eas-server.js';

const unavailable = () => Promise.reject(new DomainError('unavailable', 'down'));
const bug = () => Promise.reject(new Error('a bug'));
const never = () => new Promise<never>(() => undefined);

describe('when something behind the gateway fails, a command says so (MS-ASCMD 2.2.3.177)', () => {
  let server: EasServer;
  let phone: EasPhone;
  let inbox: string;
  let uid: number;

  before(async () => {
    server = await startEasServer();
    const attachment = { filename: 'a.bin', bytes: Buffer.from('abc') };
    uid = server.mail.deliver('INBOX', { subject: 'Hello', text: 'x', attachment });
    phone = await server.ready({ deviceId: 'failures' });
    inbox = server.mail.byName('INBOX').id;
  });
  after(() => server.close());

  /** Lets a method of the mailbox fail during some work. */
  async function failing<T>(
    method: 'search' | 'download' | 'send' | 'bodies',
    how: () => Promise<never>,
    work: () => Promise<T>,
  ): Promise<T> {
    Object.assign(server.mail, { [method]: how });
    try {
      return await work();
    } finally {
      delete (server.mail as unknown as Record<string, unknown>)[method];
    }
  }

  const words = (text: string) => [t('Search:And', t('AirSync:Class', 'Email'), t('Search:FreeText', text))];
  const searched = async (text: string) => (await phone.search('Mailbox', words(text))).text('Search:Status');
  const found = async (text: string) => {
    const criterion = t('Find:MailBoxSearchCriterion', t('Find:Query', t('Find:FreeText', text)));
    return (await phone.find(criterion)).text('Find:Response', 'Find:Status');
  };

  it('Search is 3, Find Response 2, when the mail server fails', async () => {
    for (const how of [unavailable, bug]) {
      assert.equal(await failing('search', how, () => searched('a')), '3');
      assert.equal(await failing('search', how, () => found('a')), '2');
    }
  });

  it('Search is 10, Find Response 2, when nothing was found in ten seconds', async () => {
    const started = performance.now();
    const both = await failing('search', never, () => Promise.all([searched('slow'), found('slow')]));
    assert.deepEqual(both, ['10', '2']);
    assert.ok(performance.now() - started < 15_000);
  });

  const operation = async (...what: Tag[]) => {
    const answer = await phone.itemOperations([t('ItemOperations:Fetch', t('ItemOperations:Store', 'Mailbox'), what)]);
    return answer.text('ItemOperations:Response', 'ItemOperations:Fetch', 'ItemOperations:Status');
  };
  const item = () => operation(t('AirSync:CollectionId', inbox), t('AirSync:ServerId', `${inbox}:${uid}`));
  const file = () => operation(t('AirSyncBase:FileReference', `${inbox}:${uid}:2`));

  it('ItemOperations Fetch is 3, too large 11, what can not be shown 14', async () => {
    assert.equal(await item(), '1');
    assert.equal(await file(), '1');
    assert.equal(await failing('download', bug, file), '3');
    assert.equal(await failing('bodies', unavailable, item), '3');
    const tooLarge = () => Promise.reject(new DomainError('too-large', 'too large'));
    assert.equal(await failing('download', tooLarge, file), '11');
    server.mail.poison.add(uid);
    assert.equal(await item(), '14');
    server.mail.poison.delete(uid);
  });

  it('SmartReply and SmartForward are 120, too large 122, and can be sent again', async () => {
    const source = { folder: inbox, item: `${inbox}:${uid}` };
    const mime = 'From: alice@example.test\r\nTo: bob@example.test\r\nSubject: x\r\n\r\nx';
    const reply = () => phone.compose('SmartReply', { mime, source, clientId: 'again' });
    assert.equal(await failing('send', unavailable, reply), '120');
    const tooLarge = () => Promise.reject(new DomainError('too-large', 'too large'));
    assert.equal(await failing('send', tooLarge, reply), '122');
    assert.equal(await reply(), '1');
    assert.equal(await reply(), '118');
  });

  const account = (n: number): Account => ({
    id: `a${n}`,
    address: `a${n}@example.test`,
    aliases: [],
    displayName: `A ${n}`,
    zone: 'UTC',
  });
  const span = t('ResolveRecipients:Availability', t('ResolveRecipients:StartTime', '2027-03-01T08:00:00.000Z'));
  const resolve = (names: readonly string[]) => {
    const to = names.map((name) => t('ResolveRecipients:To', name));
    return phone.ask('ResolveRecipients', t('ResolveRecipients:ResolveRecipients', to, t('ResolveRecipients:Options', span)));
  };
  const availabilities = (answer: Tag) =>
    [...answer.walk()].filter(({ local }) => local === 'Availability').map((each) => each.text('ResolveRecipients:Status'));

  it('ResolveRecipients: availability 162 for a passing failure, 163 without a right, 160 for too many', async () => {
    const directory = { byAddress: async () => null, find: async () => Array.from({ length: 60 }, (_, n) => account(n)) };
    Object.assign(server.services, { directory, availability: { ofAccount: async () => [] } });
    const many = availabilities(await resolve(['a', 'b']));
    assert.equal(many.length, 120);
    assert.deepEqual([many[99], many[100]], ['1', '160']);
    Object.assign(server.services, { availability: { ofAccount: unavailable } });
    assert.equal(availabilities(await resolve(['a']))[0], '162');
    const forbidden = () => Promise.reject(new DomainError('forbidden', 'no'));
    Object.assign(server.services, { availability: { ofAccount: forbidden } });
    assert.equal(availabilities(await resolve(['a']))[0], '163');
  });

  it('ResolveRecipients is 6, Search of the address list 3, Find 2 when the directory fails', async () => {
    Object.assign(server.services, { directory: { byAddress: unavailable, find: unavailable } });
    assert.equal((await resolve(['a'])).text('ResolveRecipients:Status'), '6');
    assert.equal((await phone.search('GAL', ['a'])).text('Search:Status'), '3');
    const people = await phone.find(t('Find:GalSearchCriterion', t('Find:Query', 'a')));
    assert.equal(people.text('Find:Response', 'Find:Status'), '2');
  });
});
