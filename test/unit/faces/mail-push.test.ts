import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import express from 'express';
import { MailPush } from '../../../src/domain/notify/mail-push.js';
import { mailPushRouter } from '../../../src/faces/mail-push/endpoint.js';

describe('mail push endpoint', () => {
  const published: string[] = [];
  let looked = 0;
  let url: string;
  let close: () => void;

  before(async () => {
    const push = new MailPush({
      accounts: {
        byAddress: async (address) =>
          address === 'a@example.test' ? { id: 'A', address, aliases: [], displayName: '', zone: 'UTC' } : null,
      },
      folders: {
        load: async () => {
          looked++;
          return [{ id: '7', path: 'INBOX', delimiter: '/', role: 'inbox', selectable: true, uidValidity: '1', objectId: null }];
        },
      },
      hub: { publish: (account, collection) => published.push(`${account}/${collection}`) },
      clock: { now: () => new Date() },
    });
    const app = express()
      .use(express.raw({ type: () => true }))
      .use('/push/mail', mailPushRouter(push, 's3cret'));
    const server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/push/mail`;
    close = () => server.close();
  });

  after(() => close());

  const post = (body: string, authorization = 'Bearer s3cret') => fetch(url, { method: 'PUT', body, headers: { authorization } });

  it('signals the folder of a known user, looking once for many events', async () => {
    const event = JSON.stringify({ user: 'A@example.test', folder: 'inbox', event: 'MessageNew' });
    assert.equal((await post(event)).status, 204);
    assert.equal((await post(`[${event},${event}]`)).status, 204);
    assert.deepEqual([published.length, published[0], looked], [3, 'A/7', 1]);
  });

  it('answers the same for users and folders that are not here', async () => {
    published.length = 0;
    assert.equal((await post('{"user":"x@example.test","folder":"INBOX"}')).status, 204);
    assert.equal((await post('{"user":"a@example.test","folder":"Other"}')).status, 204);
    assert.deepEqual(published, []);
  });

  it('refuses callers without the secret, and what is no event', async () => {
    const basic = `Basic ${Buffer.from('dovecot:s3cret').toString('base64')}`;
    assert.equal((await post('{"user":"a","folder":"b"}', basic)).status, 204);
    for (const wrong of ['Bearer nope', 'Basic bm9wZQ==', 'Bearer', '']) assert.equal((await post('{}', wrong)).status, 401);
    for (const bad of [
      '',
      '{',
      '{}',
      '[1]',
      '{"user":"a"}',
      '{"user":"","folder":"x"}',
      JSON.stringify(Array(101).fill({ user: 'a', folder: 'b' })),
    ]) {
      assert.equal((await post(bad)).status, 400, bad.slice(0, 20));
    }
  });
});
