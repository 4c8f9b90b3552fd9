import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  ContentLineError,
  escapeText,
  foldLine,
  foldQuotedPrintable,
  formatStructured,
  Property,
  parseContentLines,
  parseList,
  serializeContentLines,
  splitEscaped,
  unescapeText,
} from '../../../../src/formats/content-lines.js';
import { cpu } from '../../../support/cpu.js';

const EVENT = [
  'BEGIN:VCALENDAR',
  'version:2.0',
  'PRODID:-//x//y//EN',
  'BEGIN:VEVENT',
  'UID:1',
  'Summary;Language=de:a very long summary line that has been folded by the client at an odd pl',
  '\tace\\, twice',
  ' .',
  'ATTENDEE;X-A="b;c";CN=Foo;ROLE=REQ-PARTICIPANT:mailto:a@example.org',
  'BEGIN:VALARM',
  'ACTION:DISPLAY',
  'END:VALARM',
  'X-AFTER:yes',
  'END:VEVENT',
  'END:VCALENDAR',
  '',
];

describe('content lines keep what they do not change', () => {
  for (const eol of ['\r\n', '\n']) {
    test(`round trip with ${JSON.stringify(eol)}`, () => {
      const text = EVENT.join(eol);
      assert.equal(serializeContentLines(parseContentLines(text)), text);
    });
  }

  test('blank lines, byte order mark, several components, no final line end', () => {
    const text = '\ufeffBEGIN:A\r\n\r\nX:1\r\n\r\nEND:A\r\n\r\nBEGIN:A\r\nend:a\r\nBEGIN:B\nEND:B';
    assert.equal(serializeContentLines(parseContentLines(text)), text);
    assert.equal(parseContentLines(`${text}\n\n \n`).join(''), `${text}\n\n \n`);
  });

  test('one change touches one property', () => {
    const text = EVENT.join('\r\n');
    const [calendar] = parseContentLines(text);
    const event = calendar!.component('VEVENT')!;
    event.set('SUMMARY', 'short');
    assert.equal(calendar!.toString(), text.replace(/Summary;Language=de:[\s\S]*? \.\r\n/, 'Summary;Language=de:short\r\n'));
  });

  test('a changed parameter leaves its neighbours as written', () => {
    const [calendar] = parseContentLines(EVENT.join('\n'));
    const attendee = calendar!.component('VEVENT')!.first('ATTENDEE')!;
    attendee.setParam('CN', 'Doe; "J"');
    attendee.setParam('PARTSTAT', 'ACCEPTED');
    assert.equal(
      attendee.toString(),
      'ATTENDEE;X-A="b;c";CN="Doe; ^\'J^\'";ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED:m\n ailto:a@example.org\n',
    );
    attendee.setParam('CN', undefined);
    assert.equal(attendee.param('CN'), undefined);
  });

  test('setting the same value changes no byte', () => {
    const [calendar] = parseContentLines(EVENT.join('\r\n'));
    const event = calendar!.component('VEVENT')!;
    event.set('SUMMARY', event.first('SUMMARY')!.value);
    event.first('ATTENDEE')!.setParam('CN', 'Foo');
    assert.equal(calendar!.toString(), EVENT.join('\r\n'));
  });

  test('new properties stand before components, beside their kind', () => {
    const [calendar] = parseContentLines(EVENT.join('\n'));
    const event = calendar!.component('VEVENT')!;
    event.add(new Property('ATTENDEE', 'mailto:b@example.org'));
    event.addComponent('VALARM').set('ACTION', 'AUDIO');
    const lines = event.toString().split('\n');
    assert.equal(
      lines[lines.indexOf('ATTENDEE;X-A="b;c";CN=Foo;ROLE=REQ-PARTICIPANT:mailto:a@example.org') + 1],
      'ATTENDEE:mailto:b@example.org',
    );
    assert.ok(event.toString().endsWith('X-AFTER:yes\nBEGIN:VALARM\nACTION:AUDIO\nEND:VALARM\nEND:VEVENT\n'));
  });

  test('a value cannot smuggle in another line', () => {
    const [calendar] = parseContentLines('BEGIN:A\r\nEND:A\r\n');
    calendar!.set('X', 'a\r\nBEGIN:B', { P: 'q\r\nr' });
    assert.equal(calendar!.toString(), 'BEGIN:A\r\nX;P=q^nr:a BEGIN:B\r\nEND:A\r\n');
  });
});

