import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cleanText, htmlToText, textToHtml, truncateUtf8, unflow } from '../../../../src/formats/mime/text.js';

describe('htmlToText', () => {
  const cases: [string, string][] = [
    ['<p>One</p><p>Two</p>', 'One\n\nTwo'],
    ['a<br>b', 'a\nb'],
    ['<h1>Title</h1>text', 'Title\n\ntext'],
    ['<ul><li>x</li><li>y</li></ul>', ' * x\n * y'],
    ['<a href="https://example.test/">here</a>', 'here <https://example.test/>'],
    ['<style>p{color:red}</style><script>alert(1)</script>shown', 'shown'],
    ['F&uuml;nf &lt; 6&nbsp;&#128578;', 'Fünf < 6\u00a0🙂'],
    ['<img src="cid:x">', ''],
    ['', ''],
  ];
  for (const [html, text] of cases) it(JSON.stringify(html), () => assert.equal(htmlToText(html).trim(), text.trim()));

  it('bears deep, long and broken documents in bounded time', () => {
    const started = performance.now();
    for (const html of [
      '<div>'.repeat(50_000),
      '<'.repeat(100_000),
      '<table><tr><td>'.repeat(5000),
      `<p>${'x'.repeat(3_000_000)}`,
      '<a href="'.repeat(10_000),
    ])
      htmlToText(html);
    assert.ok(performance.now() - started < 10_000);
  });
});

describe('textToHtml', () => {
  it('escapes markup, keeps lines and indents', () => {
    const html = textToHtml('a < b & "c"\r\n  two\n\nend');
    assert.match(html, /<body>a &lt; b &amp; &quot;c&quot;<br>\r\n&nbsp; two<br>\r\n<br>\r\nend<\/body>/);
  });

  it('comes back as the same words', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z<>&"' ]{0,60}$/), (text) => {
        const words = (value: string) =>
          value
            .replace(/\u00a0/g, ' ')
            .split(/\s+/)
            .filter(Boolean);
        assert.deepEqual(words(htmlToText(textToHtml(text))), words(text));
      }),
    );
  });
});

describe('unflow (RFC 3676)', () => {
  it('joins soft line breaks per quote level, not signatures', () => {
    assert.equal(unflow('a \r\nb\r\n> q \r\n> r\r\n-- \r\nme', false), 'a b\r\n> q r\r\n-- \r\nme');
    assert.equal(unflow('lang \r\nwort', true), 'langwort');
    assert.equal(unflow(' From\r\n  x', false), 'From\r\n x');
    assert.equal(unflow('open ', false), 'open ');
  });
});

describe('cleanText', () => {
  it('drops controls and lone surrogates only', () => {
    assert.equal(cleanText('a\u0000b\u0007\tc\r\nd\ud800e🙂\uffff'), 'ab\tc\r\nd\ufffde🙂');
    assert.equal(cleanText('ok'), 'ok');
  });
});

describe('truncateUtf8', () => {
  it('cuts before the character that does not fit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(60), (text, max) => {
        const cut = truncateUtf8(Buffer.from(text), max);
        assert.ok(
          cut.length <= max && !Buffer.from(cut).toString().includes('\ufffd') && text.startsWith(Buffer.from(cut).toString()),
        );
        assert.ok(cut.length === Buffer.byteLength(text) || cut.length > max - 4);
      }),
    );
  });
});
