import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CAL, CARD, D, type DavClient } from '../support/dav-client.js';
import { bookPath, calendarObject, calendarPath, card, event } from '../support/dav-data.js';
import { type DavServer, startDavServer } from '../support/dav-server.js';

const ALICE = 'alice@example.test';
const XMLNS = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:K="urn:ietf:params:xml:ns:carddav"';

describe('queries over DAV', () => {
  let server: DavServer;
  let alice: DavClient;
  const path = calendarPath(ALICE, 'everything');
  const book = bookPath(ALICE, 'contacts');

  before(async () => {
    server = await startDavServer();
    alice = await server.client(ALICE);
    await alice.request('MKCALENDAR', path);
    for (const [name, text] of Object.entries(OBJECTS)) {
      const { status, text: why } = await alice.request('PUT', `${path}${name}.ics`, {
        body: text,
        headers: { 'content-type': 'text/calendar' },
      });
      assert.equal(status, 201, `${name}: ${why}`);
    }
    for (const [name, text] of Object.entries(CARDS)) {
      const { status, text: why } = await alice.request('PUT', `${book}${name}.vcf`, {
        body: text,
        headers: { 'content-type': 'text/vcard' },
      });
      assert.equal(status, 201, `${name}: ${why}`);
    }
  });
  after(() => server.close());

  const names = (responses: readonly { href: string }[]) =>
    responses.map(({ href }) => href.replace(/^.*\/(.*)\.\w+$/, '$1')).sort();

  const query = async (filter: string, more = '', props = '<getetag/>') => {
    const body = `<C:calendar-query ${XMLNS}><prop>${props}</prop><C:filter>${filter}</C:filter>${more}</C:calendar-query>`;
    return (await alice.multistatus('REPORT', path, { body, depth: 1 })).responses;
  };
  const inCalendar = (filter: string) => `<C:comp-filter name="VCALENDAR">${filter}</C:comp-filter>`;
  const range = (start: string, end?: string) => `<C:time-range start="${start}"${end ? ` end="${end}"` : ''}/>`;
  const events = (inner: string) => query(inCalendar(`<C:comp-filter name="VEVENT">${inner}</C:comp-filter>`));

  it('finds by component, also without one', async () => {
    assert.deepEqual(names(await query('<C:comp-filter name="VCALENDAR"/>')), Object.keys(OBJECTS).sort());
    assert.deepEqual(names(await query(inCalendar('<C:comp-filter name="VTODO"/>'))), [
      'todo-completed',
      'todo-due',
      'todo-none',
      'todo-start',
    ]);
    assert.deepEqual(names(await query(inCalendar('<C:comp-filter name="VJOURNAL"/>'))), ['journal']);
    const none = await query(inCalendar('<C:comp-filter name="VTODO"/><C:comp-filter name="VEVENT"/>'));
    assert.deepEqual(names(none), [], 'filters are all to hold');
    const notEvents = await query(inCalendar('<C:comp-filter name="VEVENT"><C:is-not-defined/></C:comp-filter>'));
    assert.deepEqual(names(notEvents), ['journal', 'todo-completed', 'todo-due', 'todo-none', 'todo-start']);
  });

  it('finds events by time range: single, all-day, recurring, moved, with the ends half-open (RFC 4791 §9.9)', async () => {
    const at = async (start: string, end: string) => names(await events(range(start, end)));
    assert.deepEqual(await at('20260301T100000Z', '20260301T110000Z'), ['forever', 'single']);
    assert.deepEqual(await at('20260301T090000Z', '20260301T100000Z'), [], 'ends where the event begins');
    assert.deepEqual(await at('20260301T110000Z', '20260301T120000Z'), [], 'begins where the event ends');
    assert.deepEqual(await at('20260309T230000Z', '20260310T000000Z'), ['allday'], 'all-day in the user zone: Berlin');
    assert.deepEqual(await at('20260310T230000Z', '20260311T000000Z'), []);
    assert.deepEqual(await at('20260408T150000Z', '20260408T170000Z'), ['moved'], 'an override moved out of its place');
    assert.deepEqual(await at('20260407T080000Z', '20260407T090000Z'), ['weekly'], 'its old place is free');
    assert.deepEqual(await at('22260301T100000Z', '22260301T103000Z'), ['forever'], 'two hundred years on');
    assert.deepEqual(names(await events(range('22260301T090000Z'))), ['forever']);
    assert.deepEqual(await at('19690101T000000Z', '19700101T000000Z'), ['moonlanding']);
  });

  it('takes floating and all-day times in the zone of the request', async () => {
    const zone = 'BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:America/New_York\nEND:VTIMEZONE\nEND:VCALENDAR';
    const filter = inCalendar(`<C:comp-filter name="VEVENT">${range('20260311T010000Z', '20260311T020000Z')}</C:comp-filter>`);
    assert.deepEqual(names(await query(filter)), []);
    assert.deepEqual(names(await query(filter, `<C:timezone>${zone}</C:timezone>`)), ['allday']);
    const body = `<C:calendar-query ${XMLNS}><prop/><C:filter>${filter}</C:filter><C:timezone>BEGIN:X</C:timezone></C:calendar-query>`;
    const refused = await alice.request('REPORT', path, { body });
    assert.deepEqual([refused.status, /valid-calendar-data/.test(refused.text)], [403, true]);
  });

  it('finds to-dos by all the cases of the table (RFC 4791 §9.9)', async () => {
    const todos = async (start: string, end: string) =>
      names(await query(inCalendar(`<C:comp-filter name="VTODO">${range(start, end)}</C:comp-filter>`)));
    assert.deepEqual(await todos('20260501T000000Z', '20260502T000000Z'), ['todo-none', 'todo-start']);
    assert.deepEqual(await todos('20260601T000000Z', '20260602T000000Z'), ['todo-due', 'todo-none']);
    assert.deepEqual(await todos('20260701T000000Z', '20260702T000000Z'), ['todo-completed', 'todo-none']);
    const journal = inCalendar(`<C:comp-filter name="VJOURNAL">${range('20260801T120000Z', '20260801T130000Z')}</C:comp-filter>`);
    assert.deepEqual(names(await query(journal)), ['journal']);
  });

  it('finds by alarms: related, absolute, repeated', async () => {
    const alarms = async (start: string, end: string) =>
      names(await events(`<C:comp-filter name="VALARM">${range(start, end)}</C:comp-filter>`));
    assert.deepEqual(await alarms('20260301T094500Z', '20260301T094600Z'), ['single']);
    assert.deepEqual(await alarms('20260301T094400Z', '20260301T094500Z'), []);
    assert.deepEqual(await alarms('20260301T095500Z', '20260301T095600Z'), ['single'], 'the second repetition');
    assert.deepEqual(await alarms('20260310T060000Z', '20260310T060100Z'), ['allday'], 'absolute');
    assert.deepEqual(await alarms('22260301T103000Z', '22260301T103001Z'), ['forever'], 'after the end, centuries on');
    const without = await events('<C:comp-filter name="VALARM"><C:is-not-defined/></C:comp-filter>');
    assert.deepEqual(names(without), ['moonlanding', 'moved', 'weekly']);
  });

  it('finds by properties and parameters, with collations, negation and is-not-defined (RFC 4791 §9.7)', async () => {
    const prop = (name: string, inner: string) => events(`<C:prop-filter name="${name}">${inner}</C:prop-filter>`);
    assert.deepEqual(names(await prop('SUMMARY', '<C:text-match>bernd</C:text-match>')), ['single']);
    assert.deepEqual(names(await prop('SUMMARY', '<C:text-match collation="i;octet">bernd</C:text-match>')), []);
    assert.deepEqual(names(await prop('SUMMARY', '<C:text-match collation="i;unicode-casemap">GRÜSSE</C:text-match>')), [
      'single',
    ]);
    assert.deepEqual(names(await prop('SUMMARY', '<C:text-match negate-condition="yes">bernd</C:text-match>')), ['weekly']);
    assert.deepEqual(names(await prop('LOCATION', '')), ['weekly']);
    assert.deepEqual(names(await prop('SUMMARY', '<C:is-not-defined/>')), ['allday', 'forever', 'moonlanding', 'moved']);
    assert.deepEqual(names(await prop('UID', '<C:text-match collation="i;octet">weekly</C:text-match>')), ['weekly']);
    const partstat = (inner: string) => prop('ATTENDEE', `<C:param-filter name="PARTSTAT">${inner}</C:param-filter>`);
    assert.deepEqual(names(await partstat('<C:text-match>accepted</C:text-match>')), ['weekly']);
    assert.deepEqual(names(await partstat('<C:is-not-defined/>')), ['weekly'], 'the other attendee has none');
    assert.deepEqual(
      names(
        await prop(
          'ATTENDEE',
          '<C:text-match>CAROL</C:text-match><C:param-filter name="PARTSTAT"><C:is-not-defined/></C:param-filter>',
        ),
      ),
      ['weekly'],
    );
    assert.deepEqual(
      names(
        await prop(
          'ATTENDEE',
          '<C:text-match>DAVE</C:text-match><C:param-filter name="PARTSTAT"><C:is-not-defined/></C:param-filter>',
        ),
      ),
      [],
    );
    assert.deepEqual(names(await prop('DTSTART', range('20260301T000000Z', '20260302T000000Z'))), ['single']);
    const both = await events(
      '<C:prop-filter name="LOCATION"/><C:prop-filter name="SUMMARY"><C:text-match>nothing</C:text-match></C:prop-filter>',
    );
    assert.deepEqual(names(both), []);
    const bad = `<C:calendar-query ${XMLNS}><prop/><C:filter>${inCalendar('<C:comp-filter name="VEVENT"><C:prop-filter name="SUMMARY"><C:text-match collation="i;klingon">x</C:text-match></C:prop-filter></C:comp-filter>')}</C:filter></C:calendar-query>`;
    const refused = await alice.request('REPORT', path, { body: bad });
    assert.deepEqual([refused.status, /supported-collation/.test(refused.text)], [403, true]);
  });

  it('refuses filters that are none', async () => {
    for (const filter of [
      '',
      '<C:comp-filter name="VEVENT"/>',
      '<C:comp-filter/>',
      inCalendar('<C:comp-filter name="VEVENT"><C:time-range start="tomorrow"/></C:comp-filter>'),
      inCalendar('<C:comp-filter name="VEVENT"><C:time-range/></C:comp-filter>'),
      inCalendar('<C:comp-filter name="VEVENT"><C:time-range start="20260301T000000Z" end="20260201T000000Z"/></C:comp-filter>'),
    ]) {
      const body = `<C:calendar-query ${XMLNS}><prop/><C:filter>${filter}</C:filter></C:calendar-query>`;
      const answer = await alice.request('REPORT', path, { body });
      assert.deepEqual([answer.status, /valid-filter/.test(answer.text)], [403, true], filter);
    }
  });

  it('gives back parts of an object (RFC 4791 §9.6)', async () => {
    const filter = inCalendar(
      '<C:comp-filter name="VEVENT"><C:prop-filter name="UID"><C:text-match>weekly</C:text-match></C:prop-filter></C:comp-filter>',
    );
    const data = (inner: string) => `<C:calendar-data>${inner}</C:calendar-data>`;
    const selection =
      '<C:comp name="VCALENDAR"><C:prop name="VERSION"/><C:comp name="VEVENT"><C:prop name="UID"/><C:prop name="SUMMARY" novalue="yes"/></C:comp></C:comp>';
    const [row] = await query(filter, '', data(selection));
    assert.equal(
      row?.props.get(CAL('calendar-data'))?.text,
      'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:weekly\r\nSUMMARY:\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:weekly\r\nSUMMARY:\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n',
    );
    const bad = `<C:calendar-query ${XMLNS}><prop><C:calendar-data content-type="application/calendar+json"/></prop><C:filter>${filter}</C:filter></C:calendar-query>`;
    assert.match((await alice.request('REPORT', path, { body: bad })).text, /supported-calendar-data/);
  });

  it('expands recurrences in UTC and keeps all-day values (RFC 4791 §9.6.5)', async () => {
    const expand = async (uid: string, start: string, end: string) => {
      const filter = inCalendar(
        `<C:comp-filter name="VEVENT">${range(start, end)}<C:prop-filter name="UID"><C:text-match>${uid}</C:text-match></C:prop-filter></C:comp-filter>`,
      );
      const [row] = await query(filter, '', `<C:calendar-data><C:expand start="${start}" end="${end}"/></C:calendar-data>`);
      return row?.props.get(CAL('calendar-data'))?.text ?? '';
    };
    const weekly = await expand('weekly', '20260323T000000Z', '20260407T000000Z');
    assert.deepEqual(
      [...weekly.matchAll(/DTSTART:(\S+)/g)].map((match) => match[1]),
      ['20260324T090000Z', '20260331T093000Z'],
    );
    assert.deepEqual(
      [...weekly.matchAll(/DTEND:(\S+)/g)].map((match) => match[1]),
      ['20260324T100000Z', '20260331T103000Z'],
    );
    assert.deepEqual(
      [...weekly.matchAll(/RECURRENCE-ID:(\S+)/g)].map((match) => match[1]),
      ['20260324T090000Z', '20260331T080000Z'],
    );
    assert.doesNotMatch(weekly, /RRULE|EXDATE|VTIMEZONE|TZID/);
    const allDay = await expand('allday', '20260401T000000Z', '20260601T000000Z');
    assert.deepEqual(
      [...allDay.matchAll(/(DTSTART\S*)/g)].map((match) => match[1]),
      ['DTSTART;VALUE=DATE:20260410', 'DTSTART;VALUE=DATE:20260510'],
    );
    assert.match(allDay, /RECURRENCE-ID;VALUE=DATE:20260410/);
  });

  it('limits overrides to the range (RFC 4791 §9.6.6)', async () => {
    const get = async (start: string, end: string) => {
      const limit = `<C:calendar-data><C:limit-recurrence-set start="${start}" end="${end}"/></C:calendar-data>`;
      const body = `<C:calendar-multiget ${XMLNS}><prop>${limit}</prop><href>${path}weekly.ics</href></C:calendar-multiget>`;
      const [row] = (await alice.multistatus('REPORT', path, { body })).responses;
      return row?.props.get(CAL('calendar-data'))?.text ?? '';
    };
    assert.equal(await get('20260331T000000Z', '20260401T000000Z'), OBJECTS.weekly);
    const without = await get('20260501T000000Z', '20260502T000000Z');
    assert.match(without, /RRULE/);
    assert.doesNotMatch(without, /RECURRENCE-ID/);
  });

  it('says when the owner is busy (RFC 4791 §7.10)', async () => {
    const body = `<C:free-busy-query ${XMLNS}>${range('20260301T000000Z', '20260302T000000Z')}</C:free-busy-query>`;
    const answer = await alice.request('REPORT', path, { body, depth: 1 });
    assert.equal(answer.status, 200);
    assert.match(answer.headers['content-type'] ?? '', /^text\/calendar/);
    const periods = [...answer.text.matchAll(/\nFREEBUSY(\S*)/g)].map((match) => match[1]);
    assert.deepEqual(periods, [':20260301T100000Z/20260301T110000Z'], answer.text);
  });

  it('never fails a listing for one broken stored object', async () => {
    const account = (await server.session(ALICE)).account;
    await alice.request('PUT', `${path}broken.ics`, { body: event('broken'), headers: { 'content-type': 'text/calendar' } });
    await server.database.query(`UPDATE items SET text = 'garbage & <more>' WHERE account_id = $1 AND name = 'broken.ics'`, [
      account,
    ]);
    const all = await query(
      '<C:comp-filter name="VCALENDAR"/>',
      '',
      '<getetag/><C:calendar-data><C:expand start="20260301T000000Z" end="20260401T000000Z"/></C:calendar-data>',
    );
    assert.equal(all.length, Object.keys(OBJECTS).length + 1);
    assert.equal(names(await events(range('20260301T000000Z', '20260401T000000Z'))).includes('single'), true);
    const body = `<C:calendar-multiget ${XMLNS}><prop><C:calendar-data/></prop><href>${path}broken.ics</href><href>${path}single.ics</href></C:calendar-multiget>`;
    const { responses } = await alice.multistatus('REPORT', path, { body });
    assert.equal(responses[0]?.props.get(CAL('calendar-data'))?.text, 'garbage & <more>');
    assert.equal(responses[1]?.props.get(CAL('calendar-data'))?.text, OBJECTS.single);
    await alice.request('DELETE', `${path}broken.ics`);
  });

  it('answers addressbook-query with all filters, match types and limits (RFC 6352 §8.6)', async () => {
    const cards = async (filter: string, more = '', attributes = '') => {
      const body = `<K:addressbook-query ${XMLNS}><prop><getetag/></prop><K:filter${attributes}>${filter}</K:filter>${more}</K:addressbook-query>`;
      return (await alice.multistatus('REPORT', book, { body, depth: 1 })).responses;
    };
    const match = (name: string, text: string, attributes = '') =>
      `<K:prop-filter name="${name}"><K:text-match ${attributes}>${text}</K:text-match></K:prop-filter>`;
    assert.deepEqual(names(await cards('')), ['bernd', 'carol', 'dave']);
    assert.deepEqual(names(await cards(match('FN', 'müller'))), ['bernd']);
    assert.deepEqual(names(await cards(match('FN', 'Carol', 'match-type="starts-with"'))), ['carol']);
    assert.deepEqual(names(await cards(match('FN', 'Carol', 'match-type="equals"'))), []);
    assert.deepEqual(names(await cards(match('FN', 'smith', 'match-type="ends-with"'))), ['carol', 'dave']);
    assert.deepEqual(names(await cards(match('FN', 'smith', 'negate-condition="yes"'))), ['bernd']);
    assert.deepEqual(names(await cards(match('FN', 'bernd') + match('FN', 'dave'))), ['bernd', 'dave'], 'anyof is the default');
    assert.deepEqual(names(await cards(match('FN', 'smith') + match('EMAIL', 'dave'), '', ' test="allof"')), ['dave']);
    assert.deepEqual(names(await cards('<K:prop-filter name="NICKNAME"><K:is-not-defined/></K:prop-filter>')), ['bernd', 'dave']);
    assert.deepEqual(names(await cards('<K:prop-filter name="item1.EMAIL"/>')), ['dave']);
    const work =
      '<K:prop-filter name="TEL"><K:param-filter name="TYPE"><K:text-match>work</K:text-match></K:param-filter></K:prop-filter>';
    assert.deepEqual(names(await cards(work)), ['carol']);
    const limited = await cards('', '<K:limit><K:nresults>2</K:nresults></K:limit>');
    assert.equal(limited.length, 3);
    assert.deepEqual([limited[2]?.href, limited[2]?.status], [book, 507]);
    const body = `<K:addressbook-query ${XMLNS}><prop><K:address-data><K:prop name="FN"/></K:address-data></prop><K:filter>${match('FN', 'dave')}</K:filter></K:addressbook-query>`;
    const [dave] = (await alice.multistatus('REPORT', book, { body, depth: 1 })).responses;
    assert.equal(
      dave?.props.get(CARD('address-data'))?.text,
      'BEGIN:VCARD\r\nVERSION:3.0\r\nUID:dave\r\nFN:Dave Smith\r\nEND:VCARD\r\n',
    );
  });

  it('answers addressbook-multiget byte for byte', async () => {
    const body = `<K:addressbook-multiget ${XMLNS}><prop><getetag/><K:address-data/></prop><href>${book}carol.vcf</href><href>${book}nobody.vcf</href></K:addressbook-multiget>`;
    const { responses } = await alice.multistatus('REPORT', book, { body });
    assert.equal(responses[0]?.props.get(CARD('address-data'))?.text, CARDS.carol);
    assert.equal(responses[1]?.status, 404);
  });

  it('refuses reports where they are not served', async () => {
    for (const [where, root] of [
      [book, 'C:calendar-query'],
      [path, 'K:addressbook-query'],
      ['/dav/', 'sync-collection'],
      [path, 'version-tree'],
    ]) {
      const answer = await alice.request('REPORT', where as string, { body: `<${root} ${XMLNS}/>` });
      assert.deepEqual([answer.status, /supported-report/.test(answer.text)], [403, true], root);
    }
    const { responses } = await alice.propfind(path, [D('supported-report-set')]);
    const listed = responses[0]?.props
      .get(D('supported-report-set'))
      ?.children.map((report) => report.children[0]?.children[0]?.name);
    assert.ok(
      listed?.includes(CAL('calendar-query')) &&
        listed.includes(D('sync-collection')) &&
        !listed.includes(CARD('addressbook-query')),
    );
  });

  it('logged no error', () => assert.deepEqual(server.errors, []));
});

