import fc from 'fast-check';
import { escapeText } from '../../src/formats/content-lines.js';
import type { DeliveredVersion } from '../../src/formats/vcard/convert.js';

const words = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: fc.constantFrom('a', ';', ',', '\\', '\n', ' ', '"', ':', '^', 'ü', '日', '😀', '<', '='), maxLength: 20 }),
);
const value = words.map((text) => escapeText(text).trim());
const filled = value.map((text) => `x${text}`);
const structured = (parts: number) => fc.array(value, { minLength: 1, maxLength: parts }).map((list) => list.join(';'));
const choice = fc.constantFrom<string[]>;
const date = (part: (year: number, month: number, day: number) => string) =>
  fc
    .tuple(fc.integer({ min: 1605, max: 2100 }), fc.integer({ min: 10, max: 12 }), fc.integer({ min: 10, max: 28 }))
    .map((d) => part(...d));
const base64 = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('base64'));
const place = fc
  .tuple(fc.integer({ min: -90, max: 90 }), fc.double({ min: -180, max: 180, noNaN: true }))
  .map(([a, b]) => [a, b.toFixed(6)] as const);

/** Parameters that mean nothing to the conversion, and some that do. */
const parameters = (...more: string[]) =>
  fc.subarray([';LANGUAGE=de', ';X-P="a;b,c:d"', ";X-Q=^^^n^'x", ...more]).map((list) => list.join(''));
const types3 = fc
  .subarray(['HOME', 'work', 'VOICE', 'fax', 'X-Boat', 'PREF'], { minLength: 0, maxLength: 3 })
  .chain((types) =>
    choice(
      ...['TYPE=', 'type='].map((name) => (types.length === 0 ? '' : `;${name}${types.join(',')}`)),
      types.map((type) => `;TYPE=${type}`).join(''),
    ),
  );
const types4 = fc
  .tuple(fc.subarray(['home', 'work', 'voice', 'fax', 'x-boat'], { maxLength: 3 }), fc.option(fc.integer({ min: 1, max: 100 })))
  .chain(([types, pref]) => {
    const rest = pref === null ? '' : `;PREF=${pref}`;
    return choice(...(types.length === 0 ? [rest] : [`;TYPE=${types.join(',')}${rest}`, `${rest};TYPE="${types.join(',')}"`]));
  });

const line = (name: string, params: fc.Arbitrary<string>, values: fc.Arbitrary<string>) =>
  fc.tuple(params, values).map(([p, v]) => [`${name}${p}:${v}`]);
/** Groups with a label; each line that has one has its own. */
const grouped = (lines: fc.Arbitrary<string[]>, labels: fc.Arbitrary<string>) =>
  fc.tuple(lines, labels).map(([all, label]) => [...all.map((one) => `item9.${one}`), `item9.X-ABLabel:${label}`]);
const labels = fc.oneof(
  filled,
  choice('_$!<Other>!$_', '_$!<Spouse>!$_', '_$!<Anniversary>!$_', '_$!<Child>!$_', '_$!<Mother>!$_'),
);

const both = (types: fc.Arbitrary<string>): fc.Arbitrary<string[]>[] => [
  line('TEL', types, filled),
  line('TEL', types, filled),
  line(
    'ADR',
    fc.tuple(types, parameters()).map((p) => p.join('')),
    structured(7),
  ),
  line('ORG', parameters(), structured(3)),
  line('NOTE', parameters(), value),
  line('TITLE', parameters(';ALTID=1'), value),
  line(
    'NICKNAME',
    types,
    fc.array(filled, { minLength: 1, maxLength: 3 }).map((list) => list.join(',')),
  ),
  line(
    'CATEGORIES',
    parameters(),
    fc.array(filled, { minLength: 1, maxLength: 3 }).map((list) => list.join(',')),
  ),
  line('URL', types, fc.webUrl()),
  line('IMPP', types, choice('xmpp:ada@x.test', 'aim:ada', 'sip:a@x.test')),
  line('X-SOCIALPROFILE', parameters(';x-user=a'), fc.webUrl()),
  line('X-AIM', types, filled),
  line('GENDER', parameters(), choice('F', 'O;it')),
  line('RELATED', choice(';TYPE=friend', ';TYPE=contact;X-P=1'), choice('urn:uuid:1', 'mailto:a@x.test')),
  line('UID', choice(''), choice('1', 'urn:uuid:8f6b', 'a\\,b')),
  grouped(line('TEL', types, filled), labels),
  grouped(
    line(
      'X-ABDATE',
      choice('', ';TYPE=PREF'.replace('TYPE=PREF', 'X-P=1')),
      date((y, m, d) => `${y}-${m}-${d}`),
    ),
    labels,
  ),
  grouped(line('X-THING', parameters(), value), labels),
];

