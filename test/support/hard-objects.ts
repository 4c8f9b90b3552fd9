/** Calendar objects and cards that are easily damaged on their way, each named by what makes it hard. */

const CRLF = '\r\n';
const lines = (...all: readonly string[]): string => all.join(CRLF) + CRLF;

function calendar(uid: string, inner: readonly string[], head: readonly string[] = []): string {
  return lines(
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Hard//Objects//EN',
    ...head,
    ...inner.map((line) => line.replaceAll('{uid}', uid)),
    'END:VCALENDAR',
  );
}

function eventOf(...more: readonly string[]): string[] {
  return ['BEGIN:VEVENT', 'UID:{uid}', 'DTSTAMP:20260101T000000Z', 'DTSTART:20260301T100000Z', ...more, 'END:VEVENT'];
}

const OUTLOOK_ZONE = [
  'BEGIN:VTIMEZONE',
  'TZID:(UTC+01:00) Amsterdam\\, Berlin\\, Bern\\, Rome\\, Stockholm\\, Vienna',
  'BEGIN:STANDARD',
  'DTSTART:16010101T030000',
  'TZOFFSETFROM:+0200',
  'TZOFFSETTO:+0100',
  'RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10',
  'END:STANDARD',
  'BEGIN:DAYLIGHT',
  'DTSTART:16010101T020000',
  'TZOFFSETFROM:+0100',
  'TZOFFSETTO:+0200',
  'RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3',
  'END:DAYLIGHT',
  'END:VTIMEZONE',
];
const OUTLOOK_TZID = '"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna"';

/** Folds in the middle of words, of escapes, and with tabs. */
const ODD_FOLDS = ['DESCRIPTION:one two th', ' ree\\', ' n four', '\tfive', ' ', '  six', 'X-EMPTY:', 'SUMMARY:fol', ' ded'];

const alarm = (...more: readonly string[]): string[] => [
  'BEGIN:VALARM',
  'ACTION:DISPLAY',
  'DESCRIPTION:x',
  ...more,
  'END:VALARM',
];

