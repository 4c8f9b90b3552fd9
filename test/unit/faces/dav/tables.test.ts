import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DomainError, type ErrorKind, type ErrorReason } from '../../../../src/domain/errors.js';
import { conditionOf, DavError, errorReply, statusOf } from '../../../../src/faces/dav/errors.js';
import { allow, options } from '../../../../src/faces/dav/methods/options.js';
import { BadPath } from '../../../../src/faces/dav/paths.js';
import { isLive, PROPERTIES, propertyOn } from '../../../../src/faces/dav/props/index.js';
import { REPORTS } from '../../../../src/faces/dav/reports/index.js';
import { REPORTS_ON, reportsOn } from '../../../../src/faces/dav/reports/supported.js';
import { EVERYTHING, ITEMS } from '../../../../src/faces/dav/resource.js';
import { XmlError } from '../../../../src/formats/xml/read.js';

describe('the property table', () => {
  it('has one row for a name on a kind of resource', () => {
    for (const kind of EVERYTHING) {
      const names = PROPERTIES.filter(({ on }) => on.includes(kind)).map(({ name }) => name);
      assert.equal(new Set(names).size, names.length, kind);
    }
  });

  it('names the document of each row, and no kind twice', () => {
    for (const { name, spec, on } of PROPERTIES) {
      assert.match(spec, /\S/, name);
      assert.equal(new Set(on).size, on.length, name);
      assert.ok(isLive(name));
    }
  });

  it('lets nobody set what the server computes', () => {
    for (const name of ['{DAV:}getetag', '{DAV:}resourcetype', '{DAV:}sync-token', '{DAV:}acl'] as const) {
      for (const kind of EVERYTHING) assert.equal(propertyOn(kind, name)?.set, undefined, `${name} on ${kind}`);
    }
  });

  it('needs no more than a change row to list entity tags', () => {
    for (const kind of ITEMS) assert.equal(propertyOn(kind, '{DAV:}getetag')?.needs, undefined);
  });
});

describe('the report tables', () => {
  it('agree on what is served', () => {
    assert.deepEqual([...REPORTS.keys()].sort(), [...REPORTS_ON.keys()].sort());
    assert.ok(reportsOn('calendar').length > reportsOn('root').length);
    for (const kinds of REPORTS_ON.values()) for (const kind of kinds) assert.ok(EVERYTHING.includes(kind));
  });
});

describe('errors', () => {
  const hrefOf = (name: string) => `/c/${name}`;

  it('have a status for every kind', () => {
    const kinds: Record<ErrorKind, number> = {
      unauthenticated: 401,
      forbidden: 403,
      'not-found': 404,
      conflict: 409,
      'precondition-failed': 412,
      invalid: 403,
      'stale-cursor': 403,
      'too-large': 413,
      unavailable: 503,
    };
    for (const [kind, status] of Object.entries(kinds)) assert.equal(statusOf(new DomainError(kind as ErrorKind, 'x')), status);
    assert.equal(statusOf(new BadPath('x')), 400);
    assert.equal(statusOf(new XmlError('x')), 400);
    assert.equal(statusOf(new XmlError('x', true)), 413);
    assert.equal(statusOf(new DavError(418)), 418);
    assert.equal(statusOf(new Error('x')), 500);
  });

  it('name the precondition in the words of the collection', () => {
    const conflict = new DomainError('conflict', 'x', { reason: 'no-uid-conflict', href: 'a' });
    assert.equal(conditionOf(conflict, 'calendars', hrefOf), '<C:no-uid-conflict><D:href>/c/a</D:href></C:no-uid-conflict>');
    assert.equal(
      conditionOf(conflict, 'addressbooks', hrefOf),
      '<CARD:no-uid-conflict><D:href>/c/a</D:href></CARD:no-uid-conflict>',
    );
    const reasons: ErrorReason[] = [
      'valid-calendar-data',
      'valid-sync-token',
      'need-privileges',
      'max-resource-size',
      'quota-not-exceeded',
    ];
    for (const reason of reasons)
      assert.match(conditionOf(new DomainError('invalid', 'x', { reason }), 'calendars', hrefOf) ?? '', new RegExp(reason));
  });

  it('say nothing of what nobody expected', () => {
    const reply = errorReply(new Error('secret'), 'calendars', hrefOf);
    assert.deepEqual([reply.status, reply.body], [500, undefined]);
    const later = errorReply(new DomainError('unavailable', 'secret', { retryAfter: 7 }), 'calendars', hrefOf);
    assert.deepEqual([later.status, later.headers?.['Retry-After'], later.body], [503, '7', undefined]);
  });
});

describe('OPTIONS', () => {
  it('announces the same classes everywhere and the methods of the place', () => {
    const reply = options({ at: 'nowhere' });
    assert.match(reply.headers?.DAV ?? '', /^1, 2, 3, access-control, .*calendar-access, addressbook/);
    assert.match(allow({ at: 'item', type: 'calendars', user: 'a', slug: 'b', name: 'c' }), /PUT/);
    assert.doesNotMatch(allow({ at: 'home', type: 'calendars', user: 'a' }), /DELETE/);
  });
});
