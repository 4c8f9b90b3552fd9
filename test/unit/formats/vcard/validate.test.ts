import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CardError, readCard } from '../../../../src/formats/vcard/validate.js';

const lines = (...inner: string[]) => ['BEGIN:VCARD', ...inner, 'END:VCARD', ''].join('\r\n');
const refused = (text: string, reason = 'valid-address-data') =>
  assert.throws(
    () => readCard(text),
    (error) => error instanceof CardError && error.reason === reason,
  );

describe('readCard', () => {
  it('reads 3.0 and 4.0', () => {
    const card3 = readCard(lines('VERSION:3.0', 'UID:a-1', 'FN:Ada\\, Countess', 'N:Lovelace;Ada;;;'));
    assert.deepEqual(card3, { uid: 'a-1', version: '3.0', fn: 'Ada, Countess' });
    assert.equal(readCard(lines('VERSION:4.0', 'UID:urn:uuid:1', 'FN:Ada')).uid, 'urn:uuid:1');
  });

  it('takes groups, unknown properties, lower case and bare line feeds', () => {
    const text =
      'begin:vcard\nversion:3.0\nitem1.tel;type=home:1\nitem1.X-ABLabel:Boat\nfn:Ada\nsocialprofile:x\nuid:u\nend:vcard\n';
    assert.deepEqual(readCard(text), { uid: 'u', version: '3.0', fn: 'Ada' });
  });

  it('says that a UID is missing', () => {
    assert.equal(readCard(lines('VERSION:3.0', 'FN:Ada')).uid, null);
    assert.equal(readCard(lines('VERSION:3.0', 'FN:Ada', 'UID: ')).uid, null);
  });

  it('finds a name where FN is missing or empty', () => {
    assert.equal(readCard(lines('VERSION:3.0', 'N:Lovelace;Ada;;;', 'UID:u')).fn, 'Lovelace Ada');
    assert.equal(readCard(lines('VERSION:3.0', 'FN:', 'EMAIL:ada@example.org', 'UID:u')).fn, 'ada@example.org');
    refused(lines('VERSION:3.0', 'UID:u'));
  });

  it('refuses what is not one card (RFC 6352 §5.1)', () => {
    refused('');
    refused('hello');
    refused('BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n');
    refused(lines('VERSION:3.0', 'FN:a', 'UID:1') + lines('VERSION:3.0', 'FN:b', 'UID:2'));
    refused(lines('VERSION:3.0', 'FN:a', 'UID:1', 'UID:2'));
    refused('BEGIN:VCARD\r\nVERSION:3.0\r\nFN:a\r\n');
  });

  it('takes 2.1, which clients are given as 3.0', () => {
    assert.equal(readCard(lines('VERSION:2.1', 'N:Lovelace;Ada', 'UID:u')).version, '2.1');
  });

  it('refuses versions it does not store', () => {
    refused(lines('VERSION:5.0', 'FN:a', 'UID:1'), 'supported-address-data');
    refused(lines('FN:a', 'UID:1'), 'supported-address-data');
  });

  it('is bounded', () => {
    assert.throws(() => readCard(lines('VERSION:3.0', `FN:${'x'.repeat(500)}`, 'UID:1'), { maxBytes: 100 }), CardError);
  });
});
