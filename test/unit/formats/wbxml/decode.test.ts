import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, WbxmlError, type WbxmlLimits } from '../../../../src/formats/wbxml/decode.js';
import { el } from '../../../../src/formats/wbxml/tree.js';

const HEADER = '03016a00';
const hex = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits.replace(/\s/g, ''), 'hex'));

/** Documents that EAS never needs but clients and gateways on the way produce. */
const TOLERATED: readonly [what: string, digits: string, tree: ReturnType<typeof el>][] = [
  ['version 1.1', '01016a00 05', el('AirSync:Sync')],
  ['version 1.2', '02016a00 05', el('AirSync:Sync')],
  ['a public id of its own', '039f536a00 05', el('AirSync:Sync')],
  ['a public id from the string table', '0300006a00 05', el('AirSync:Sync')],
  ['an unknown character set', '03010000 05', el('AirSync:Sync')],
  ['a content bit with nothing inside', `${HEADER} 45 01`, el('AirSync:Sync')],
  ['an empty string', `${HEADER} 45 0300 01`, el('AirSync:Sync')],
  ['an empty OPAQUE', `${HEADER} 45 c300 01`, el('AirSync:Sync')],
  ['text from the string table', '03016a04 61006200 45 4b 8302 01 01', el('AirSync:Sync', el('AirSync:SyncKey', 'b'))],
  [
    'a reference into the middle of a table entry',
    '03016a04 61626300 45 4b 8301 01 01',
    el('AirSync:Sync', el('AirSync:SyncKey', 'bc')),
  ],
  ['an entity', `${HEADER} 45 4b 0341 00 02 8f 20 0342 00 01 01`, el('AirSync:Sync', el('AirSync:SyncKey', 'A\u07a0B'))],
  ['a needless page switch', `${HEADER} 0000 45 0000 4b 0331 00 01 01`, el('AirSync:Sync', el('AirSync:SyncKey', '1'))],
  ['a page switch before END', `${HEADER} 45 0011 01`, el('AirSync:Sync')],
  ['an unknown tag', `${HEADER} 45 3f 4b 0331 00 01 01`, el('AirSync:Sync', el('AirSync:SyncKey', '1'))],
  [
    'an unknown tag with known ones inside',
    `${HEADER} 45 7f 4b 0331 00 01 c30158 01 4b 0332 00 01 01`,
    el('AirSync:Sync', el('AirSync:SyncKey', '2')),
  ],
  ['a page switch inside an unknown tag', `${HEADER} 45 7f 0011 01 4a 01 01`, el('AirSync:Sync', el('AirSyncBase:Body'))],
  ['broken UTF-8', `${HEADER} 45 4b 03 c328 00 01 01`, el('AirSync:Sync', el('AirSync:SyncKey', '\ufffd('))],
  ['a token of protocol 2.5', `${HEADER} 45 59 0331 00 01 01`, el('AirSync:Sync', el('AirSync:Truncation', '1'))],
];

for (const [what, digits, tree] of TOLERATED) {
  test(`reads ${what}`, () => assert.deepEqual(decode(hex(digits)), tree));
}

