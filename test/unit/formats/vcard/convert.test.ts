import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'vcard4';
import { convertCard, type DeliveredVersion, versionOf } from '../../../../src/formats/vcard/convert.js';
import { HARD_CARDS } from '../../../support/hard-objects.js';
import { repositoryRoot } from '../../../support/paths.js';
import { missing } from './canonical.js';

const card = (version: string, ...lines: string[]): string =>
  `${['BEGIN:VCARD', `VERSION:${version}`, ...lines, 'END:VCARD'].join('\r\n')}\r\n`;

/** Unfolded lines between VERSION and END, without the name that each card has. */
function inner(text: string): string[] {
  const lines = text.replace(/\r\n /g, '').trimEnd().split('\r\n').slice(2, -1);
  return lines.filter((line) => !/^(?:FN:A B|N:B;A;;;)$/.test(line));
}

const convert = (version: DeliveredVersion, from: string, ...lines: string[]): string[] =>
  inner(convertCard(card(from, 'FN:A B', 'N:B;A;;;', ...lines), version));

/** Lines of 3.0, the same in 4.0, and whether 4.0 gives exactly these lines back. */
const PAIRS: Readonly<Record<string, readonly [three: readonly string[], four: readonly string[]]>> = {
  'TYPE=pref is PREF=1': [['TEL;TYPE=HOME,PREF:1'], ['TEL;TYPE=home;PREF=1:1']],
  'finer grades of PREF stay beside': [
    ['TEL;TYPE=HOME;PREF=20:1', 'TEL;PREF=10;TYPE=PREF:2'],
    ['TEL;TYPE=home;PREF=20:1', 'TEL;PREF=10:2'],
  ],
  'INTERNET is what mail addresses are': [['EMAIL;TYPE=INTERNET,HOME:a@x.test'], ['EMAIL;TYPE=home:a@x.test']],
  'a picture in the line': [['PHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgo='], ['PHOTO:data:image/png;base64,iVBORw0KGgo=']],
  'a linked picture': [['PHOTO;VALUE=uri;TYPE=GIF:http://x.test/a,b'], ['PHOTO;MEDIATYPE=image/gif:http://x.test/a,b']],
  'a sound': [['SOUND;ENCODING=b;TYPE=OGG:T2dn'], ['SOUND:data:audio/ogg;base64,T2dn']],
  'keys by their kinds': [
    ['KEY;ENCODING=b;TYPE=PGP:AAEC', 'KEY;ENCODING=b;TYPE=X509:AAEC'],
    ['KEY:data:application/pgp-keys;base64,AAEC', 'KEY:data:application/pkix-cert;base64,AAEC'],
  ],
  'another media type': [['PHOTO;ENCODING=b;MEDIATYPE=application/pdf:AAEC'], ['PHOTO:data:application/pdf;base64,AAEC']],
  'a birthday': [['BDAY:1990-05-04'], ['BDAY:19900504']],
  'a birthday without its year': [['BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29'], ['BDAY:--0229']],
  'a birthday with its hour': [['BDAY;VALUE=date-time:1953-10-15T23:10:00-05:00'], ['BDAY:19531015T231000-0500']],
  'a birthday that 3.0 has no form for': [['X-VCARD4-BDAY:1990-05'], ['BDAY:1990-05']],
  'a birthday in words': [['X-VCARD4-BDAY;VALUE=text:circa 1800'], ['BDAY;VALUE=text:circa 1800']],
  'a birthday that is no date': [['BDAY;VALUE=text:soon'], ['BDAY;X-VCARD3-NAME=BDAY;VALUE=text:soon']],
  'an anniversary as Apple has it': [
    ['item1.X-ABDATE:2014-07-19', 'item1.X-ABLabel:_$!<Anniversary>!$_'],
    ['ANNIVERSARY:20140719'],
  ],
  'an anniversary under an own name': [
    ['X-EVOLUTION-ANNIVERSARY:2014-07-19'],
    ['ANNIVERSARY;X-VCARD3-NAME=X-EVOLUTION-ANNIVERSARY:20140719'],
  ],
  'another date with a label': [
    ['item1.X-ABDATE;TYPE=PREF:2014-07-19', 'item1.X-ABLabel:First kiss'],
    ['item1.X-ABDATE;PREF=1:2014-07-19', 'item1.X-ABLabel:First kiss'],
  ],
  'a spouse as Apple has it': [
    ['item1.X-ABRELATEDNAMES:Jan', 'item1.X-ABLabel:_$!<Spouse>!$_'],
    ['RELATED;VALUE=text;TYPE=spouse:Jan'],
  ],
  'somebody with an own label': [
    ['item2.X-ABRELATEDNAMES:Jan', 'item2.X-ABLabel:Boat'],
    ['item2.RELATED;VALUE=text;X-VCARD3-NAME=X-ABRELATEDNAMES:Jan', 'item2.X-ABLabel:Boat'],
  ],
  'a spouse and children under own names': [
    ['X-SPOUSE:Jan', 'X-CHILDREN:Kim,Lee\\, jun.'],
    [
      'RELATED;X-VCARD3-NAME=X-SPOUSE;VALUE=text;TYPE=spouse:Jan',
      'RELATED;X-VCARD3-NAME=X-CHILDREN;VALUE=text;TYPE=child:Kim',
      'RELATED;X-VCARD3-NAME=X-CHILDREN;VALUE=text;TYPE=child:Lee\\, jun.',
    ],
  ],
  'a link to a relative': [['RELATED;TYPE=friend:urn:uuid:1'], ['RELATED;TYPE=friend:urn:uuid:1']],
  'an agent elsewhere': [['AGENT;VALUE=uri:CID:1'], ['RELATED;X-VCARD3-NAME=AGENT;TYPE=agent:CID:1']],
  'handles of messengers': [
    ['X-AIM;TYPE=HOME:ada b', 'IMPP;X-SERVICE-TYPE=Jabber:xmpp:ada@x.test'],
    ['IMPP;TYPE=home;X-VCARD3-NAME=X-AIM:aim:ada%20b', 'IMPP;X-SERVICE-TYPE=Jabber:xmpp:ada@x.test'],
  ],
  'a number as an URI': [
    ['TEL;TYPE=VOICE;X-VCARD4-VALUE="tel:+1-555;ext=2":+1-555\\;ext=2'],
    ['TEL;TYPE=voice;VALUE=uri:tel:+1-555;ext=2'],
  ],
  'an address and its label': [
    ['ADR;TYPE=WORK:;;Main St 1;Town;;1;', 'LABEL;TYPE=WORK:Main St 1\\nTown "North"'],
    ['ADR;TYPE=work;LABEL="Main St 1^nTown ^\'North^\'":;;Main St 1;Town;;1;'.replace(/"/g, '')],
  ],
  'a label without an address': [['LABEL;TYPE=HOME;X-VCARD4-NAME=ADR:Here'], ['ADR;TYPE=home;LABEL=Here:;;;;;;']],
  'the label of the second address': [
    ['ADR;TYPE=HOME:;;A;;;;', 'ADR;TYPE=HOME:;;B;;;;', 'LABEL;TYPE=HOME:B'],
    ['ADR;TYPE=home:;;A;;;;', 'ADR;TYPE=home;LABEL=B:;;B;;;;'],
  ],
  'a place': [['GEO:48.1;11.5'], ['GEO:geo:48.1,11.5']],
  'a place with its height': [['GEO;X-VCARD4-VALUE="geo:48.1,11.5,500;u=10":48.1;11.5'], ['GEO:geo:48.1,11.5,500;u=10']],
  'a place elsewhere': [['X-VCARD4-GEO:https://x.test/'], ['GEO:https://x.test/']],
  'a zone by offset': [['TZ:-05:00'], ['TZ;VALUE=utc-offset:-0500']],
  'a zone by name': [['TZ;VALUE=text:Europe/Berlin'], ['TZ:Europe/Berlin']],
  'a revision': [['REV:2026-01-02T03:04:05Z'], ['REV:20260102T030405Z']],
  'a UID that is no URI': [['UID:8f6b2c1e-95b0'], ['UID;VALUE=text:8f6b2c1e-95b0']],
  'a UID that is one': [['UID:urn:uuid:8f6b2c1e-95b0'], ['UID:urn:uuid:8f6b2c1e-95b0']],
  'a group of contacts': [
    ['X-ADDRESSBOOKSERVER-KIND:group', 'X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:1', 'X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:2'],
    ['KIND:group', 'MEMBER:urn:uuid:1', 'MEMBER:urn:uuid:2'],
  ],
  'a group that 3.0 calls so': [
    ['KIND:group', 'MEMBER:urn:uuid:1'],
    ['KIND;X-VCARD3-NAME=KIND:group', 'MEMBER;X-VCARD3-NAME=MEMBER:urn:uuid:1'],
  ],
  'a company': [['X-ABShowAs:COMPANY'], ['KIND:org']],
  'a person': [['KIND:individual'], ['KIND:individual']],
  'other languages of the name': [['X-VCARD4-FN;LANGUAGE=de;ALTID=1:Ä B'], ['FN;LANGUAGE=de;ALTID=1:Ä B']],
  'what only one version knows': [
    ['GENDER:F', 'LANG;TYPE=WORK;PREF=1:de'.replace(';PREF=1', ''), 'MAILER:m', 'CLASS:PRIVATE', 'NAME:n'],
    ['GENDER:F', 'LANG;TYPE=work:de', 'MAILER:m', 'CLASS:PRIVATE', 'NAME:n'],
  ],
  'what nobody knows': [
    ['item1.X-THING;X-P="a;b,c:d";X-Q=^^:1\\;2', 'X-SocialProfile;x-user=a:http://x.test/a'],
    ['item1.X-THING;X-P="a;b,c:d";X-Q=^^:1\\;2', 'X-SocialProfile;x-user=a:http://x.test/a'],
  ],
  'structure and escapes': [
    ['ORG:A\\;B;C\\,D;', 'NOTE:a\\, b\\; c\\\\ d\\n e', 'CATEGORIES:a\\,b,c', 'NICKNAME:x,y'],
    ['ORG:A\\;B;C\\,D;', 'NOTE:a\\, b\\; c\\\\ d\\n e', 'CATEGORIES:a\\,b,c', 'NICKNAME:x,y'],
  ],
};

describe('vCard 3.0 ↔ 4.0 (RFC 2426, RFC 6350 Appendix A)', () => {
  for (const [name, [three, four]] of Object.entries(PAIRS)) {
    it(name, () => {
      assert.deepEqual(convert('4.0', '3.0', ...three).sort(), [...four].sort());
      assert.deepEqual(convert('3.0', '4.0', ...four).sort(), [...three].sort());
    });
  }

  it('tidies what 3.0 apps write in their own ways', () => {
    const tidied = convert(
      '4.0',
      '3.0',
      ...['TEL;HOME;FAX:3', 'URL:http\\://x.test/?a=b\\,c', 'PHOTO;BASE64:/9j/4AAQ', 'NOTE;CHARSET=UTF-8:é'],
      ...['TITLE;ENCODING=QUOTED-PRINTABLE:M=C3=BCller', 'BDAY;value=date:19900504'],
    );
    assert.deepEqual(tidied, [
      ...['TEL;TYPE=home,fax:3', 'URL:http://x.test/?a=b,c', 'PHOTO:data:image/jpeg;base64,/9j/4AAQ', 'NOTE:é'],
      ...['TITLE:Müller', 'BDAY:19900504'],
    ]);
  });

  it('says a messenger once that a card has twice', () => {
    const twice = ['IMPP:xmpp:ada@x.test', 'X-JABBER:ada@x.test'];
    assert.deepEqual(convert('4.0', '3.0', ...twice), twice);
  });

  it('reads what 4.0 apps write in their own ways', () => {
    const tidied = convert(
      '3.0',
      '4.0',
      ...['TEL;TYPE="voice,home";PREF=1:1', 'PHOTO:data:image/jpeg\\;base64\\,/9j/', 'PHOTO:data:,%00%FF'],
    );
    const [tel, ...photos] = tidied;
    assert.equal(tel, 'TEL;TYPE=VOICE,HOME,PREF:1');
    assert.deepEqual(photos, ['PHOTO;ENCODING=b;TYPE=JPEG:/9j/', 'PHOTO;ENCODING=b:AP8=']);
  });

  it('gives each version the names it wants', () => {
    const n = (...lines: string[]) => /^N:.*/m.exec(convertCard(card('4.0', ...lines), '3.0'))?.[0]?.trimEnd();
    assert.equal(n('FN:Ada King Lovelace'), 'N:Lovelace;Ada King;;;');
    assert.equal(n('FN:Friends; all of them', 'KIND:group'), 'N:Friends\\; all of them;;;;');
    assert.equal(n('FN:Widgets Inc', 'KIND:org'), 'N:;;;;');
    assert.match(convertCard(card('3.0', 'N:B;A;;;', 'UID:1'), '4.0'), /^VERSION:4.0\r\nFN:B A\r\n/m);
  });

  it('tells SORT-STRING and SORT-AS from each other', () => {
    const three = card('3.0', 'FN:A', 'N:van Dam;A;;;', 'SORT-STRING:Dam');
    const four = card('4.0', 'FN:A', 'N;SORT-AS=Dam:van Dam;A;;;');
    assert.equal(convertCard(three, '4.0'), four);
    assert.equal(convertCard(four, '3.0'), three);
    const parts = card('4.0', 'FN:A', 'N;SORT-AS="Dam,A":van Dam;A;;;');
    assert.match(convertCard(parts, '3.0'), /SORT-STRING:Dam A/);
    assert.deepEqual(
      missing(parts, convertCard(convertCard(parts, '3.0'), '4.0').replace('SORT-AS=Dam,A', 'SORT-AS="Dam,A"')),
      [],
    );
  });

  it('does not believe what is kept beside when somebody changed the value', () => {
    const [changed] = convert('4.0', '3.0', 'TEL;X-VCARD4-VALUE="tel:+1":+2');
    assert.equal(changed, 'TEL:+2');
    const [moved] = convert('4.0', '3.0', 'GEO;X-VCARD4-VALUE="geo:1,2,3":4;5');
    assert.equal(moved, 'GEO:geo:4,5');
  });

  it('takes a card that has the version already as it is', () => {
    const odd = 'begin:vcard\nversion:3.0\nfn:x\n\nn:x\nend:vcard';
    assert.equal(convertCard(odd, '3.0'), odd);
    assert.equal(versionOf(odd), '3.0');
    assert.equal(versionOf('BEGIN:VCARD\r\nFN:VERSION:4.0\r\n VERSION:3.0\r\nEND:VCARD'), undefined);
  });

  it('takes cards of very many lines, whose first are converted', () => {
    const many = (line: (number: number) => string) => Array.from({ length: 4_000 }, (_none, at) => line(at));
    for (const line of [
      (at: number) => `LABEL;TYPE=HOME:${at}`,
      (at: number) => `X-AIM:${at}`,
      (at: number) => `item${at}.X-ABDATE:2014-07-19\r\nitem${at}.X-ABLabel:_$!<Anniversary>!$_`,
      () => 'X-ANNIVERSARY:2014-07-19',
      () => 'X-ADDRESSBOOKSERVER-KIND:group',
    ]) {
      const text = card('3.0', 'FN:A B', 'N:B;A;;;', ...many(line));
      assert.equal(convertCard(convertCard(text, '4.0'), '3.0').split('\r\n').length, text.split('\r\n').length);
    }
    for (const line of [
      (at: number) => `X-${at};PREF=${(at % 99) + 1}:x`,
      () => 'RELATED;VALUE=text;TYPE=spouse:x',
      () => 'FN:x',
    ]) {
      const text = card('4.0', 'FN:A B', 'N:B;A;;;', ...many(line));
      const back = convertCard(convertCard(text, '3.0'), '4.0');
      assert.ok(back.length >= text.length);
    }
  });

  it('refuses what is no card', () => {
    for (const text of ['', 'x', card('3.0').replace('END:VCARD', ''), card('5.0', 'FN:x'), card('3.0') + card('3.0')])
      assert.throws(() => convertCard(text, '4.0'), { name: 'CardError' });
  });
});

describe('vCard 2.1 to 3.0 and 4.0', () => {
  const old = card(
    '2.1',
    'N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FC=\r\nller;J=F6rg,jun.',
    'TEL;PREF;WORK;VOICE:1',
    'ADR;HOME;CHARSET=UTF-8;QUOTED-PRINTABLE:;;Stra=C3=9Fe 1=0D=0AHof;Ort\\; Teil;;1;',
    'NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=windows-1251:=CF=F0=E8=E2=E5=F2',
    'PHOTO;JPEG;ENCODING=BASE64:\r\n /9j/\r\n 4AAQ\r\n',
    'GEO:11.5,48.1',
    'URL;VALUE=URL:http://x.test/?a,b;c',
    'CATEGORIES:a,b',
    'UID:1',
  );

  it('without the encodings of 2.1', () => {
    assert.deepEqual(inner(convertCard(old, '3.0')), [
      'FN:Müller Jörg jun.',
      'N:Müller;Jörg\\,jun.',
      'TEL;TYPE=PREF,WORK,VOICE:1',
      'ADR;TYPE=HOME:;;Straße 1\\nHof;Ort\\; Teil;;1;',
      'NOTE:Привет',
      'PHOTO;TYPE=JPEG;ENCODING=b:/9j/4AAQ',
      'GEO:48.1;11.5',
      'URL;VALUE=uri:http://x.test/?a,b;c',
      'CATEGORIES:a,b',
      'UID:1',
    ]);
    const four = inner(convertCard(old, '4.0'));
    assert.ok(four.includes('PHOTO:data:image/jpeg;base64,/9j/4AAQ') && four.includes('TEL;TYPE=work,voice;PREF=1:1'));
  });

  it('in the code pages of old phones', () => {
    const text = card('2.1', 'N;CHARSET=CP850;ENCODING=QUOTED-PRINTABLE:M=81ller', 'NOTE;CHARSET=NONE;QUOTED-PRINTABLE:=C3=BC');
    assert.deepEqual(inner(convertCard(text, '3.0')), ['FN:Müller', 'N:Müller', 'NOTE:ü']);
  });

  it('with the folds of 2.1, which keep their white space, and a card within', () => {
    const text = card('2.1', 'N:A', 'NOTE:one', ' two', 'AGENT:', 'BEGIN:VCARD', 'VERSION:2.1', 'N:B', 'END:VCARD', 'TEL:1');
    assert.deepEqual(inner(convertCard(text, '3.0')), [
      ...['FN:A', 'N:A', 'NOTE:one two'],
      ...['AGENT:BEGIN:VCARD\\nVERSION:2.1\\nN:B\\nEND:VCARD\\n', 'TEL:1'],
    ]);
  });
});

describe('hard cards, there and back', () => {
  const folder = join(repositoryRoot, 'test/fixtures/vcard');
  const samples = readdirSync(folder).filter((name) => name.endsWith('.vcf'));
  const all = { ...HARD_CARDS, ...Object.fromEntries(samples.map((name) => [name, readFileSync(join(folder, name), 'utf8')])) };

  for (const [name, text] of Object.entries(all)) {
    it(name, () => {
      const from = versionOf(text) as string;
      const base = from === '2.1' ? convertCard(text, '3.0') : text;
      const [there, home]: DeliveredVersion[] = from === '4.0' ? ['3.0', '4.0'] : ['4.0', '3.0'];
      const other = convertCard(base, there as DeliveredVersion);
      assert.equal(versionOf(other), there);
      const back = convertCard(other, home as DeliveredVersion);
      assert.deepEqual(missing(base, back), []);
      assert.deepEqual(missing(other, convertCard(back, there as DeliveredVersion)), []);
    });
  }
});

/** A reader that knows nothing but RFC 6350, and refuses what is not in it. */
it('makes of 3.0 what a strict reader of 4.0 takes', () => {
  const text = card(
    '3.0',
    ...['FN:A B', 'N:B;A;Q.,P.;Dr.;jun.', 'UID:8f6b2c1e-95b0', 'REV:2026-01-02T03:04:05Z', 'PRODID:-//x//y'],
    ...['TEL;TYPE=HOME;TYPE=VOICE;TYPE=pref:+1', 'TEL;TYPE=CELL:+2', 'EMAIL;TYPE=INTERNET,WORK:a@x.test', 'TZ:-05:00'],
    ...['PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ', 'LOGO;VALUE=uri:http://x.test/l.png', 'KEY;ENCODING=b;TYPE=PGP:AAEC'],
    ...['ADR;TYPE=WORK:;;Main St 1;Town;;1;', 'LABEL;TYPE=WORK:Main St 1\\nTown', 'GEO:48.1;11.5', 'X-SPOUSE:Jan'],
    ...['BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29', 'item1.X-ABDATE:2014-07-19', 'item1.X-ABLabel:_$!<Anniversary>!$_'],
    ...['X-ADDRESSBOOKSERVER-KIND:group', 'X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:1', 'CATEGORIES:a,b', 'NICKNAME:x'],
    ...['ORG:A;B', 'TITLE:t', 'ROLE:r', 'NOTE:n\\nm', 'URL:https://x.test/', 'IMPP:xmpp:a@x.test', 'X-AIM:a'],
  );
  assert.doesNotThrow(() => parse(convertCard(text, '4.0')));
});