const EVENTS: Readonly<Record<string, readonly string[]>> = {
  'x-properties': eventOf('X-ONE:1', 'X-TWO;X-P=a;X-Q="b;c":2', 'x-lower:3', 'X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC'),
  'parameter-order': eventOf(
    'ATTENDEE;X-Z=1;CN=Bob;ROLE=REQ-PARTICIPANT;PARTSTAT=TENTATIVE;CUTYPE=INDIVIDUAL:mailto:bob@elsewhere.test',
  ),
  'quoted-parameters': eventOf(
    'X-WHO;CN="Doe, Jane; \'J\'":mailto:jane@elsewhere.test',
    'LOCATION;ALTREP="http://x.test/a:b":Room',
  ),
  'caret-parameters': eventOf("X-WHO;CN=^'Jane^' Doe^nSecond line^^:mailto:jane@elsewhere.test"),
  'odd-folds': eventOf(...ODD_FOLDS),
  'folded-inside-utf8-words': eventOf('DESCRIPTION:Grüße aus Mün', ' chen – schön 日', ' 本語 🎉'),
  'long-line-unfolded': eventOf(`DESCRIPTION:${'x'.repeat(5_000)}`),
  'long-line-with-emoji': eventOf(`DESCRIPTION:${'👩‍👩‍👧‍👦'.repeat(300)}`),
  escapes: eventOf('DESCRIPTION:a\\, b\\; c\\\\ d\\n e\\N f', 'SUMMARY:colon: and "quotes"'),
  'lower-case-names': eventOf('summary:lower', 'Description;language=de:gemischt'),
  'xml-in-text': eventOf(
    'DESCRIPTION:<b>&amp;</b> ]]> <!-- -->  <![CDATA[x]]>',
    'X-ALT-DESC;FMTTYPE=text/html:<!DOCTYPE HTML><html>\\n<p title="a&b">x</p></html>',
  ),
  'white-space': eventOf('SUMMARY:  leading and trailing  ', 'DESCRIPTION:\ttab\tinside\t', 'COMMENT: '),
  'control-like-characters': eventOf('DESCRIPTION:\u0085next\u2028line\u2029para\u00a0nbsp\ufeffbom\u200d'),
  'decomposed-unicode': eventOf('SUMMARY:a\u0308 e\u0301 \u00e4 \u00e9'),
  'two-alarms': eventOf(...alarm('TRIGGER:-PT15M'), ...alarm('TRIGGER;RELATED=END:PT5M', 'REPEAT:2', 'DURATION:PT10M')),
  'acknowledged-alarm': eventOf(
    ...alarm('TRIGGER:-PT15M', 'UID:1', 'X-WR-ALARMUID:1', 'ACKNOWLEDGED:20260101T000000Z'),
    'X-MOZ-LASTACK:20260101T000000Z',
  ),
  'attachment-inline': eventOf(
    `ATTACH;FMTTYPE=image/png;ENCODING=BASE64;VALUE=BINARY;X-FILENAME="a b.png":${Buffer.alloc(3_000, 7).toString('base64')}`,
  ),
  categories: eventOf('CATEGORIES:One,Two\\, still two', 'CATEGORIES:Three', 'RESOURCES:a,b'),
  'structured-location': eventOf(
    'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-ADDRESS="Street 1\\nTown";X-APPLE-RADIUS=70;X-TITLE="Caf\u00e9":geo:48.1,11.5',
    'GEO:48.1;11.5',
  ),
  'rfc-7986': eventOf(
    'COLOR:turquoise',
    'IMAGE;VALUE=URI;DISPLAY=BADGE:https://x.test/i.png',
    'CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO;LABEL=Call:https://x.test/c',
    'REFRESH-INTERVAL;VALUE=DURATION:P1W',
  ),
  'rfc-9073': eventOf(
    'STYLED-DESCRIPTION;VALUE=TEXT;FMTTYPE=text/html:<b>x</b>',
    'BEGIN:PARTICIPANT',
    'UID:p1',
    'PARTICIPANT-TYPE:SPEAKER',
    'END:PARTICIPANT',
    'BEGIN:VLOCATION',
    'UID:l1',
    'NAME:Hall',
    'END:VLOCATION',
  ),
  'unknown-component': eventOf('BEGIN:X-THING', 'X-A:1', 'BEGIN:X-INNER', 'X-B:2', 'END:X-INNER', 'END:X-THING'),
  exdates: eventOf(
    'RRULE:FREQ=DAILY;COUNT=9;WKST=SU',
    'EXDATE:20260302T100000Z,20260303T100000Z',
    'EXDATE:20260304T100000Z',
    'RDATE;VALUE=PERIOD:20260401T100000Z/PT1H',
  ),
  'request-status': eventOf(
    'REQUEST-STATUS:2.0;Success',
    'REQUEST-STATUS;LANGUAGE=de:3.7;Ung\u00fcltig;ATTENDEE:mailto:x@elsewhere.test',
  ),
  related: eventOf(
    'RELATED-TO;RELTYPE=SIBLING:other',
    'RELATED-TO;X-GAP=P1D:another',
    'RECURRENCE-ID;X-NOT-REALLY=1:20260301T100000Z',
  ),
  'empty-values': eventOf('LOCATION:', 'DESCRIPTION:', 'X-NOTHING;X-P=:'),
  'duplicate-unknowns': eventOf('X-SAME:1', 'X-SAME:1', 'X-SAME;X-P=2:1', 'COMMENT:a', 'COMMENT:a'),
};