const three: fc.Arbitrary<string[]>[] = [
  ...both(types3),
  line('EMAIL', types3, filled),
  line('EMAIL', choice(';TYPE=INTERNET', ';type=INTERNET,pref', ';TYPE=X400'), filled),
  line(
    'BDAY',
    choice('', ';VALUE=date'),
    date((y, m, d) => `${y}-${m}-${d}`),
  ),
  line(
    'BDAY',
    choice(';X-APPLE-OMIT-YEAR=1604'),
    date((_y, m, d) => `1604-${m}-${d}`),
  ),
  line(
    'BDAY',
    choice('', ';VALUE=text'),
    choice('x', '1990', '19900504', '1990-05-04T10:00:00Z', '1990-05-04T10:00:00.5Z', '--0504', ''),
  ),
  line('PHOTO', choice(';ENCODING=b;TYPE=JPEG', ';TYPE=png;ENCODING=B', ';ENCODING=b;MEDIATYPE=application/pdf'), base64),
  line('LOGO', choice(';VALUE=uri', ';VALUE=URI;TYPE=GIF'), fc.webUrl()),
  line('KEY', choice(';ENCODING=b;TYPE=PGP', ';TYPE=X509;ENCODING=b', ';ENCODING=b'), base64),
  line('KEY', choice(';TYPE=PGP;VALUE=text'), value),
  line('LABEL', types3, filled),
  line('LABEL', choice(';TYPE=HOME', ''), filled),
  line(
    'GEO',
    choice(''),
    fc.oneof(
      place.map((p) => p.join(';')),
      choice('x', '1;2;3'),
    ),
  ),
  line('TZ', choice(''), choice('-05:00', '+0100', '+01')),
  line('TZ', choice(';VALUE=text'), choice('-05:00; EST', 'Europe/Berlin', '+01')),
  line('REV', choice(''), choice('2026-01-02T03:04:05Z', '20260102T030405Z', '2026-01-02', 'x')),
  line('SORT-STRING', choice('', ';LANGUAGE=de'), value),
  line(
    'X-ANNIVERSARY',
    choice(''),
    fc.oneof(
      date((y, m, d) => `${y}-${m}-${d}`),
      choice('x'),
    ),
  ),
  line(
    'X-EVOLUTION-ANNIVERSARY',
    choice(''),
    date((y, m, d) => `${y}-${m}-${d}`),
  ),
  line(
    'ANNIVERSARY',
    choice(''),
    date((y, m, d) => `${y}-${m}-${d}`),
  ),
  line('X-SPOUSE', types3, filled),
  line(
    'X-CHILDREN',
    choice(''),
    fc.array(filled, { minLength: 1, maxLength: 3 }).map((list) => list.join(',')),
  ),
  grouped(line('X-ABRELATEDNAMES', choice('', ';TYPE=PREF', ';X-P=1', ';TYPE=friend'), filled), labels),
  line('X-ADDRESSBOOKSERVER-KIND', choice(''), choice('group')),
  line('X-ADDRESSBOOKSERVER-MEMBER', choice(''), choice('urn:uuid:1', 'urn:uuid:2')),
  line('X-ABSHOWAS', choice(''), choice('COMPANY', 'x')),
  line('KIND', choice(''), choice('group', 'individual', 'org')),
  line('AGENT', choice(';VALUE=uri', ''), choice('CID:x', 'BEGIN:VCARD\\nEND:VCARD\\n')),
  line('CLASS', choice(''), choice('PRIVATE')),
];

