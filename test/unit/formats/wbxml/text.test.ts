import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dump } from '../../../../src/formats/wbxml/text.js';
import { el, text } from '../../../../src/formats/wbxml/tree.js';

test('a dump shows one element a line', () => {
  const tree = el(
    'AirSync:Sync',
    el('AirSync:Status', 1),
    el('AirSync:MoreAvailable'),
    el('Email2:ConversationId', new Uint8Array(16)),
  );
  assert.equal(
    dump(tree),
    ['AirSync:Sync', '  AirSync:Status "1"', '  AirSync:MoreAvailable', '  Email2:ConversationId <16 bytes>'].join('\n'),
  );
});

test('long values are shortened and line breaks stay in their line', () => {
  assert.equal(dump(el('Email:Subject', 'a\nbcdef'), { width: 3 }), 'Email:Subject "a\\nb"… (7 characters)');
});

test('passwords are left out', () => {
  assert.equal(
    dump(el('Settings:DevicePassword', el('Settings:Password', 'hunter2'))),
    'Settings:DevicePassword\n  Settings:Password ***',
  );
});

test('text() leaves NUL out, which OPAQUE can bring in', () => {
  assert.equal(text(el('AirSync:ServerId', new Uint8Array([0x35, 0x3a, 0x31, 0]))), '5:1');
});
