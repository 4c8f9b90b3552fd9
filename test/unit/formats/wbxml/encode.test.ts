import assert from 'node:assert/strict';
import { PassThrough, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { decode } from '../../../../src/formats/wbxml/decode.js';
import { encode, WbxmlWriter } from '../../../../src/formats/wbxml/encode.js';
import type { TagName } from '../../../../src/formats/wbxml/pages.js';
import { el } from '../../../../src/formats/wbxml/tree.js';

const digits = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const ENCODED: readonly [what: string, tree: ReturnType<typeof el>, digits: string][] = [
  ['an empty element carries no content bit', el('AirSync:Sync'), '03016a0005'],
  ['an empty string is no content', el('AirSync:Sync', ''), '03016a0005'],
  ['no bytes are no content', el('AirSync:Sync', new Uint8Array(0)), '03016a0005'],
  ['the root of another page switches first', el('Ping:Ping'), '03016a00000d05'],
  [
    'pages are switched only when needed',
    el('AirSync:Sync', el('AirSyncBase:Body', el('AirSyncBase:Type')), el('AirSyncBase:Body'), el('AirSync:Status')),
    '03016a0045 0011 4a 06 01 0a 0000 0e 01',
  ],
  ['text is STR_I in UTF-8', el('AirSync:Sync', 'é€😀'), '03016a0045 03 c3a9 e282ac f09f9880 00 01'],
  [
    'characters that XML forbids are left out',
    el('AirSync:Sync', 'a\0\u0001\u001f\ufffe\tb\r\n'),
    '03016a0045 03 61 09 62 0d 0a 00 01',
  ],
  ['half a surrogate pair becomes U+FFFD', el('AirSync:Sync', 'a\ud800'), '03016a0045 03 61 efbfbd 00 01'],
  ['bytes are OPAQUE', el('AirSync:Sync', new Uint8Array([0, 1, 255])), '03016a0045 c303 0001ff 01'],
];

for (const [what, tree, expected] of ENCODED) {
  test(what, () => assert.equal(digits(encode(tree)), expected.replace(/ /g, '')));
}

test('lengths of OPAQUE take as many bytes as they need', () => {
  for (const [length, prefix] of [
    [127, '7f'],
    [128, '8100'],
    [16_383, 'ff7f'],
    [16_384, '818000'],
    [3_000_000, '81b78d40'],
  ] as const) {
    const bytes = encode(el('AirSync:Sync', new Uint8Array(length).fill(7)));
    assert.equal(digits(bytes.subarray(5, 6 + prefix.length / 2)), `c3${prefix}`);
    assert.deepEqual(decode(bytes), el('AirSync:Sync', new Uint8Array(length).fill(7)));
  }
});

test('a tag that does not exist is a fault of the program', () => {
  assert.throws(() => encode(el('AirSync:Sink' as TagName)), /no WBXML token for AirSync:Sink/);
});

test('the writer gives the same bytes as encode', async () => {
  const items = Array.from({ length: 500 }, (_, n) =>
    el('AirSync:Add', el('AirSync:ServerId', n), el('Email:Subject', 'x'.repeat(n))),
  );
  const out = new PassThrough();
  const received = buffer(out);
  const writer = new WbxmlWriter(out);
  writer.open('AirSync:Sync');
  await writer.node(el('AirSync:Status', 1));
  writer.open('AirSync:Commands');
  await writer.nodes(items);
  writer.close();
  writer.open('AirSync:MoreAvailable');
  writer.close();
  writer.close();
  await writer.end();
  out.end();
  const whole = el('AirSync:Sync', el('AirSync:Status', 1), el('AirSync:Commands', items), el('AirSync:MoreAvailable'));
  assert.equal(digits(await received), digits(encode(whole)));
});

test('the writer waits for a slow receiver and holds little', async () => {
  let waiting = 0;
  let most = 0;
  const slow = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      waiting += chunk.length;
      most = Math.max(most, waiting);
      setImmediate(() => {
        waiting -= chunk.length;
        done();
      });
    },
  });
  const writer = new WbxmlWriter(slow);
  writer.open('AirSync:Sync');
  for (let n = 0; n < 2000; n++) await writer.node(el('Email:Subject', 'x'.repeat(1000)));
  writer.close();
  await writer.end();
  assert.ok(most < 100_000, `${most} bytes were waiting`);
  assert.equal(slow.listenerCount('drain') + slow.listenerCount('close'), 0);
});

test('the writer tells that the receiver is gone', async () => {
  const stuck = new Writable({ highWaterMark: 1, write() {} });
  const writer = new WbxmlWriter(stuck);
  writer.open('AirSync:Sync');
  const writing = writer.node('x'.repeat(40_000));
  setImmediate(() => stuck.destroy());
  await assert.rejects(writing, /receiver is gone/);
  await assert.rejects(writer.node('x'.repeat(40_000)), /receiver is gone/);
});

test('the writer refuses an unbalanced document', async () => {
  const writer = new WbxmlWriter(new PassThrough());
  writer.open('AirSync:Sync');
  await assert.rejects(writer.end(), /inside an element/);
  writer.close();
  assert.throws(() => writer.close(), /without an open element/);
});
