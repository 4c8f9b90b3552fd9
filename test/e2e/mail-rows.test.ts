import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { ImapFlow } from 'imapflow';
import { fetchRows } from '../../src/infra/imap/lean-fetch.js';
import { HEADER_FIELDS, toSummary } from '../../src/infra/imap/messages.js';
import { onEnd } from '../support/cleanup.js';
import { PASSWORD, startTestDovecot } from '../support/dovecot.js';
import { fixturePath } from '../support/paths.js';

const head = (...lines: string[]) => ['From: a@example.test', 'Date: Thu, 1 Oct 2026 08:00:00 +0200', ...lines].join('\r\n');
const attachment = (...parameters: string[]) =>
  head('Content-Type: multipart/mixed; boundary=b', '', '--b', 'Content-Type: text/plain', '', 'x', '--b') +
  [
    '',
    'Content-Type: application/pdf',
    `Content-Disposition: attachment;\r\n ${parameters.join(';\r\n ')}`,
    '',
    'y',
    '--b--',
    '',
  ].join('\r\n');

/** Messages whose envelopes and structures are told in odd ways. */
const ODD: Readonly<Record<string, string>> = {
  'no fields at all': 'Subject:\r\n\r\n\r\n',
  groups: head('To: undisclosed-recipients:;', 'Cc: Team: a@x.test, "B, C" <b@x.test>;, =?utf-8?Q?Zo=C3=AB?= <z@x.test>', '', 'x'),
  'encoded words': head('Subject: =?utf-8?B?R3LDvMOfZQ==?= =?iso-8859-1?Q?_f=FCr?= alle', 'Reply-To: "=?utf-8?Q?J=C3=B6rg?=" <j@x.test>', '', 'x'),
  'raw eight-bit': head('Subject: Grüße', 'To: Jörg <j@x.test>', '', 'x'),
  'quotes and backslashes': head('Subject: "quoted" \\ back', 'To: "A \\"B\\" C" <a@x.test>', '', 'x'),
  'a filename in pieces': attachment("filename*0*=utf-8''Gr%C3%BC", 'filename*1*=%C3%9Fe%20', 'filename*2="an.pdf"'),
  'a filename in another charset': attachment("filename*=iso-8859-1'de'%FCber.pdf"),
  'a filename of encoded words': attachment('filename="=?utf-8?Q?=C3=BCber=2Epdf?="'),
  'a filename in pieces without a charset': attachment('filename*0="one"', 'filename*1=".pdf"'),
  'an embedded message': head('Content-Type: multipart/mixed; boundary=b', '', '--b', 'Content-Type: message/rfc822', '') +
    `\r\n${head('Subject: inner', 'Content-Type: multipart/alternative; boundary=c', '', '--c', '', 'x', '--c--')}\r\n--b--\r\n`,
  'identification and location': head('Content-Type: image/png; name="a b.png"', 'Content-ID: <1@x>', 'Content-Location: x/y.png', 'Content-Disposition: inline', 'Content-Transfer-Encoding: base64', '', 'AAAA'),
}; // biome-ignore format: a table

describe('rows of a listing, against imapflow’s own reading of them', () => {
  const messages = new Map(Object.entries(ODD));
  let imap: ImapFlow;

  before(async () => {
    for (const name of readdirSync(fixturePath('eml')).filter((file) => file.endsWith('.eml')))
      messages.set(name, readFileSync(fixturePath('eml', name), 'latin1'));
    const dovecot = await startTestDovecot();
    const auth = { user: 'rows@example.test', pass: PASSWORD };
    imap = new ImapFlow({ host: '127.0.0.1', port: dovecot.ports.imap, secure: false, doSTARTTLS: false, auth, logger: false });
    await imap.connect();
    onEnd(() => imap.close());
    for (const raw of messages.values()) await imap.append('INBOX', Buffer.from(raw, 'latin1'), ['\\Seen', '$Forwarded']);
    await imap.mailboxOpen('INBOX');
  });

  it('are the same for every message', async () => {
    const query = { uid: true, flags: true, envelope: true, bodyStructure: true, internalDate: true, size: true };
    const expected = await imap.fetchAll('1:*', { ...query, headers: [...HEADER_FIELDS] });
    const rows = new Map<number, ReturnType<typeof toSummary>>();
    await fetchRows(imap, '1:*', HEADER_FIELDS, (row) => void rows.set(row.uid, toSummary(row)));
    const names = [...messages.keys()];
    assert.equal(rows.size, names.length);
    for (const [index, message] of expected.entries())
      assert.deepEqual(rows.get(message.uid), toSummary(message), names[index] ?? '');
  });
});
