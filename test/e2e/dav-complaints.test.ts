import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { CAL, CARD, D, type DavClient } from '../support/dav-client.js';
import { bookPath, calendarObject, calendarPath, card, event } from '../support/dav-data.js';
import { type DavServer, startDavServer } from '../support/dav-server.js';

const ALICE = 'alice@example.test';
const ICS = { 'content-type': 'text/calendar' };
const VCF = { 'content-type': 'text/vcard' };
const NS = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:K="urn:ietf:params:xml:ns:carddav"';

/** What users of other servers suffered, each as a test of what must hold here; the table is in docs/compliance-dav.md. */
describe('complaints about other servers', () => {
  let server: DavServer;
  let alice: DavClient;
  const home = calendarPath(ALICE, 'calendar');
  const book = bookPath(ALICE, 'contacts');

  before(async () => {
    server = await startDavServer();
    alice = await server.client(ALICE);
  });
  after(() => server.close());

  const put = (path: string, body: string, headers: Record<string, string> = ICS) =>
    alice.request('PUT', path, { body, headers });
  const inRange = async (start: string, end: string, component = 'VEVENT') => {
    const body = `<C:calendar-query ${NS}><prop><getetag/></prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="${component}"><C:time-range start="${start}" end="${end}"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`;
    const path = component === 'VTODO' ? calendarPath(ALICE, 'tasks') : home;
    const { responses } = await alice.multistatus('REPORT', path, { body, depth: 1 });
    return responses.map(({ href }) => href.slice(path.length));
  };

  it('a deleted UID can be used again, under the old name and under a new one', async () => {
    for (const name of ['again.ics', 'again.ics', 'again-2.ics']) {
      assert.equal((await put(home + name, event('again'))).status, 201, name);
      assert.equal((await alice.request('DELETE', home + name)).status, 204);
    }
  });

  it('names with @, +, space, umlaut and percent sign are the same in every encoding; one encoding is given', async () => {
    const names = ['a@b.ics', 'a+b.ics', 'a b.ics', 'ä.ics', '50%.ics', "it's(1)!.ics"];
    for (const [index, name] of names.entries()) {
      const usual = encodeURIComponent(name);
      const loose = encodeURI(name).replaceAll('%25', '%25');
      const every = [...Buffer.from(name)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
      assert.equal((await put(home + usual, event(`enc-${index}`))).status, 201, name);
      const canonical = new Set<string>();
      for (const spelled of [usual, loose, every]) {
        assert.equal((await alice.request('GET', home + spelled)).text, event(`enc-${index}`), spelled);
        canonical.add((await alice.propfind(home + spelled, [D('getetag')])).responses[0]?.href ?? '');
      }
      assert.equal(canonical.size, 1, name);
      const [href = ''] = canonical;
      assert.match(href, /^[A-Za-z0-9/._~%-]+$/);
      const body = `<C:calendar-multiget ${NS}><prop><getetag/></prop><href>${home}${every}</href></C:calendar-multiget>`;
      assert.equal((await alice.multistatus('REPORT', home, { body })).responses[0]?.href, href);
      assert.equal((await alice.request('DELETE', home + every)).status, 204);
    }
    assert.equal((await put(`${home}a%2Fb.ics`, event('slash'))).status, 400, 'a slash in a name could be taken for a path');
  });

  it('Outlook’s zone names, wrong rules under a known name and missing ones: the hour is right on both sides of the change', async () => {
    const outlook = (name: string) =>
      `BEGIN:VTIMEZONE\r\nTZID:${name}\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n`;
    const wrong =
      'BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n';
    const cases: readonly (readonly [string, string])[] = [
      ['W. Europe Standard Time', ''],
      ['Customized Time Zone', outlook('Customized Time Zone')],
      [
        '(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna',
        outlook('"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna"')
          .replace('TZID:"', 'TZID:')
          .replace('Vienna"', 'Vienna'),
      ],
      ['Europe/Berlin', wrong],
      ['Europe/Berlin', ''],
    ];
    for (const [index, [zone, definition]] of cases.entries()) {
      for (const [day, winter] of [
        ['20260327', true],
        ['20260330', false],
      ] as const) {
        const name = `tz-${index}-${day}.ics`;
        const param = /[,:;]/.test(zone) ? `"${zone}"` : zone;
        const text = event(`tz-${index}-${day}`, `DTSTART;TZID=${param}:${day}T120000`, 'DURATION:PT30M').replace(
          'BEGIN:VEVENT',
          `${definition}BEGIN:VEVENT`,
        );
        assert.equal((await put(home + name, text)).status, 201, zone);
        const hour = winter ? '11' : '10';
        assert.ok((await inRange(`${day}T${hour}0000Z`, `${day}T${hour}3000Z`)).includes(name), `${zone} ${day}`);
        assert.ok(
          !(await inRange(`${day}T${winter ? '10' : '09'}0000Z`, `${day}T${winter ? '10' : '09'}3000Z`)).includes(name),
          `${zone} ${day}`,
        );
        assert.equal((await alice.request('GET', home + name)).text, text, 'the text stays');
        await alice.request('DELETE', home + name);
      }
    }
  });

  it('a series keeps its exceptions in one resource: an override that is excluded as well, THISANDFUTURE, a split', async () => {
    const series = [
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'PRODID:-//Test//EN',
      'BEGIN:VEVENT',
      'UID:series',
      'DTSTAMP:20260101T000000Z',
      'DTSTART:20260401T100000Z',
      'DURATION:PT1H',
      'RRULE:FREQ=DAILY;COUNT=10',
      'EXDATE:20260403T100000Z',
      'RELATED-TO;RELTYPE=X-CALENDARSERVER-RECURRENCE-SET:8B2F',
      'END:VEVENT',
      'BEGIN:VEVENT',
      'UID:series',
      'DTSTAMP:20260101T000000Z',
      'RECURRENCE-ID:20260403T100000Z',
      'DTSTART:20260403T120000Z',
      'DURATION:PT1H',
      'END:VEVENT',
      'BEGIN:VEVENT',
      'UID:series',
      'DTSTAMP:20260101T000000Z',
      'RECURRENCE-ID;RANGE=THISANDFUTURE:20260406T100000Z',
      'DTSTART:20260406T150000Z',
      'DURATION:PT1H',
      'END:VEVENT',
      'END:VCALENDAR',
      '',
    ].join('\r\n');
    assert.equal((await put(`${home}series.ics`, series)).status, 201);
    assert.equal((await alice.request('GET', `${home}series.ics`)).text, series);
    assert.match((await put(`${home}other.ics`, series)).text, /no-uid-conflict/);
    assert.deepEqual(await inRange('20260408T150000Z', '20260408T160000Z'), ['series.ics'], 'moved with those before it');
    assert.deepEqual(await inRange('20260408T100000Z', '20260408T110000Z'), []);
    assert.deepEqual(await inRange('20260402T100000Z', '20260402T110000Z'), ['series.ics']);
    await alice.request('DELETE', `${home}series.ics`);
  });

  it('a photo of ten megabytes comes back byte for byte; what is larger is refused with its precondition', async () => {
    const photo = (bytes: number) => `PHOTO;ENCODING=b;TYPE=JPEG:${Buffer.alloc(bytes, 7).toString('base64')}`;
    const announced = await alice.propfind(book, [CARD('max-resource-size'), CARD('max-image-size')]);
    const most = Number(announced.responses[0]?.props.get(CARD('max-resource-size'))?.text);
    assert.ok(most >= 10 << 20);
    assert.ok(Number(announced.responses[0]?.props.get(CARD('max-image-size'))?.text) >= 10 << 20);
    const large = card('photo', 'Photo', photo(10 << 20));
    assert.equal((await put(`${book}photo.vcf`, large, VCF)).status, 201);
    assert.equal((await alice.request('GET', `${book}photo.vcf`)).text, large);
    await alice.request('DELETE', `${book}photo.vcf`);
    const refused = await put(`${book}photo.vcf`, card('photo', 'Photo', `NOTE:${'x'.repeat(most)}`), VCF);
    assert.deepEqual([refused.status, /max-resource-size/.test(refused.text)], [403, true]);
  });

  it('group cards of both kinds are kept', async () => {
    const groups = [
      card('g3', 'Friends', 'X-ADDRESSBOOKSERVER-KIND:group', 'X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:c'),
      card('g4', 'Friends', 'KIND:group', 'MEMBER:urn:uuid:c').replace('VERSION:3.0', 'VERSION:4.0'),
    ];
    for (const [index, group] of groups.entries()) {
      assert.equal((await put(`${book}g${index}.vcf`, group, VCF)).status, 201);
      assert.match((await alice.request('GET', `${book}g${index}.vcf`)).text, /MEMBER:urn:uuid:c/);
      await alice.request('DELETE', `${book}g${index}.vcf`);
    }
  });

  it('to-dos as task apps write them: parents, order, alarms related to the end', async () => {
    const tasks = calendarPath(ALICE, 'tasks');
    const todo = calendarObject('VTODO', 'task', [
      'DTSTART:20260501T100000Z',
      'DUE:20260502T100000Z',
      'RELATED-TO;RELTYPE=PARENT:parent',
      'X-APPLE-SORT-ORDER:679',
      'BEGIN:VALARM',
      'ACTION:DISPLAY',
      'TRIGGER;RELATED=END:-PT15M',
      'ACKNOWLEDGED:20260502T094600Z',
      'END:VALARM',
    ]);
    assert.equal((await put(`${tasks}task.ics`, todo)).status, 201);
    assert.equal((await alice.request('GET', `${tasks}task.ics`)).text, todo);
    assert.deepEqual(await inRange('20260502T093000Z', '20260502T095000Z', 'VTODO'), ['task.ics']);
  });

  it('both forms of a collection’s path, any XML type, no declaration, no Depth, Expect: 100-continue', async () => {
    const bare = '<propfind xmlns="DAV:"><prop><resourcetype/></prop></propfind>';
    for (const path of [home, home.slice(0, -1)]) {
      for (const type of ['application/xml', 'text/xml', 'text/xml; charset="utf-8"', '']) {
        const { responses } = await alice.multistatus('PROPFIND', path, { body: bare, headers: { 'content-type': type } });
        assert.deepEqual(
          responses.map(({ href }) => href),
          [home],
        );
      }
    }
    const { status, continued } = await expecting(server.url + home, bare);
    assert.deepEqual([status, continued], [207, true]);
  });

  it('never gives a weak ETag, and no one looks like another’s', async () => {
    await put(`${home}e1.ics`, event('e1'));
    await put(`${home}e2.ics`, event('e2'));
    const { responses } = await alice.propfind(home, [D('getetag')], 1);
    const tags = responses.flatMap(({ props }) => props.get(D('getetag'))?.text ?? []);
    assert.ok(tags.length >= 2 && tags.every((tag) => /^"[^"]+"$/.test(tag)) && new Set(tags).size === tags.length);
    const { responses: sync } = await alice.syncCollection(home);
    assert.deepEqual(sync.map(({ props }) => props.get(D('getetag'))?.text).sort(), [...tags].sort());
    const body = `<C:calendar-multiget ${NS}><prop><getetag/></prop><href>${home}e1.ics</href></C:calendar-multiget>`;
    const [row] = (await alice.multistatus('REPORT', home, { body })).responses;
    assert.equal(row?.props.get(D('getetag'))?.text, (await alice.request('GET', `${home}e1.ics`)).headers.etag);
    assert.equal(row?.statuses.get(CAL('calendar-data')), undefined);
  });

  it('logged no error', () => assert.deepEqual(server.errors, []));
});

/** A request that waits for 100 before it sends its body. */
function expecting(url: string, body: string): Promise<{ status: number; continued: boolean }> {
  return new Promise((done, fail) => {
    let continued = false;
    const authorization = `Basic ${Buffer.from(`${ALICE}:secret`).toString('base64')}`;
    const headers = {
      authorization,
      expect: '100-continue',
      'content-type': 'application/xml',
      'content-length': Buffer.byteLength(body),
    };
    const asked = request(url, { method: 'PROPFIND', headers }, (response) => {
      response.resume();
      response.on('end', () => done({ status: response.statusCode ?? 0, continued }));
    });
    asked.on('continue', () => {
      continued = true;
      asked.end(body);
    });
    asked.on('error', fail);
    asked.flushHeaders();
  });
}
