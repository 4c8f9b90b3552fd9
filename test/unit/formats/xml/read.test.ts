import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attributeOf, childOf, elementsOf, parseXml, textOf, XmlError } from '../../../../src/formats/xml/read.js';

const parse = (text: string) => parseXml(Buffer.from(text));

describe('parseXml', () => {
  it('resolves namespaces and keeps the order of elements and text', () => {
    const root = parse('<?xml version="1.0"?><a xmlns="DAV:" xmlns:c="urn:c">one<c:b x="1"/>two<b/><c:b/>three</a>');
    assert.equal(root.name, '{DAV:}a');
    assert.deepEqual(
      root.children.map((child) => (typeof child === 'string' ? child : child.name)),
      ['one', '{urn:c}b', 'two', '{DAV:}b', '{urn:c}b', 'three'],
    );
    assert.equal(attributeOf(elementsOf(root, '{urn:c}b')[0]!, 'x'), '1');
    assert.equal(textOf(root), 'onetwothree');
    assert.equal(childOf(root, '{DAV:}b')?.name, '{DAV:}b');
  });

  it('keeps white space, joins CDATA and references to one text', () => {
    const root = parse('<a> x &amp;<![CDATA[<&]]>&#13;&#x41; </a>');
    assert.deepEqual(root.children, [' x &<&\rA ']);
  });

  it('gives attributes their expanded names and drops declarations', () => {
    const root = parse('<a xmlns:p="urn:p" p:b="1" b="2" xml:lang="de"/>');
    assert.deepEqual(
      [...root.attributes],
      [
        ['{urn:p}b', '1'],
        ['{}b', '2'],
        ['{http://www.w3.org/XML/1998/namespace}lang', 'de'],
      ],
    );
  });

  it('takes names that mean something to JavaScript', () => {
    const root = parse('<a><__proto__>1</__proto__><_>2</_><constructor/></a>');
    assert.deepEqual(
      elementsOf(root).map(({ name }) => name),
      ['{}__proto__', '{}_', '{}constructor'],
    );
  });

  it('reads UTF-8 with and without a mark, and UTF-16 with one', () => {
    assert.equal(textOf(parse('\ufeff<a>é</a>')), 'é');
    assert.equal(textOf(parse('<?xml version="1.0" encoding="utf-8"?><a>é</a>')), 'é');
    const utf16 = Buffer.from('\ufeff<?xml version="1.0" encoding="UTF-16"?><a>é</a>', 'utf16le');
    assert.equal(textOf(parseXml(utf16)), 'é');
    assert.equal(textOf(parseXml(Buffer.from(utf16).swap16())), 'é');
  });

  const HOSTILE: readonly (readonly [what: string, document: string | Uint8Array])[] = [
    ['nothing', ''],
    ['white space', ' \r\n'],
    ['text', 'hello'],
    ['a mark alone', '\ufeff'],
    ['an unclosed element', '<a><b></a>'],
    ['an unclosed root', '<a>'],
    ['an unclosed tag', '<a'],
    ['an unclosed comment', '<a><!-- </a>'],
    ['an unclosed CDATA section', '<a><![CDATA[x</a>'],
    ['crossing elements', '<a><b></a></b>'],
    ['two roots', '<a/><b/>'],
    ['text after the root', '<a/>x'],
    ['text before the root', 'x<a/>'],
    ['an unbound prefix', '<p:a/>'],
    ['an unbound prefix of an attribute', '<a p:b="1"/>'],
    ['an attribute given twice', '<a b="1" b="2"/>'],
    ['an attribute given twice under two prefixes', '<a xmlns:p="urn:x" xmlns:q="urn:x" p:b="1" q:b="2"/>'],
    ['an attribute without quotes', '<a b=1/>'],
    ['an attribute without a value', '<a b/>'],
    ['a bare ampersand', '<a>&</a>'],
    ['an unknown entity', '<a>&nbsp;</a>'],
    ['a zero character', '<a>&#0;</a>'],
    ['a raw control character', '<a>\u0001</a>'],
    ['a control character by reference', '<a>&#x1F;</a>'],
    ['a control character in an attribute', '<a b="&#8;"/>'],
    ['half a surrogate pair', '<a>&#xD800;</a>'],
    ['a character beyond Unicode', '<a>&#x110000;</a>'],
    ['a document type', '<!DOCTYPE a><a/>'],
    ['an internal entity', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ['an external entity', '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'],
    ['a parameter entity', '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1/">%x;]><a/>'],
    ['a billion laughs', `<!DOCTYPE a [<!ENTITY x "${'ha'.repeat(50)}"><!ENTITY y "${'&x;'.repeat(50)}">]><a>&y;</a>`],
    ['a tag name that is none', '<1a/>'],
    ['an element in the xmlns namespace', '<xmlns:a/>'],
    ['too deep', '<a>'.repeat(33) + '</a>'.repeat(33)],
    ['far too deep', '<a>'.repeat(100_000)],
    ['too many elements', `<a>${'<b/>'.repeat(20_001)}</a>`],
    ['too many attributes', `<a ${Array.from({ length: 200 }, (_, index) => `b${index}=""`).join(' ')}/>`],
    ['invalid UTF-8', Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0xfe, 0x3c, 0x2f, 0x61, 0x3e])],
    ['overlong UTF-8', Buffer.from([0x3c, 0x61, 0x3e, 0xc0, 0xaf, 0x3c, 0x2f, 0x61, 0x3e])],
    ['half a UTF-16 document', Buffer.from([0xff, 0xfe, 0x3c])],
    ['another encoding', '<?xml version="1.0" encoding="ISO-8859-1"?><a/>'],
    ['UTF-16 that says UTF-8', Buffer.from('\ufeff<?xml version="1.0" encoding="utf-8"?><a/>', 'utf16le')],
    ['too large', Buffer.alloc((1 << 20) + 1, ' ')],
  ];

  for (const [what, document] of HOSTILE) {
    it(`refuses ${what}`, () => {
      assert.throws(() => parseXml(Buffer.from(document)), XmlError);
    });
  }

  it('tells what is too large from what is broken', () => {
    const kind = (document: string): boolean | undefined => {
      try {
        parse(document);
        return undefined;
      } catch (error) {
        return error instanceof XmlError && error.tooLarge;
      }
    };
    assert.equal(kind('<a>'.repeat(40) + '</a>'.repeat(40)), true);
    assert.equal(kind('<a><b></a>'), false);
  });
});