const BERLIN = [
  'BEGIN:VTIMEZONE',
  'TZID:Europe/Berlin',
  'BEGIN:DAYLIGHT',
  'DTSTART:19810329T020000',
  'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU',
  'TZOFFSETFROM:+0100',
  'TZOFFSETTO:+0200',
  'END:DAYLIGHT',
  'BEGIN:STANDARD',
  'DTSTART:19961027T030000',
  'RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU',
  'TZOFFSETFROM:+0200',
  'TZOFFSETTO:+0100',
  'END:STANDARD',
  'END:VTIMEZONE',
];

/** Every Tuesday at ten in Berlin from March 2026; on the 31st an hour and a half later. */
const WEEKLY = [
  'BEGIN:VCALENDAR',
  'VERSION:2.0',
  'PRODID:-//Test//EN',
  ...BERLIN,
  'BEGIN:VEVENT',
  'UID:weekly',
  'DTSTAMP:20260101T000000Z',
  'DTSTART;TZID=Europe/Berlin:20260303T100000',
  'DTEND;TZID=Europe/Berlin:20260303T110000',
  'RRULE:FREQ=WEEKLY;COUNT=6',
  'EXDATE;TZID=Europe/Berlin:20260310T100000',
  'SUMMARY:Weekly',
  'LOCATION:Room',
  'ATTENDEE;PARTSTAT=ACCEPTED;CN="Dave, S":mailto:dave@example.test',
  'ATTENDEE:mailto:carol@example.test',
  'END:VEVENT',
  'BEGIN:VEVENT',
  'UID:weekly',
  'DTSTAMP:20260101T000000Z',
  'RECURRENCE-ID;TZID=Europe/Berlin:20260331T100000',
  'DTSTART;TZID=Europe/Berlin:20260331T113000',
  'DTEND;TZID=Europe/Berlin:20260331T123000',
  'SUMMARY:Weekly later',
  'END:VEVENT',
  'END:VCALENDAR',
  '',
].join('\r\n');