describe('vCard forms', () => {
  test('groups, repeated and listed types', () => {
    const [card] = parseContentLines(
      'BEGIN:VCARD\nVERSION:3.0\nitem1.TEL;TYPE=home;type="cell,voice",x:+1\nITEM1.X-ABLabel:Boat\nEND:VCARD\n',
    );
    const tel = card!.first('TEL')!;
    assert.equal(tel.group, 'item1');
    assert.deepEqual(tel.paramValues('TYPE'), ['home', 'cell,voice', 'x']);
    assert.deepEqual(
      card!.grouped('item1').map((property) => property.name),
      ['TEL', 'X-ABLABEL'],
    );
    tel.value = '+2';
    assert.equal(tel.toString(), 'item1.TEL;TYPE=home;type="cell,voice",x:+2\n');
  });

  test('2.1: bare parameters and quoted-printable with soft breaks', () => {
    const text =
      'BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FC=\r\nller;Anna\r\nTEL;HOME;VOICE:1\r\nNOTE;QUOTED-PRINTABLE:a=0D=0A=\r\n  b\r\nEND:VCARD\r\n';
    const [card] = parseContentLines(text);
    assert.deepEqual(card!.first('N')!.structured, [['Müller'], ['Anna']]);
    assert.deepEqual(card!.first('TEL')!.paramValues('TYPE'), ['HOME', 'VOICE']);
    assert.equal(card!.first('NOTE')!.text, 'a\r\n  b');
    assert.equal(String(card), text);
  });

  test('2.1: base64 in folded and in bare lines, ended by a blank line', () => {
    for (const indent of ['', '  ']) {
      const text = `BEGIN:VCARD\r\nVERSION:2.1\r\nPHOTO;JPEG;ENCODING=BASE64:\r\n${indent}AAAA\r\n${indent}BBB=\r\n\r\nTEL:1\r\nEND:VCARD\r\n`;
      const [card] = parseContentLines(text);
      assert.equal(card!.first('PHOTO')!.value.replaceAll(' ', ''), 'AAAABBB=');
      assert.equal(card!.first('TEL')!.value, '1');
      assert.equal(String(card), text);
    }
  });

  test('2.1: a changed quoted-printable value is broken softly, outside escapes', () => {
    const line = foldQuotedPrintable(`N;ENCODING=QUOTED-PRINTABLE:${'=C3=BC'.repeat(40)}`);
    assert.ok(line.split('\r\n').every((piece) => piece.length <= 75));
    assert.ok(!/=.?=\r\n/.test(line));
    const [card] = parseContentLines(`BEGIN:VCARD\r\nVERSION:2.1\r\n${line}\r\nEND:VCARD\r\n`);
    assert.equal(card!.first('N')!.text, 'ü'.repeat(40));
  });
});

