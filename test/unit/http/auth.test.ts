import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseBasic } from '../../../src/http/auth.js';

const header = (bytes: Buffer | string) => `Basic ${Buffer.from(bytes as string).toString('base64')}`;

describe('parseBasic', () => {
  it('reads user and password, colons in the password included', () => {
    assert.deepEqual(parseBasic(header('alice:a:b')), { username: 'alice', password: 'a:b' });
    assert.deepEqual(parseBasic(header('alice:')), { username: 'alice', password: '' });
  });

  it('reads UTF-8, and ISO-8859-1 as Outlook sends it', () => {
    assert.deepEqual(parseBasic(header('jürgen:pässwort')), { username: 'jürgen', password: 'pässwort' });
    assert.deepEqual(parseBasic(header(Buffer.from('jürgen:pässwort', 'latin1'))), { username: 'jürgen', password: 'pässwort' });
  });

  it('refuses everything else', () => {
    for (const bad of [
      undefined,
      '',
      'Basic',
      'Basic !!!',
      'Bearer abc',
      header('nocolon'),
      header(':x'),
      header('a\0b:x'),
      header('a:x\n'),
    ]) {
      assert.equal(parseBasic(bad), undefined, String(bad));
    }
  });
});
