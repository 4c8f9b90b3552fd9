import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseIf, submittedTokens } from '../../../../src/faces/dav/if-header.js';
import { type DavRequest, depthOf, preferencesOf } from '../../../../src/faces/dav/message.js';
import { headerConditions, parseEntityTags } from '../../../../src/faces/dav/preconditions.js';

const request = (headers: Readonly<Record<string, string>>): DavRequest => ({
  method: 'PROPFIND',
  target: '/',
  place: { at: 'context' },
  header: (name) => headers[name],
  body: new Uint8Array(),
});

describe('entity tags', () => {
  it('are read in lists, weak ones too, and without quotes', () => {
    assert.equal(parseEntityTags(' * '), '*');
    assert.deepEqual(parseEntityTags('"a", W/"b,c" ,d'), [
      { weak: false, tag: 'a' },
      { weak: true, tag: 'b,c' },
      { weak: false, tag: 'd' },
    ]);
  });

  it('become conditions: strong comparison for If-Match, weak for If-None-Match (RFC 9110 §13.1)', () => {
    const conditions = (headers: Record<string, string>) => headerConditions((name) => headers[name]);
    assert.deepEqual(conditions({}), {});
    assert.deepEqual(conditions({ 'if-match': 'W/"a"' }), { ifMatch: [] });
    assert.deepEqual(conditions({ 'if-none-match': 'W/"a"' }), { ifNoneMatch: ['a'] });
    assert.deepEqual(conditions({ 'if-match': '*', 'if-none-match': '"x"' }), { ifMatch: '*', ifNoneMatch: ['x'] });
    assert.deepEqual(conditions({ 'if-schedule-tag-match': '"s-1"' }), { ifScheduleTagMatch: 's-1' });
  });
});

describe('If headers (RFC 4918 §10.4)', () => {
  it('are read with and without tags', () => {
    assert.deepEqual(parseIf('(<urn:uuid:1> ["e"]) (Not <DAV:no-lock>)'), [
      {
        href: null,
        conditions: [
          { not: false, token: 'urn:uuid:1' },
          { not: false, etag: 'e' },
        ],
      },
      { href: null, conditions: [{ not: true, token: 'DAV:no-lock' }] },
    ]);
    assert.deepEqual(parseIf('<http://a/b> (["x"]) <c> (not ["y"])'), [
      { href: 'http://a/b', conditions: [{ not: false, etag: 'x' }] },
      { href: 'c', conditions: [{ not: true, etag: 'y' }] },
    ]);
  });

  it('are refused when malformed', () => {
    for (const header of ['', 'x', '()', '(', '(<a>', '<a>', '(<a>) x', '("a")', '([a])', '<a (<b>)'])
      assert.equal(parseIf(header), null, header);
  });

  it('cost no more than their length', () => {
    const started = performance.now();
    parseIf('('.repeat(16_000));
    parseIf(`(${'<a> '.repeat(4_000)}`);
    parseIf(`(${'Not '.repeat(4_000)})`);
    assert.ok(performance.now() - started < 500);
  });

  it('submit the tokens they name', () => {
    assert.deepEqual([...submittedTokens('(<urn:uuid:1>) <x> (Not <urn:uuid:2>)')], ['urn:uuid:1', 'urn:uuid:2']);
    assert.equal(submittedTokens(undefined).size, 0);
  });
});

describe('Depth and Prefer', () => {
  it('know their values', () => {
    const depth = (value: string) => depthOf(request({ depth: value }), '0');
    assert.deepEqual(['0', '1', 'Infinity', '1,noroot', '2', '', '-1', '1 1'].map(depth), [
      '0',
      '1',
      'infinity',
      '1',
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    assert.equal(depthOf(request({}), '1'), '1');
  });

  it('understand Prefer and Brief', () => {
    assert.deepEqual(preferencesOf(request({ prefer: 'respond-async, Return=Minimal; foo=1' })), {
      return: 'minimal',
      depthNoroot: false,
    });
    assert.deepEqual(preferencesOf(request({ prefer: 'return="representation", depth-noroot' })), {
      return: 'representation',
      depthNoroot: true,
    });
    assert.equal(preferencesOf(request({ brief: 'T' })).return, 'minimal');
    assert.equal(preferencesOf(request({ prefer: 'return=everything' })).return, null);
  });
});