const MOVED = [
  'BEGIN:VCALENDAR',
  'VERSION:2.0',
  'PRODID:-//Test//EN',
  'BEGIN:VEVENT',
  'UID:moved',
  'DTSTAMP:20260101T000000Z',
  'DTSTART:20260406T080000Z',
  'DURATION:PT1H',
  'RRULE:FREQ=DAILY;COUNT=2',
  'END:VEVENT',
  'BEGIN:VEVENT',
  'UID:moved',
  'DTSTAMP:20260101T000000Z',
  'RECURRENCE-ID:20260407T080000Z',
  'DTSTART:20260408T160000Z',
  'DURATION:PT1H',
  'END:VEVENT',
  'END:VCALENDAR',
  '',
].join('\r\n');

const alarm = (...lines: readonly string[]) => ['BEGIN:VALARM', 'ACTION:DISPLAY', 'DESCRIPTION:x', ...lines, 'END:VALARM'];

const OBJECTS = {
  single: event(
    'single',
    'DTSTART:20260301T100000Z',
    'DTEND:20260301T110000Z',
    'SUMMARY:Bernd\\, Grüße',
    ...alarm('TRIGGER:-PT15M', 'REPEAT:2', 'DURATION:PT5M'),
  ),
  allday: event(
    'allday',
    'DTSTART;VALUE=DATE:20260310',
    'RRULE:FREQ=MONTHLY;COUNT=3',
    'TRANSP:TRANSPARENT',
    ...alarm('TRIGGER;VALUE=DATE-TIME:20260310T060000Z'),
  ),
  weekly: WEEKLY,
  moved: MOVED,
  forever: event(
    'forever',
    'DTSTART:20250301T100000Z',
    'DURATION:PT30M',
    'RRULE:FREQ=YEARLY',
    ...alarm('TRIGGER;RELATED=END:PT0S'),
  ),
  moonlanding: event('moonlanding', 'DTSTART:19690720T201700Z', 'DTEND:19690721T175400Z'),
  'todo-none': calendarObject('VTODO', 'todo-none', ['SUMMARY:some day']),
  'todo-start': calendarObject('VTODO', 'todo-start', ['DTSTART:20260501T100000Z', 'DUE:20260501T120000Z']),
  'todo-due': calendarObject('VTODO', 'todo-due', ['DUE:20260601T120000Z']),
  'todo-completed': calendarObject('VTODO', 'todo-completed', ['COMPLETED:20260701T120000Z', 'STATUS:COMPLETED']),
  journal: calendarObject('VJOURNAL', 'journal', ['DTSTART;VALUE=DATE:20260801', 'SUMMARY:note']),
};

const CARDS = {
  bernd: card('bernd', 'Bernd Müller', 'EMAIL;TYPE=INTERNET:bernd@example.test'),
  carol: card('carol', 'Carol Smith', 'TEL;TYPE=work,voice:+1 555', 'NICKNAME:Caz', 'NOTE:a\\, b\\; c\\n  d &<>"'),
  dave: card('dave', 'Dave Smith', 'item1.EMAIL:dave@example.test', 'item1.X-ABLabel:Private', 'TEL;TYPE=home:+1 556'),
};
