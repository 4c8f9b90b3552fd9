import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Dovecot } from '../../src/demo/dovecot.js';
import { onEnd } from '../support/cleanup.js';
import { freshDatabase } from '../support/cluster.js';
import { DavClient } from '../support/dav-client.js';
import { startTestDovecot } from '../support/dovecot.js';
import { EasPhone } from '../support/eas-phone.js';
import { message } from '../support/eas-phone-world.js';
import { type Gateway, startGateway } from '../support/gateway.js';

const ANN = 'ann@one.example';
const BEN = 'ben@two.example';

describe('two domains with mail servers of their own (MAIL_SERVERS)', () => {
  let one: Dovecot;
  let two: Dovecot;
  let gateway: Gateway;
  before(async () => {
    [one, two] = await Promise.all([
      startTestDovecot({ users: { [ANN]: 'demo' } }),
      startTestDovecot({ users: { [BEN]: 'demo' } }),
    ]);
    const table = { 'one.example': { imap: one.url }, 'two.example': { imap: two.url } };
    gateway = await startGateway({ databaseUrl: await freshDatabase(), env: { MAIL_SERVERS: JSON.stringify(table) } });
  });

  const login = async (user: string): Promise<number> => {
    const client = new DavClient({ url: gateway.url, user, password: 'demo' });
    try {
      return (await client.request('PROPFIND', '/dav/', { depth: 0 })).status;
    } finally {
      client.close();
    }
  };

  test('each user is known by the server of his domain, and nobody by none', async () => {
    assert.deepEqual(await Promise.all([ANN, BEN, 'ann@three.example'].map(login)), [207, 207, 401]);
    assert.match(one.logs(), /Login: user=<ann@one\.example>/);
    assert.doesNotMatch(one.logs(), /two\.example|three\.example/);
  });

  test('while the server of one is away, the mail of the other goes on', async () => {
    await one.stop();
    await two.deliver(BEN, message({ to: BEN, subject: 'still here', text: 'x' }));
    assert.equal(await login('nobody@one.example'), 503);
    const phone = new EasPhone({ url: gateway.url, user: BEN, password: 'demo', deviceId: 'two1' });
    onEnd(() => phone.close());
    await phone.provision();
    await phone.folderSync();
    await phone.syncAll(phone.folder(2));
    assert.deepEqual(
      [...phone.folder(2).items.values()].map((item) => item.text('Email:Subject')),
      ['still here'],
    );
  });
});