describe('values', () => {
  test('TEXT escapes', () => {
    assert.equal(escapeText('a\\b;c,d\r\ne\u0007'), 'a\\\\b\\;c\\,d\\ne');
    assert.equal(unescapeText('C:\\dir\\\\x\\Ny\\:z\\'), 'C:\\dir\\x\ny:z\\');
    assert.deepEqual(splitEscaped('a\\;b;c\\\\;', ';'), ['a\\;b', 'c\\\\', '']);
    assert.deepEqual(parseList(''), []);
    assert.equal(formatStructured(['Doe', ['A', 'B'], '']), 'Doe;A,B;');
  });

  test('any text survives escaping, folding and parsing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.string({ maxLength: 60 }), (value, param) => {
        const clean = (text: string) => unescapeText(escapeText(text));
        const [component] = parseContentLines('BEGIN:A\r\nEND:A\r\n');
        component!.set('X', escapeText(value), { P: clean(param) });
        const text = component!.toString();
        for (const line of text.split('\r\n')) assert.ok(Buffer.byteLength(line) <= 75);
        const [again] = parseContentLines(text);
        assert.equal(again!.first('X')!.text, clean(value));
        assert.equal(again!.first('X')!.param('P'), clean(param));
      }),
      { numRuns: 200 },
    );
  });

  test('folds never split a character', () => {
    for (const line of foldLine(`X:${'😀é'.repeat(60)}`).split('\r\n ')) assert.ok(!/\p{Surrogate}/u.test(line));
  });
});

describe('hostile and broken input', () => {
  const broken: Record<string, [string, number]> = {
    'no colon': ['BEGIN:A\nX\nEND:A\n', 2],
    'empty name': ['BEGIN:A\n:x\nEND:A\n', 2],
    'nothing before the parameter': ['BEGIN:A\nX;=1:x\nEND:A', 2],
    'open quote': ['BEGIN:A\nX;P="a:b\nEND:A\n', 2],
    'wrong end': ['BEGIN:A\nBEGIN:B\nEND:A\nEND:B\n', 3],
    'missing end': ['BEGIN:A\nX:1\n', 2],
    'end alone': ['END:A\n', 1],
    'property outside': ['X:1\n', 1],
    'after the end': ['BEGIN:A\nEND:A\nX:1\n', 3],
    nothing: ['', 0],
    'blank only': ['\r\n \r\n', 2],
    nul: ['BEGIN:A\nX:\0\nEND:A\n', 0],
  };
  for (const [title, [text, line]] of Object.entries(broken)) {
    test(title, () => {
      assert.throws(
        () => parseContentLines(text),
        (error) => error instanceof ContentLineError && error.line === line && error.kind === 'malformed',
      );
    });
  }

  test('limits', () => {
    const limited = (text: string, limits: object) =>
      assert.throws(
        () => parseContentLines(text, limits),
        (error) => error instanceof ContentLineError && error.kind === 'limit',
      );
    limited('BEGIN:A\n'.repeat(50), {});
    limited(`BEGIN:A\n${'X:1\n'.repeat(20)}END:A\n`, { maxLines: 10 });
    limited(`BEGIN:A\nX:${'1234567\n '.repeat(20)}\nEND:A\n`, { maxLineLength: 100 });
    limited(`BEGIN:A\nX:ü\nEND:A\n`, { maxBytes: 17 });
  });

  test('a megabyte in one folded line and a hundred thousand lines take no long', () => {
    const started = cpu();
    parseContentLines(`BEGIN:A\r\nX:${'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n '.repeat(25_000)}\r\nEND:A\r\n`);
    parseContentLines(`BEGIN:A\r\n${'X;P=1,2,3:y\r\n'.repeat(100_000)}END:A\r\n`);
    assert.ok(cpu() - started < 3000);
  });

  test('any text either parses to itself or is refused by name', () => {
    const piece = fc.constantFrom(
      'BEGIN:A',
      'END:A',
      'X:1',
      ';',
      ':',
      '"',
      '\r\n',
      '\n',
      ' ',
      '=',
      'P=',
      '\\',
      ',',
      'ENCODING=QUOTED-PRINTABLE',
      'VERSION:2.1',
      'é',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = `BEGIN:A\r\n${pieces.join('')}\r\nEND:A\r\n`;
        try {
          assert.equal(serializeContentLines(parseContentLines(text)), text);
        } catch (error) {
          if (!(error instanceof ContentLineError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});
