import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { envelopeAddress, parseAddressList } from '../../../../src/formats/mime/addresses.js';
import { MimeError } from '../../../../src/formats/mime/headers.js';
import { prepareOutgoing, type Sender } from '../../../../src/formats/mime/outgoing.js';

const sender: Sender = {
  address: 'alice@example.test',
  aliases: ['sales@example.test'],
  displayName: 'Alice Ärmel',
  date: new Date('2026-03-02T10:11:12Z'),
  messageId: 'id-1@example.test',
};

const prepare = (lines: readonly string[], body = 'Hello\r\n') => {
  const out = prepareOutgoing(Buffer.from([...lines, '', body].join('\r\n'), 'utf8'), sender);
  return { ...out, transmitted: Buffer.from(out.transmitted).toString(), kept: Buffer.from(out.kept).toString() };
};

describe('recipients', () => {
  const cases: [string[], string[]][] = [
    [['To: bob@example.test'], ['bob@example.test']],
    [['To: Bob <bob@example.test>, "Carol, C." <carol@example.test>'], ['bob@example.test', 'carol@example.test']],
    [
      ['To: a@x.test', 'Cc: b@x.test', 'Bcc: c@x.test', 'Cc: d@x.test'],
      ['a@x.test', 'b@x.test', 'c@x.test', 'd@x.test'],
    ],
    [['To: Friends: a@x.test, b@x.test;, c@x.test'], ['a@x.test', 'b@x.test', 'c@x.test']],
    [['To: A@X.test, a@x.test'], ['a@x.test']],
    [
      ['To: =?utf-8?q?J=C3=B6rg?= <joerg@x.test>,', '\tx@y.test'],
      ['joerg@x.test', 'x@y.test'],
    ],
    [['To: Jörg <joerg@müller.test>'], ['joerg@xn--mller-kva.test']],
    [['To: "evil@inner.test" <real@x.test>'], ['real@x.test']],
    [['To: undisclosed-recipients:;', 'Bcc: a@x.test'], ['a@x.test']],
  ];
  for (const [lines, to] of cases) it(lines.join(' / '), () => assert.deepEqual(prepare(lines).to, to));

  for (const lines of [
    ['Subject: x'],
    ['To: '],
    ['To: <bob>'],
    ['To: bob@exa_mple!.test'],
    ['To: "a b"@x.test'],
    [`To: ${Array.from({ length: 1001 }, (_, n) => `u${n}@x.test`).join(', ')}`],
  ]) {
    it(`refuses ${lines.join().slice(0, 40)}`, () => assert.throws(() => prepare(lines), MimeError));
  }
});

describe('headers', () => {
  it('gets From, Date, Message-ID and MIME-Version where they are missing', () => {
    const { from, transmitted } = prepare(['To: bob@x.test']);
    assert.equal(from, 'alice@example.test');
    assert.match(transmitted, /^From: =\?UTF-8\?B\?[\w+/=]+\?= <alice@example\.test>\r\n/);
    assert.match(transmitted, /\r\nDate: Mon, 02 Mar 2026 10:11:12 \+0000\r\n/);
    assert.match(transmitted, /\r\nMessage-ID: <id-1@example\.test>\r\n/);
    assert.match(transmitted, /\r\nMIME-Version: 1\.0\r\n/);
  });

  it('keeps what is there, an own alias too', () => {
    const lines = [
      'From: "Sales" <SALES@example.test>',
      'To: bob@x.test',
      'Date: x',
      'Message-ID: <y>',
      'MIME-Version: 1.0',
      'Subject: a',
      ' b',
    ];
    const { from, transmitted } = prepare(lines);
    assert.equal(from, 'sales@example.test');
    assert.equal(transmitted, [...lines, '', 'Hello\r\n'].join('\r\n'));
  });

  it('replaces a foreign or doubled From, drops Sender and Return-Path', () => {
    const { from, transmitted } = prepare([
      'From: boss@x.test',
      'From: alice@example.test',
      'Sender: boss@x.test',
      'Return-Path: <boss@x.test>',
      'To: b@x.test',
    ]);
    assert.equal(from, 'alice@example.test');
    assert.ok(!transmitted.includes('boss@'));
  });

  it('keeps Bcc for the sender only', () => {
    const { transmitted, kept } = prepare(['To: a@x.test', 'BCC: b@x.test,', ' c@x.test', 'Subject: s']);
    assert.ok(!/b@x|c@x/.test(transmitted));
    assert.match(kept, /BCC: b@x\.test,\r\n c@x\.test\r\n/);
  });

  it('can not be broken by a display name', () => {
    for (const displayName of [
      'a\r\nBcc: evil@x.test',
      '"quoted" \\ name',
      '<evil@x.test>',
      '',
      'x'.repeat(500),
      'a, b',
      'Ärmel, <evil@x.test>',
      'Ä'.repeat(100),
    ]) {
      const out = prepareOutgoing(Buffer.from('To: b@x.test\r\n\r\n'), { ...sender, displayName });
      const header = Buffer.from(out.transmitted).toString();
      assert.ok(!/^Bcc/im.test(header));
      assert.equal(parseAddressList(/^From: (.*)\r$/m.exec(header)?.[1] ?? '').at(-1)?.address, 'alice@example.test', header);
    }
  });

  it('leaves the body byte for byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (body) => {
        const out = prepareOutgoing(Buffer.concat([Buffer.from('To: b@x.test\r\n\r\n'), body]), sender);
        assert.ok(
          Buffer.from(out.transmitted)
            .subarray(-body.length || out.transmitted.length)
            .equals(Buffer.from(body)),
        );
      }),
    );
  });
});

describe('envelopeAddress', () => {
  it('takes addresses fit for SMTP only', () => {
    assert.equal(envelopeAddress('Bob@Example.TEST'), 'Bob@example.test');
    assert.equal(envelopeAddress('a+b=c@x.test'), 'a+b=c@x.test');
    for (const bad of [
      '',
      'bob',
      '@x.test',
      'bob@',
      'a b@x.test',
      'a<b@x.test',
      'a\r\nRCPT@x.test',
      `${'x'.repeat(300)}@x.test`,
    ]) {
      assert.equal(envelopeAddress(bad), null, bad);
    }
  });
});
