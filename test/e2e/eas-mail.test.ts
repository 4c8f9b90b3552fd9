import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type PhoneFolder, type Tag, t } from '../support/eas-phone.js';
import { address, message, startWorld, type World } from '../support/eas-phone-world.js';

let world: World;
before(async () => {
  world = await startWorld();
});

const raw = (...lines: readonly string[]): Buffer => Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1');
const head = (subject: string): string[] => [
  'From: Carol <carol@example.test>',
  'To: odd@example.test',
  `Subject: ${subject}`,
  'MIME-Version: 1.0',
];
const nested = (depth: number): string[] =>
  depth === 0
    ? ['Content-Type: text/plain', '', 'deep inside']
    : [`Content-Type: multipart/mixed; boundary="b${depth}"`, '', `--b${depth}`, ...nested(depth - 1), `--b${depth}--`];

/** Messages as they lie about in old mailboxes. `body`: what the phone's plain text must contain. */
const ODD: readonly [what: string, message: Buffer, body?: RegExp][] = [
  ['no header', raw('', 'just text'), /just text/],
  ['no body', raw(...head('no body'))],
  ['no subject and no sender', raw('X-Nothing: here', '', 'hello'), /hello/],
  ['an 8-bit subject without a charset', raw(...head('Gr\xfc\xdfe'), '', 'x')],
  ['encoded words of an unknown charset', raw(...head('=?x-klingon?B?aGVsbG8=?='), '', 'x')],
  ['encoded words that are broken', raw(...head('=?utf-8?B?w7w?= =?utf-8?Q?=ZZ?= =?bad'), '', 'x')],
  ['control characters in the subject', raw(...head('bell \x07 esc \x1b del \x7f'), '', 'x')],
  ['an unknown charset', raw(...head('unknown charset'), 'Content-Type: text/plain; charset=martian', '', 'words'), /words/],
  ['Latin-1', raw(...head('latin1'), 'Content-Type: text/plain; charset=iso-8859-1', 'Content-Transfer-Encoding: 8bit', '', 'Gr\xfc\xdfe'), /Grüße/],
  ['Windows-1252 said to be Latin-1', raw(...head('cp1252'), 'Content-Type: text/plain; charset=iso-8859-1', 'Content-Transfer-Encoding: quoted-printable', '', '=93quoted=94 =80'), /“quoted” €/],
  ['Shift-JIS', raw(...head('sjis'), 'Content-Type: text/plain; charset=shift_jis', 'Content-Transfer-Encoding: base64', '', 'k/qWe4zq'), /日本語/],
  ['broken UTF-8', raw(...head('utf8'), 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit', '', 'a\xc3(b'), /a.\(b/],
  ['broken base64', raw(...head('base64'), 'Content-Type: text/plain', 'Content-Transfer-Encoding: base64', '', 'aGVs!!bG8*=', '==', 'd29ybGQ')],
  ['quoted-printable cut short', raw(...head('qp'), 'Content-Type: text/plain', 'Content-Transfer-Encoding: quoted-printable', '', 'end ='), /end/],
  ['an unknown encoding', raw(...head('encoding'), 'Content-Type: text/plain', 'Content-Transfer-Encoding: x-rot13', '', 'uryyb')],
  ['a multipart without a boundary', raw(...head('no boundary'), 'Content-Type: multipart/mixed', '', 'text')],
  ['a multipart that never closes', raw(...head('open'), 'Content-Type: multipart/mixed; boundary=x', '', '--x', 'Content-Type: text/plain', '', 'open end'), /open end/],
  ['a multipart without parts', raw(...head('empty multipart'), 'Content-Type: multipart/alternative; boundary=x', '', '--x--')],
  ['forty multiparts inside each other', raw(...head('deep'), ...nested(40))],
  ['a Content-Type that is rubbish', raw(...head('rubbish'), 'Content-Type: ;;;=', '', 'x')],
  ['a file name in pieces', raw(...head('2231'), "Content-Type: application/pdf", "Content-Disposition: attachment; filename*0*=utf-8''%E2%82%AC%20", "  ; filename*1*=rates.pdf", '', 'x')],
  ['a file name with a path', raw(...head('path'), 'Content-Type: application/pdf', 'Content-Disposition: attachment; filename="../../etc/passwd"', '', 'x')],
  ['a message in a message', raw(...head('outer'), 'Content-Type: message/rfc822', '', ...head('inner'), '', 'inner text')],
  ['a header of 200 kB', raw(...head('long header'), `X-Long: ${'x '.repeat(100_000)}`, '', 'x'), /x/],
  ['ten thousand recipients', raw(...head('crowd'), `Cc: ${Array.from({ length: 10_000 }, (_, n) => `Person ${n} <p${n}@example.test>`).join(',\r\n ')}`, '', 'x'), /x/],
  ['a line of a megabyte', raw(...head('long line'), 'Content-Type: text/plain', '', 'y'.repeat(1_000_000)), /yyy/],
  ['HTML that is broken', raw(...head('html'), 'Content-Type: text/html', '', '<p><b>bold<i></p></table><![CDATA[ <x'), /bold/],
  ['HTML of nothing but style', raw(...head('style'), 'Content-Type: text/html', '', '<style>p{}</style><script>x()</script>')],
  ['dates that are none', raw('Date: yesterday', ...head('date'), '', 'x')],
  ['addresses that are none', raw('From: <<<>>>', 'To: undisclosed-recipients:;', 'Reply-To: @', 'Subject: addresses', '', 'x')],
  ['an invitation', raw(...head('invitation'), 'Content-Type: text/calendar; method=REQUEST; charset=utf-8', '', 'BEGIN:VCALENDAR', 'VERSION:2.0', 'METHOD:REQUEST', 'BEGIN:VEVENT', 'UID:inv-1', 'DTSTAMP:20270101T000000Z', 'DTSTART:20270301T090000Z', 'DTEND:20270301T100000Z', 'SUMMARY:invitation', 'ORGANIZER:mailto:carol@example.test', 'ATTENDEE;RSVP=TRUE:mailto:odd@example.test', 'END:VEVENT', 'END:VCALENDAR')],
  ['an invitation to nowhere', raw(...head('bad invitation'), 'Content-Type: text/calendar; method=REQUEST', '', 'BEGIN:VCALENDAR', 'BEGIN:VEVENT', 'DTSTART:never')],
]; // biome-ignore format: a table

const bodyOf = (item: Tag): string => item.text('AirSyncBase:Body', 'AirSyncBase:Data') ?? '';

describe('messages as they are found', { concurrency: false }, () => {
  for (const [version, type] of [
    ['16.1', 1],
    ['14.1', 2],
    ['14.1', 4],
  ] as const) {
    test(`every odd message comes to a phone that speaks ${version} and wants type ${type}`, async () => {
      const user = `odd${version.replace('.', '')}${type}`;
      for (const [, mime] of ODD) await world.dovecot.deliver(address(user), mime);
      const phone = await world.phone(user, { version, deviceId: user });
      const inbox = phone.folder(2);
      inbox.bodies = [{ type, preview: 100 }];
      inbox.mimeSupport = type === 4 ? 2 : 0;
      await phone.syncAll(inbox, { timeout: 60_000 });
      assert.equal(inbox.items.size, ODD.length, missing(inbox));
      if (type !== 1) return;
      for (const [n, id] of [...inbox.items.keys()].sort((a, b) => order(a) - order(b)).entries()) {
        const [what, , body] = ODD[n]!;
        if (body) assert.match(bodyOf(inbox.items.get(id)!), body, what);
        const fetched = await phone.fetchItem(inbox, id, { body: 2 });
        assert.ok(fetched.child('AirSyncBase:Body'), what);
      }
    });
  }

  /** ServerIds end with the UID, so that they tell the order of arrival. */
  const order = (id: string): number => Number(/\d+$/.exec(id)?.[0]);
  const missing = (inbox: PhoneFolder): string =>
    `only ${[...inbox.items.values()].map((item) => item.text('Email:Subject')).join(' | ')}`;

  test('attachments keep their names, and no name is a path', async () => {
    const phone = await world.phone('odd1611', { deviceId: 'named' });
    const inbox = phone.folder(2);
    await phone.syncAll(inbox);
    const names = [...inbox.items.values()].flatMap((item) =>
      [...item.walk()].filter((tag) => tag.name === 'AirSyncBase:DisplayName').map((tag) => String(tag.value)),
    );
    assert.ok(names.includes('€ rates.pdf'), names.join(' | '));
    assert.ok(
      names.every((name) => !/[/\\]/.test(name)),
      names.join(' | '),
    );
    for (const item of inbox.items.values()) {
      for (const tag of item.child('AirSyncBase:Attachments')?.kids ?? []) {
        const { data } = await phone.fetchAttachment(tag.text('AirSyncBase:FileReference') ?? '');
        assert.ok(data.length >= 0);
      }
    }
  });
});

describe('folders as they are found', () => {
  const NAMES = ['Prüfung & Co', '日本', 'Emoji 😀', 'with "quotes"', '50% off', ' spaced ', 'x'.repeat(120)];

  test('every name is shown as it is, and mail is found in it', async () => {
    const imap = await world.imap('boxes');
    for (const name of NAMES) {
      await imap.mailboxCreate(name);
      await imap.append(name, message({ subject: `in ${name.length}`, text: 'x' }));
    }
    await imap.mailboxCreate(['Parent', 'Child', 'Grandchild']);
    const phone = await world.phone('boxes');
    const shown = [...phone.folders.values()];
    for (const name of NAMES) {
      const folder = shown.find((one) => one.name === name || one.name === name.trim());
      assert.ok(folder, `${name} among ${shown.map((one) => one.name).join(' | ')}`);
      assert.equal(folder.type, '12');
      await phone.syncAll(folder);
      assert.equal(folder.items.size, 1, name);
    }
    const grandchild = shown.find((one) => one.name === 'Grandchild');
    assert.equal(phone.folders.get(phone.folders.get(grandchild!.parent)!.parent)?.name, 'Parent');
  });

  test('a read state and a flag set on the phone reach a folder with such a name', async () => {
    const phone = await world.phone('boxes', { deviceId: 'boxes2' });
    const folder = [...phone.folders.values()].find(({ name }) => name === 'Prüfung & Co')!;
    await phone.syncAll(folder);
    const [id] = [...folder.items.keys()] as [string];
    phone.change(folder, id, t('Email:Read', 1), t('Email:Flag', t('Email:Status', 2), t('Email:FlagType', 'for Follow Up')));
    assert.equal((await phone.sync([folder])).collections.get(folder.id)?.status, '1');
    const flags = await world.dovecot.doveadm(
      '-f',
      'tab',
      'fetch',
      '-u',
      address('boxes'),
      'flags',
      'mailbox',
      'Prüfung & Co',
      'all',
    );
    assert.match(flags, /\\Flagged.*\\Seen|\\Seen.*\\Flagged/);
    phone.change(folder, id, t('Email:Flag'));
    await phone.sync([folder]);
    assert.doesNotMatch(
      await world.dovecot.doveadm('-f', 'tab', 'fetch', '-u', address('boxes'), 'flags', 'mailbox', 'Prüfung & Co', 'all'),
      /Flagged/,
    );
  });
});
