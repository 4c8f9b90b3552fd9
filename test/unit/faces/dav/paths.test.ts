import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BadPath, collectionPath, encodeSegment, filePath, parsePath } from '../../../../src/faces/dav/paths.js';

describe('parsePath', () => {
  const READ: readonly (readonly [string, unknown])[] = [
    ['/', { at: 'root', href: '/' }],
    ['/principals/', { at: 'root', href: '/principals/' }],
    ['/calendar/dav/a%40b/user/', { at: 'root', href: '/calendar/dav/a%40b/user/' }],
    ['/.well-known/caldav', { at: 'well-known' }],
    ['/.well-known/carddav/', { at: 'well-known' }],
    ['/dav', { at: 'context' }],
    ['/dav/?x=/y', { at: 'context' }],
    ['/dav/principals', { at: 'principals' }],
    ['/dav/principals/a@b/', { at: 'principal', user: 'a@b' }],
    ['/dav/principals/a/b', { at: 'nowhere' }],
    // Thunderbird encodes the encoded address once more when it asks about scheduling.
    ['/dav/principals/a%252Bb%2540c/', { at: 'principal', user: 'a+b@c' }],
    ['/dav/principals/a%2540b@c/', { at: 'principal', user: 'a%40b@c' }],
    ['/dav/calendars/', { at: 'homes', type: 'calendars' }],
    ['/dav/calendars/a%40b', { at: 'home', type: 'calendars', user: 'a@b' }],
    ['/dav/addressbooks/a@b/c%C3%BC/', { at: 'collection', type: 'addressbooks', user: 'a@b', slug: 'cü' }],
    ['/dav/calendars/a/b/c%20d+e.ics', { at: 'item', type: 'calendars', user: 'a', slug: 'b', name: 'c d+e.ics' }],
    ['/dav/calendars/a/b/%2525.ics', { at: 'item', type: 'calendars', user: 'a', slug: 'b', name: '%25.ics' }],
    ['/dav/calendars/a/b/c/d', { at: 'nowhere' }],
    ['/dav/other/', { at: 'nowhere' }],
    ['/dav/files/', { at: 'files' }],
    ['/dav/files/a/', { at: 'file', user: 'a', path: '' }],
    ['/dav/files/a/b/c.txt', { at: 'file', user: 'a', path: 'b/c.txt' }],
    ['http://host:8080/dav/calendars/a/b/', { at: 'collection', type: 'calendars', user: 'a', slug: 'b' }],
    ['/Microsoft-Server-ActiveSync', null],
    ['/autodiscover/../dav', null],
    ['/davs/', null],
  ];
  for (const [path, place] of READ) it(`reads ${path}`, () => assert.deepEqual(parsePath(path), place));

  const REFUSED = [
    '/dav/calendars/a/b/..',
    '/dav/calendars/../x',
    '/dav/./calendars',
    '/dav/calendars/a/%2e%2e/b',
    '/dav/calendars/a/%2E/b',
    '/dav/calendars/a/b%2fc',
    '/dav/calendars/a/b%2Fc/d',
    '/dav/calendars/a/b%5cc',
    '/dav/calendars/a\\b/',
    '/dav/calendars//b',
    '/dav//',
    '/dav/calendars/a/%00',
    '/dav/calendars/a/x%0d%0aSet-Cookie:x',
    '/dav/calendars/a/%7f',
    '/dav/calendars/a/%ff.ics',
    '/dav/calendars/a/%c0%af',
    '/dav/calendars/a/%zz',
    '/dav/calendars/a/%',
    '/dav/principals/a%252f%2540b/',
    '/dav/principals/a%25zz%2540b/',
    '/dav/calendars/a/b#c',
    `/dav/calendars/${'a'.repeat(1_100)}/`,
    `/dav/${'a/'.repeat(3_000)}`,
  ];
  for (const path of REFUSED) it(`refuses ${path.slice(0, 60)}`, () => assert.throws(() => parsePath(path), BadPath));
});

describe('paths of answers', () => {
  it('have one encoding, which is read back', () => {
    for (const name of ['a b', 'ü', 'a@b', "o'(n)e!*", 'a%41', '€+;,=&', '日本']) {
      const path = collectionPath('calendars', 'a@b', name);
      assert.match(path, /^[A-Za-z0-9/._~%-]+$/);
      assert.deepEqual(parsePath(path), { at: 'collection', type: 'calendars', user: 'a@b', slug: name });
    }
    assert.equal(encodeSegment('a@b'), 'a%40b');
    assert.equal(filePath('a', 'b c/d', true), '/dav/files/a/b%20c/d/');
    assert.equal(filePath('a', '', true), '/dav/files/a/');
  });
});