function calendars(): Record<string, string> {
  const made = Object.fromEntries(Object.entries(EVENTS).map(([name, inner]) => [name, calendar(`ics-${name}`, inner)]));
  const zoned = [
    'BEGIN:VEVENT',
    'UID:{uid}',
    'DTSTAMP:20260101T000000Z',
    `DTSTART;TZID=${OUTLOOK_TZID}:20260301T100000`,
    'SUMMARY:Outlook',
    'X-MICROSOFT-CDO-BUSYSTATUS:BUSY',
    'END:VEVENT',
  ];
  const todo = [
    'BEGIN:VTODO',
    'UID:{uid}',
    'DTSTAMP:20260101T000000Z',
    'PERCENT-COMPLETE:50',
    'X-APPLE-SORT-ORDER:123',
    'DUE;VALUE=DATE:20260401',
    ...alarm('TRIGGER;RELATED=END:-P1D'),
    'END:VTODO',
  ];
  const journal = [
    'BEGIN:VJOURNAL',
    'UID:{uid}',
    'DTSTAMP:20260101T000000Z',
    'DTSTART;VALUE=DATE:20260401',
    'DESCRIPTION:a\\nb',
    'STATUS:DRAFT',
    'END:VJOURNAL',
  ];
  return {
    ...made,
    'outlook-zone': calendar('ics-outlook-zone', [...OUTLOOK_ZONE, ...zoned]),
    'head-properties': calendar('ics-head', eventOf(), [
      'CALSCALE:GREGORIAN',
      'X-WR-CALNAME:N\u00e4me',
      'X-WR-TIMEZONE:Europe/Berlin',
    ]),
    'to-do': calendar('ics-todo', todo),
    journal: calendar('ics-journal', journal),
    'bare-line-feeds': calendar('ics-lf', eventOf('SUMMARY:Unix')).replaceAll(CRLF, '\n'),
    'no-final-line-end': calendar('ics-nofinal', eventOf()).trimEnd(),
    'blank-lines-at-the-end': `${calendar('ics-blank', eventOf())}${CRLF}${CRLF}`,
  };
}

function cardOf(version: string, uid: string, more: readonly string[]): string {
  return lines(
    'BEGIN:VCARD',
    `VERSION:${version}`,
    `UID:${uid}`,
    'FN:Hard Card',
    ...(version === '3.0' ? ['N:Card;Hard;;;'] : []),
    ...more,
    'END:VCARD',
  );
}

const photo = Buffer.alloc(200_000, 0xa5).toString('base64');
const folded = (text: string): string[] => text.match(/.{1,74}/g)?.map((part, index) => (index === 0 ? part : ` ${part}`)) ?? [];

const CARDS_3: Readonly<Record<string, readonly string[]>> = {
  grouped: [
    'item1.EMAIL;type=INTERNET;type=pref:a@x.test',
    'item1.X-ABLabel:_$!<Other>!$_',
    'ITEM2.TEL:+1',
    'item2.X-ABLabel:Boat',
  ],
  'repeated-types': ['TEL;TYPE=home;TYPE=cell;TYPE=pref:+49 1', 'TEL;type=HOME,voice:+49 2', 'TEL;HOME;FAX:+49 3'],
  'large-photo-folded': folded(`PHOTO;ENCODING=b;TYPE=JPEG:${photo}`),
  'photo-on-one-line': [`PHOTO;ENCODING=b;TYPE=JPEG:${photo}`],
  'omitted-year': ['BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29', 'X-ANNIVERSARY:2000-01-01'],
  'apple-group': [
    'X-ADDRESSBOOKSERVER-KIND:group',
    'X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:1',
    'X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:2',
  ],
  escapes: ['NOTE:a\\, b\\; c\\\\ d\\n e', 'ORG:A\\;B;C\\,D;', 'ADR;TYPE=home:;;Street\\, 1;Town;;12345;', 'CATEGORIES:a\\,b,c'],
  'odd-folds': ['NOTE:one t', ' wo \\', ' n three', '\tfour', ' '],
  unicode: ['NICKNAME:Zoë 日本 👋🏽', 'X-PHONETIC-LAST-NAME:かな', 'NOTE;CHARSET=UTF-8:é\u0301'],
  'x-properties': [
    'X-SOCIALPROFILE;type=twitter;x-user=a:http://x.test/a',
    'X-AIM;type=HOME:a',
    'IMPP;X-SERVICE-TYPE=Jabber:xmpp:a@x.test',
    'X-EVOLUTION-FILE-AS:Card\\, Hard',
  ],
  'agent-and-key': [
    'KEY;ENCODING=B;TYPE=PGP:AAECAw==',
    'SOUND;TYPE=BASIC;ENCODING=b:AAECAw==',
    'GEO:48.1;11.5',
    'TZ:+01:00',
    'CLASS:PRIVATE',
  ],
  'urls-with-colons': ['URL;type=WORK:http\\://x.test/?a=b;c', 'URL:https://x.test:8080/%20?q=a,b', 'item1.URL;type=pref:x'],
  'xml-in-text': ['NOTE:<b>&amp;</b> ]]> "x" \'y\''],
  'white-space': ['NOTE:  spaces  ', 'TITLE:\ttab'],
  'empty-values': ['NOTE:', 'TEL;TYPE=home:', 'ADR:;;;;;;', 'X-NOTHING;X-P=:'],
  'lower-case-names': ['tel;type=cell:+1', 'Note:mixed', 'x-Custom;Foo=bar:1'],
  'long-line': [`NOTE:${'y'.repeat(8_000)}`],
};

