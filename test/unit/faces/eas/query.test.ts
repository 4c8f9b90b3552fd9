import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedQuery, parseQuery } from '../../../../src/faces/eas/query.js';

describe('request line (MS-ASHTTP 2.2.1.1.1)', () => {
  it('reads the plain form with the headers beside it', () => {
    const query = parseQuery('?Cmd=Sync&User=alice&DeviceId=ABC123&DeviceType=iPhone', {
      'ms-asprotocolversion': '16.1',
      'x-ms-policykey': '3942919513',
      'ms-asacceptmultipart': 'T',
    });
    assert.deepEqual(
      [query.command, query.version, query.deviceId, query.deviceType, query.policyKey, query.acceptMultipart],
      ['Sync', '16.1', 'ABC123', 'iPhone', 3942919513, true],
    );
  });

  it('reads the names of parameters in any case', () => {
    assert.equal(parseQuery('cmd=Ping&DEVICEID=x', {}).deviceId, 'x');
    assert.equal(parseQuery('Cmd=SendMail&SaveInSent=T', {}).saveInSent, true);
  });

  it('reads the example of the base64 form', () => {
    const query = parseQuery('jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l', {});
    assert.deepEqual(
      [query.command, query.version, query.deviceId, query.deviceType, query.policyKey],
      ['Sync', '14.0', 'v140Device', 'SmartPhone', null],
    );
  });

  it('reads policy key, options and parameters of the base64 form', () => {
    const bytes = Buffer.concat([
      Buffer.from([161, 19, 9, 4, 3]),
      Buffer.from('dev'),
      Buffer.from([4, 1, 2, 0, 0, 2]),
      Buffer.from('iP'),
      Buffer.from([7, 1, 2, 1, 2]),
      Buffer.from('m1'),
    ]);
    const query = parseQuery(encodeURIComponent(bytes.toString('base64')), {});
    assert.deepEqual(
      [query.command, query.version, query.policyKey, query.acceptMultipart, query.collectionId],
      ['ItemOperations', '16.1', 0x0201, true, 'm1'],
    );
  });

  it('makes a binary device id hexadecimal', () => {
    const bytes = Buffer.concat([Buffer.from([141, 18, 9, 4, 16]), Buffer.alloc(16, 0xab), Buffer.from([0, 0])]);
    assert.equal(parseQuery(bytes.toString('base64'), {}).deviceId, 'ab'.repeat(16));
  });

  for (const text of ['', '?', 'x y', '%zz', 'AAAA', 'jAAJBAp2MTQw', 'a'.repeat(5000), 'oQ=='])
    it(`refuses ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.throws(() => parseQuery(text, {}), MalformedQuery);
    });

  it('has no device id where it is unusable', () => {
    for (const id of ['', 'a b', 'x'.repeat(65), '../..', 'a,b'])
      assert.equal(parseQuery(`Cmd=Sync&DeviceId=${encodeURIComponent(id)}`, {}).deviceId, '', id);
  });

  it('knows no version that does not exist', () => {
    assert.equal(parseQuery('Cmd=Sync', { 'ms-asprotocolversion': '17.0' }).version, undefined);
  });
});
