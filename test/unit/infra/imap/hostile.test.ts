import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ErrorKind, isDomainError } from '../../../../src/domain/errors.js';
import { mailSession, testBackend } from '../../../support/mail-user.js';
import { type ImapScript, startScriptedImap } from '../../../support/scripted-imap.js';

const s = mailSession('alice@example.test');

async function backendFor(script: ImapScript, socketMs = 1000) {
  const server = await startScriptedImap(script);
  return { backend: testBackend(server.url, null, { connect: { connectMs: 1000, socketMs } }), commands: server.commands };
}

describe('an IMAP server that says odd things', () => {
  const logins: [string, ErrorKind][] = [
    ['NO [AUTHENTICATIONFAILED] wrong', 'unauthenticated'],
    ['NO wrong', 'unauthenticated'],
    ['NO [UNAVAILABLE] try later', 'unavailable'],
    ['NO [LIMIT] too many', 'unavailable'],
    ['NO [INUSE] locked', 'unavailable'],
    ['NO [EXPIRED] old', 'unauthenticated'],
  ];
  for (const [verdict, kind] of logins) {
    it(`login: ${verdict} is ${kind}`, async () => {
      const { backend } = await backendFor({ rules: [[/^LOGIN/, [verdict]]] });
      await assert.rejects(backend.mailboxes(s), (error) => isDomainError(error, kind));
    });
  }

  const commands: [string, ErrorKind][] = [
    ['NO [NONEXISTENT] none', 'not-found'],
    ['NO [NOPERM] never', 'forbidden'],
    ['NO [OVERQUOTA] full', 'forbidden'],
    ['NO [TOOBIG] huge', 'too-large'],
    ['NO because', 'unavailable'],
    ['BAD what', 'unavailable'],
  ];
  for (const [verdict, kind] of commands) {
    it(`command: ${verdict} is ${kind}`, async () => {
      const { backend } = await backendFor({ rules: [[/^APPEND/, [verdict]]] });
      // A literal waits for "+", so the server's verdict comes before the bytes.
      await assert.rejects(backend.append(s, 'INBOX', Buffer.from('x'), []), (error) => isDomainError(error, kind));
    });
  }

  it('answers nothing: given up in time', async () => {
    const { backend } = await backendFor({ rules: [[/^STATUS/, 'silence']] });
    await assert.rejects(backend.status(s, 'INBOX'), (error) => isDomainError(error, 'unavailable'));
    assert.equal(backend.connections, 0);
  });

  it('hangs up in the middle: unavailable, and a reused connection is tried once more', async () => {
    const { backend, commands } = await backendFor({ rules: [[/^UID SEARCH/, 'hang up']] });
    await assert.rejects(backend.list(s, 'INBOX', null), (error) => isDomainError(error, 'unavailable'));
    await backend.mailboxes(s);
    await assert.rejects(backend.list(s, 'INBOX', null), (error) => isDomainError(error, 'unavailable'));
    assert.equal(commands.filter((command) => command.startsWith('UID SEARCH')).length, 3);
  });

  it('sends summaries full of NIL and garbage: what can be read is', async () => {
    const rows = [
      '1 FETCH (UID 1 FLAGS () BODYSTRUCTURE NIL ENVELOPE NIL INTERNALDATE "never" RFC822.SIZE x)',
      '2 FETCH (UID 2 FLAGS (\\Seen) BODYSTRUCTURE ("TEXT" "PLAIN" NIL NIL NIL "7BIT" 5 1) ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) RFC822.SIZE 9)',
      '3 FETCH (FLAGS ())',
      '4 FETCH (UID 4 BODYSTRUCTURE (((((("X" "Y"))))) "MIXED") ENVELOPE ("x" "=?utf-8?q?=FF?=" (("a" NIL NIL NIL)) NIL NIL NIL NIL NIL NIL NIL))',
    ];
    const { backend } = await backendFor({ rules: [[/^UID FETCH/, rows]] });
    const found = await backend.summaries(s, 'INBOX', [1, 2, 3, 4]);
    assert.deepEqual(
      found.map(({ uid }) => uid),
      [2, 4],
    );
  });

  it('names UIDs out of bounds: refused, never expanded', async () => {
    const found = (set: string) =>
      backendFor({
        capabilities: 'IMAP4rev1 ID NAMESPACE ESEARCH',
        rules: [[/^UID SEARCH/, [`ESEARCH (TAG "1") UID ALL ${set}`]]],
      });
    const { backend } = await found('1:4294967295');
    await assert.rejects(backend.list(s, 'INBOX', null), (error) => isDomainError(error, 'too-large'));
    assert.equal((await (await found('5:1000000')).backend.list(s, 'INBOX', null)).size, 999_996);
  });

  it('has a STATUS without numbers: unavailable', async () => {
    const { backend } = await backendFor({ rules: [[/^STATUS/, ['STATUS INBOX (MESSAGES x UIDNEXT -1)']]] });
    await assert.rejects(backend.status(s, 'INBOX'), (error) => isDomainError(error, 'unavailable'));
  });

  it('tells MAILBOXIDs: they come with the list', async () => {
    const list = ['LIST (\\HasNoChildren) "/" INBOX', 'LIST (\\Noselect) "/" "A b"'];
    const status = ['STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 7)'];
    const { backend } = await backendFor({
      capabilities: 'IMAP4rev1 ID NAMESPACE LIST-EXTENDED LIST-STATUS OBJECTID',
      rules: [
        [
          /^LIST .*MAILBOXID/,
          [...list, 'STATUS INBOX (MAILBOXID (F1))', 'STATUS "A b" (MAILBOXID (F2))', 'STATUS x (MAILBOXID NIL)'],
        ],
        [/^LIST/, [...list, ...status]],
      ],
    });
    const mailboxes = await backend.mailboxes(s);
    assert.deepEqual(
      mailboxes.map(({ path, selectable, uidValidity, objectId }) => [path, selectable, uidValidity, objectId]),
      [
        ['INBOX', true, '7', 'F1'],
        ['A b', false, null, 'F2'],
      ],
    );
  });
});