const four: fc.Arbitrary<string[]>[] = [
  ...both(types4),
  line('EMAIL', types4, filled),
  line('FN', choice(';LANGUAGE=de;ALTID=1', ';PREF=1'), filled),
  line(
    'TEL',
    choice(';VALUE=uri', ';TYPE="home,voice";VALUE=uri;PREF=2'),
    choice('tel:+1-555;ext=2', 'tel:%20x', 'sip:a@x.test', 'tel:%'),
  ),
  line(
    'BDAY',
    choice('', ';CALSCALE=gregorian'),
    fc.oneof(
      date((y, m, d) => `${y}${m}${d}`),
      date((_y, m, d) => `--${m}${d}`),
    ),
  ),
  line('BDAY', choice(''), choice('1990', '1990-05', '---04', 'T1010', '19531015T231000Z', '19531015T2310', '--0405T10')),
  line('BDAY', choice(';VALUE=text'), choice('circa 1800', '1990')),
  line(
    'ANNIVERSARY',
    choice('', ';X-P=1'),
    fc.oneof(
      date((y, m, d) => `${y}${m}${d}`),
      choice('2010', '--0719', '20100719T100000Z'),
    ),
  ),
  grouped(
    line(
      'ANNIVERSARY',
      choice(''),
      date((y, m, d) => `${y}${m}${d}`),
    ),
    labels,
  ),
  line(
    'PHOTO',
    choice(''),
    base64.chain((data) => choice(`data:image/jpeg;base64,${data}`, `data:application/pdf;base64,${data}`)),
  ),
  line('LOGO', choice('', ';MEDIATYPE=image/png', ';TYPE=work;PREF=1'), fc.webUrl()),
  line('KEY', choice(';VALUE=text', ';VALUE=text;TYPE=work'), value),
  line(
    'KEY',
    choice(''),
    base64.map((data) => `data:application/pgp-keys;base64,${data}`),
  ),
  line(
    'ADR',
    choice(';LABEL="a^nb;c,d:e^^f^\'"', ';LABEL=x;TYPE=home;PREF=3', ';LABEL=y;TYPE=home'),
    fc.oneof(structured(7), choice(';;;;;;')),
  ),
  line(
    'GEO',
    choice(''),
    fc.oneof(
      place.map((p) => `geo:${p.join(',')}`),
      choice('geo:1,2,3;u=4', 'https://x.test/'),
    ),
  ),
  line('TZ', choice(';VALUE=utc-offset'), choice('-0500', '+01')),
  line('TZ', choice(''), choice('Europe/Berlin', '-0500')),
  line('TZ', choice(';VALUE=uri'), fc.webUrl()),
  line('REV', choice(''), choice('20260102T030405Z', '20260102T030405-05')),
  line(
    'RELATED',
    choice(
      ';VALUE=text',
      ';VALUE=text;TYPE=spouse',
      ';TYPE=child;VALUE=text;PREF=1',
      ';VALUE=text;TYPE=friend,kin',
      ';VALUE=text;TYPE=x-boat',
    ),
    filled,
  ),
  grouped(line('RELATED', choice(';VALUE=text;TYPE=spouse'), filled), labels),
  line('KIND', choice(''), choice('group', 'individual', 'org', 'location')),
  line('MEMBER', choice('', ';PREF=1'), choice('urn:uuid:1', 'mailto:a@x.test')),
  line('LANG', types4, choice('de', 'fr')),
  line('XML', choice(''), value),
  line('CLIENTPIDMAP', choice(''), choice('1;urn:uuid:1')),
];

const SINGLE = /^(?:item\d+\.)?(?:UID|BDAY|REV|KIND|ANNIVERSARY|SORT-STRING|X-ADDRESSBOOKSERVER-KIND|X-ABSHOWAS)[;:]/;

/** A card of chosen lines, each group with a name of its own, and at most one of what is one. */
function cardOf(version: string, names: fc.Arbitrary<string>, lines: readonly fc.Arbitrary<string[]>[]): fc.Arbitrary<string> {
  return fc
    .tuple(
      names,
      fc.shuffledSubarray([...lines], { maxLength: 14 }).chain((chosen) => fc.tuple(...chosen)),
    )
    .map(([n, all]) => {
      const seen = new Set<string>();
      const inner = all.flatMap((some, at) => {
        const own = some.map((one) => one.replace(/^item9\./, `item${at + 1}.`));
        const name = SINGLE.exec(own[0] ?? '')?.[0].replace(/^item\d+\.|[;:]/g, '');
        if (name !== undefined && seen.has(name)) return [];
        if (name !== undefined) seen.add(name);
        return own;
      });
      return `${['BEGIN:VCARD', `VERSION:${version}`, 'FN:A B', n, ...inner, 'END:VCARD'].join('\r\n')}\r\n`;
    });
}

/** Cards of either version, as apps write them and as nobody should. */
export const RANDOM_CARDS: Readonly<Record<DeliveredVersion, fc.Arbitrary<string>>> = {
  '3.0': cardOf(
    '3.0',
    structured(5).map((parts) => `N:${parts}`),
    three,
  ),
  '4.0': cardOf('4.0', choice('N:B;A;;;', 'N;SORT-AS="B,A":B;A;;;', 'N;SORT-AS=B:B;A;;;', 'X-NONE:1'), four),
};
