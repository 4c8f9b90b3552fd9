import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { C, D } from '../../../../src/formats/xml/names.js';
import { parseXml, textOf, type XmlElement } from '../../../../src/formats/xml/read.js';
import {
  document,
  element,
  elementWith,
  serialize,
  serializeAttributes,
  serializeChildren,
  text,
  textElement,
  type Xml,
  XmlSink,
} from '../../../../src/formats/xml/write.js';

const parse = (xml: string): XmlElement => parseXml(Buffer.from(xml));

describe('writing XML', () => {
  it('declares the fixed prefixes at the root and uses them', () => {
    const xml = document(D('multistatus'), element(C('calendar-data'), text('a<b')), element(D('href')));
    assert.match(
      xml,
      /^<\?xml version="1\.0" encoding="utf-8"\?>\n<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"/,
    );
    assert.match(xml, /<C:calendar-data>a&lt;b<\/C:calendar-data><D:href\/><\/D:multistatus>$/);
    assert.equal(parse(xml).name, '{DAV:}multistatus');
  });

  it('declares other namespaces on the spot', () => {
    assert.equal(element('{urn:a&b}c', text('x')), '<x:c xmlns:x="urn:a&amp;b">x</x:c>');
    assert.equal(element('{}plain'), '<plain/>');
    assert.equal(elementWith(D('a'), { b: '"<\n' }), '<D:a b="&quot;&lt;&#10;"/>');
  });

  it('brings any text back through a parser, line ends included, without what XML forbids', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (value) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
        const legal = value.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '');
        const [inner] = parse(document(D('a'), textElement(D('b'), value))).children;
        assert.equal(textOf(inner as XmlElement), legal);
      }),
    );
    assert.equal(text('a\r\nb]]>'), 'a&#13;\nb]]&gt;');
  });

  it('serialises a parsed element so that it stands by itself', () => {
    const source =
      '<o xmlns="urn:o" xmlns:p="urn:p" xmlns:D="DAV:" p:a="1&quot;" xml:lang="de"> t &amp; <p:i b="&lt;"/><D:href>x</D:href><n xmlns=""/>&#13;</o>';
    const root = parse(source);
    assert.deepEqual(parse(serialize(root)), root);
    const again = parse(`<w${serializeAttributes(root)}>${serializeChildren(root)}</w>`);
    assert.deepEqual([again.children, again.attributes], [root.children, root.attributes]);
  });
});

describe('XmlSink', () => {
  it('hands over blocks and waits for room', async () => {
    const blocks: string[] = [];
    const slow = new Writable({
      highWaterMark: 1,
      decodeStrings: false,
      write(chunk, _encoding, done) {
        blocks.push(chunk);
        setTimeout(done, 1);
      },
    });
    const sink = new XmlSink(slow);
    assert.equal(sink.add('a'), false);
    assert.equal(sink.add('b'.repeat(70_000)), true);
    await sink.flush();
    await sink.flush();
    sink.add('c');
    await sink.flush();
    assert.deepEqual(
      blocks.map((block) => block.length),
      [70_001, 1],
    );
  });

  it('stops when the reader is gone', async () => {
    const stuck = new Writable({ highWaterMark: 1, write: () => undefined });
    const gone = new AbortController();
    const sink = new XmlSink(stuck, gone.signal);
    sink.add('x' as Xml);
    const waiting = sink.flush();
    gone.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
    await assert.rejects(sink.flush());
  });
});
