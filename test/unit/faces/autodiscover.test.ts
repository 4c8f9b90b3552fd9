import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import express from 'express';
import { autodiscoverRouter } from '../../../src/faces/autodiscover/endpoint.js';
import { parseXml } from '../../../src/formats/xml/read.js';

const SCHEMA = 'http://schemas.microsoft.com/exchange/autodiscover/mobilesync';

describe('autodiscover', () => {
  let base: string;
  let close: () => void;

  before(async () => {
    const settings = {
      publicUrl: 'https://sync.example.test',
      imap: { host: 'mail.example.test', port: 993, security: 'tls' as const },
      smtp: { host: 'mail.example.test', port: 587, security: 'starttls' as const },
    };
    const router = autodiscoverRouter((address) => (address.endsWith('@example.test') ? settings : undefined));
    const server = express()
      .use(express.raw({ type: () => true }), router)
      .listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    close = () => server.close();
  });

  after(() => close());

  const ask = async (body: string, path = '/Autodiscover/Autodiscover.xml') => {
    const answer = await fetch(base + path, { method: 'POST', body, headers: { 'content-type': 'text/xml' } });
    assert.equal(answer.status, 200);
    const text = await answer.text();
    parseXml(Buffer.from(text));
    return text;
  };
  const request = (address: string, schema = `${SCHEMA}/responseschema/2006`) =>
    `<?xml version="1.0"?><Autodiscover xmlns="${SCHEMA}/requestschema/2006"><Request><EMailAddress>${address}</EMailAddress>` +
    `<AcceptableResponseSchema>${schema}</AcceptableResponseSchema></Request></Autodiscover>`;

  it('tells the ActiveSync URL in any case of the path (MS-ASCMD 2.2.1.1)', async () => {
    for (const path of ['/Autodiscover/Autodiscover.xml', '/autodiscover/autodiscover.xml', '/AutoDiscover/AutoDiscover.xml']) {
      const text = await ask(request('Alice@Example.test'), path);
      assert.match(text, /<Type>MobileSync<\/Type><Url>https:\/\/sync\.example\.test\/Microsoft-Server-ActiveSync<\/Url>/);
      assert.match(text, /<EMailAddress>alice@example.test<\/EMailAddress>/);
    }
  });

  it('answers errors with the codes of MS-OXDSCLI', async () => {
    assert.match(await ask(request('a@other.test')), /<ErrorCode>500</);
    assert.match(await ask(request('no address')), /<ErrorCode>500</);
    const outlook = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a';
    assert.match(await ask(request('a@example.test', outlook)), /<ErrorCode>601</);
    for (const bad of ['', '<', '<a/>', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
      assert.match(await ask(bad), /<ErrorCode>600</);
  });

  it('answers Autodiscover V2', async () => {
    for (const path of [
      '/autodiscover/autodiscover.json/v1.0/a@example.test?Protocol=ActiveSync',
      '/Autodiscover/Autodiscover.json?Email=a%40example.test&Protocol=ActiveSync&RedirectCount=1',
    ]) {
      assert.deepEqual(await (await fetch(base + path)).json(), {
        Protocol: 'ActiveSync',
        Url: 'https://sync.example.test/Microsoft-Server-ActiveSync',
      });
    }
    const status = async (search: string) => (await fetch(`${base}/autodiscover/autodiscover.json${search}`)).status;
    assert.equal(await status('?Email=a@example.test'), 400);
    assert.equal(await status('?Email=a@example.test&Protocol=EWS'), 400);
    assert.equal(await status('?Email=a@other.test&Protocol=ActiveSync'), 404);
    assert.equal(await status('?Protocol=ActiveSync'), 404);
  });

  it('configures Thunderbird with mail, calendar and contacts', async () => {
    for (const path of ['/mail/config-v1.1.xml', '/.well-known/autoconfig/mail/config-v1.1.xml']) {
      const text = await (await fetch(`${base}${path}?emailaddress=a%40example.test`)).text();
      parseXml(Buffer.from(text));
      for (const part of ['<socketType>SSL</socketType>', '<port>587</port>', 'type="caldav"', 'type="carddav"'])
        assert.ok(text.includes(part), part);
      assert.equal((await fetch(`${base}${path}`)).status, 404);
    }
  });

  it('makes Apple profiles that stay the same and hold no password', async () => {
    for (const [kind, payload] of [
      ['exchange', 'com.apple.eas.account'],
      ['internet', 'com.apple.caldav.account'],
    ] as const) {
      const get = async () => fetch(`${base}/setup/${kind}.mobileconfig?email=a%40example.test`);
      const answer = await get();
      assert.equal(answer.headers.get('content-type'), 'application/x-apple-aspen-config');
      const text = await answer.text();
      assert.ok(text.includes(`<string>${payload}</string>`));
      assert.equal(text, await (await get()).text());
      for (const [uuid] of text.matchAll(/<key>PayloadUUID<\/key><string>([^<]+)/g))
        assert.match(uuid, /[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
    }
  });
});