const CARDS_4: Readonly<Record<string, readonly string[]>> = {
  'data-uri': [
    `PHOTO:data:image/jpeg;base64,${Buffer.alloc(2_000, 9).toString('base64')}`,
    'SOUND;MEDIATYPE=audio/ogg:https://x.test/s.ogg',
  ],
  'group-members': ['KIND:group', 'MEMBER:urn:uuid:1', 'MEMBER:mailto:a@x.test'],
  parameters: [
    'TEL;VALUE=uri;PREF=1;TYPE="voice,home":tel:+1-555;ext=2',
    'EMAIL;PID=1.1,2.1;ALTID=1;LANGUAGE=de:a@x.test',
    'CLIENTPIDMAP:1;urn:uuid:x',
  ],
  'caret-parameters': ['ADR;LABEL="Mr. ^\'X^\'^nStreet 1^nTown":;;Street 1;Town;;;'],
  dates: [
    'BDAY:--0229',
    'ANNIVERSARY;CALSCALE=gregorian:20000101T120000Z',
    'DEATHDATE;VALUE=text:long ago',
    'REV:20260101T000000Z',
  ],
  related: ['RELATED;TYPE=friend;VALUE=text:Bob', 'GENDER:O;other', 'LANG;PREF=1:de', 'XML:<a xmlns="urn:x">&lt;</a>'],
  'unknown-properties': ['SOCIALPROFILE;SERVICE-TYPE=x:https://x.test', 'PRONOUNS;LANGUAGE=en:they', 'X-A;X-B="c;d,e:f":1'],
  alternatives: [
    'FN;ALTID=1;LANGUAGE=jp:ハード',
    'TITLE;ALTID=1;LANGUAGE=fr:Patron',
    'TITLE;ALTID=1;LANGUAGE=en:Boss',
    'N:Card;Hard;;Dr.,Prof.;',
  ],
};

function cards(): Record<string, string> {
  const made = (version: string, all: Readonly<Record<string, readonly string[]>>) =>
    Object.entries(all).map(
      ([name, more]) => [`v${version[0]}-${name}`, cardOf(version, `vcf-${version[0]}-${name}`, more)] as const,
    );
  return Object.fromEntries([
    ...made('3.0', CARDS_3),
    ...made('4.0', CARDS_4),
    ['bare-line-feeds', cardOf('3.0', 'vcf-lf', ['NOTE:Unix']).replaceAll(CRLF, '\n')],
    ['no-final-line-end', cardOf('3.0', 'vcf-nofinal', []).trimEnd()],
  ]);
}

export const HARD_CALENDARS: Readonly<Record<string, string>> = calendars();
export const HARD_CARDS: Readonly<Record<string, string>> = cards();