const HOSTILE: readonly [what: string, digits: string, message: RegExp][] = [
  ['nothing', '', /ends too early/],
  ['a header alone', HEADER, /ends too early/],
  ['version 1.0', '00016a00 05', /version/],
  ['version 2', '14016a00 05', /version/],
  ['XML', Buffer.from('<?xml version="1.0"?>').toString('hex'), /version/],
  ['Latin-1', '03010400 05', /character set 4/],
  ['UTF-16', '03018777 00 05', /character set 1015/],
  ['a string table beyond the end', '03016a8fffffff0f 05', /beyond the end/],
  ['a number without an end', '0301ffffffffffff', /longer than five/],
  ['a number above 32 bits', '03019f80808000', /above 32 bits/],
  ['an unknown root', `${HEADER} 3f`, /unknown root/],
  ['an unknown page', `${HEADER} 001a 05`, /unknown code page 26/],
  ['page 254', `${HEADER} 00fe 05`, /unknown code page 254/],
  ['END before anything', `${HEADER} 01`, /END without/],
  ['an element without END', `${HEADER} 45 4b`, /ends too early/],
  ['one END too many', `${HEADER} 45 01 01`, /after the root/],
  ['two roots', `${HEADER} 05 05`, /after the root/],
  ['bytes at the end', `${HEADER} 05 00`, /after the root/],
  ['text before the root', `${HEADER} 0331 00`, /outside the root/],
  ['OPAQUE before the root', `${HEADER} c30131`, /outside the root/],
  ['a string without NUL', `${HEADER} 45 4b 0331`, /without an end/],
  ['OPAQUE beyond the end', `${HEADER} 45 c37f 31 01`, /beyond the end/],
  ['OPAQUE of 4 GB', `${HEADER} 45 c38fffffff7f 31 01`, /beyond the end/],
  ['a reference outside the table', '03016a02 6100 45 8302 01', /outside the string table/],
  ['a reference without a table', `${HEADER} 45 8300 01`, /outside the string table/],
  ['a table entry without NUL', '03016a02 6161 45 8300 01', /without an end/],
  ['attributes', `${HEADER} c5 01 01`, /token 0xc5/],
  ['attributes without content', `${HEADER} 85 01`, /token 0x85/],
  ['a literal tag', '03016a02 6100 0400', /token 0x4/],
  ['a literal tag with content', '03016a02 6100 4400 01', /token 0x44/],
  ['a processing instruction', `${HEADER} 43 05 01 05`, /token 0x43/],
  ['EXT_I_0', `${HEADER} 45 40 6100 01`, /token 0x40/],
  ['EXT_T_0', `${HEADER} 45 80 00 01`, /token 0x80/],
  ['EXT_0', `${HEADER} 45 c0 01`, /token 0xc0/],
  ['a character beyond Unicode', `${HEADER} 45 02 c48000 01`, /does not exist/],
  ['half a surrogate pair', `${HEADER} 45 02 83b000 01`, /does not exist/],
  ['NUL as an entity', `${HEADER} 45 02 00 01`, /does not exist/],
];

for (const [what, digits, message] of HOSTILE) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => decode(hex(digits)),
      (error) => error instanceof WbxmlError && message.test(error.message),
    );
  });
}

const nested = (depth: number): Uint8Array => hex(`${HEADER} ${'45'.repeat(depth)} ${'01'.repeat(depth)}`);

test('elements may be 64 deep and no deeper', () => {
  assert.equal(decode(nested(64)).tag, 'AirSync:Sync');
  assert.throws(() => decode(nested(65)), WbxmlError);
  assert.throws(() => decode(nested(2_000_000)), WbxmlError);
});

test('unknown elements count for the depth too', () => {
  assert.throws(() => decode(hex(`${HEADER} 45 ${'7f'.repeat(64)} ${'01'.repeat(65)}`)), WbxmlError);
});

const BOUNDED: readonly [what: string, limits: Partial<WbxmlLimits>, digits: string][] = [
  ['elements', { nodes: 10 }, `${HEADER} 45 ${'05'.repeat(10)} 01`],
  ['unknown elements', { nodes: 10 }, `${HEADER} 45 ${'3f'.repeat(10)} 01`],
  ['strings', { nodes: 10 }, `${HEADER} 45 ${'034100'.repeat(10)} 01`],
  ['byte runs', { nodes: 10 }, `${HEADER} 45 ${'c30141'.repeat(10)} 01`],
  ['text from the string table', { tableText: 10 }, `03016a04 61626300 45 ${'8300'.repeat(3)} 01`],
];

for (const [what, limits, digits] of BOUNDED) {
  test(`the number of ${what} is bounded`, () => {
    assert.ok(decode(hex(digits)));
    assert.throws(() => decode(hex(digits), limits), WbxmlError);
  });
}

test('a string table that is named again and again does not fill the memory', () => {
  const table = Buffer.concat([Buffer.alloc(0x3fff, 0x61), Buffer.from([0])]);
  const body = Buffer.concat([hex('03016a818000'), table, hex(`45 ${'8300'.repeat(100_000)} 01`)]);
  assert.throws(() => decode(body), /too much text/);
});

test('OPAQUE is a view of the body, strings are joined', () => {
  const body = hex(`${HEADER} 45 0361 00 0362 00 c3020102 0363 00 01`);
  assert.deepEqual(decode(body), el('AirSync:Sync', 'ab', new Uint8Array([1, 2]), 'c'));
});
