import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CAL, D, type DavClient } from '../support/dav-client.js';
import { calendarPath, event } from '../support/dav-data.js';
import { type DavServer, startDavServer } from '../support/dav-server.js';

const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';
const ICS = { 'content-type': 'text/calendar' };
const CS = (local: string) => `{http://calendarserver.org/ns/}${local}`;

describe('scheduling over DAV (RFC 6638)', () => {
  let server: DavServer;
  let alice: DavClient;
  let bob: DavClient;
  const own = calendarPath(ALICE, 'calendar');
  const bobs = calendarPath(BOB, 'calendar');
  const inbox = calendarPath(BOB, 'inbox');

  before(async () => {
    server = await startDavServer();
    [alice, bob] = [await server.client(ALICE), await server.client(BOB)];
  });
  after(() => server.close());

  const meeting = (partstat = 'NEEDS-ACTION', ...more: readonly string[]) =>
    event(
      'meeting',
      'DTSTART:20991201T100000Z',
      'DTEND:20991201T110000Z',
      'SUMMARY:Plans',
      `ORGANIZER:mailto:${ALICE}`,
      `ATTENDEE;PARTSTAT=ACCEPTED:mailto:${ALICE}`,
      `ATTENDEE;PARTSTAT=${partstat};RSVP=TRUE:mailto:${BOB}`,
      ...more,
    );

  /** Waits until something holds; deliveries happen after the answer. */
  const until = async <T>(what: () => Promise<T | undefined | false>): Promise<T> => {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const found = await what();
      if (found) return found;
      await sleep(50);
    }
    throw new Error('did not happen in time');
  };
  const items = async (client: DavClient, path: string) => {
    const { responses } = await client.propfind(path, [D('getetag'), CAL('schedule-tag')], 1);
    return responses.slice(1);
  };

  it('keeps an availability of all calendars with the inbox, and counts it in (RFC 7953 §7.2.4)', async () => {
    const carolAddress = 'carol@example.test';
    const carol = await server.client(carolAddress);
    const [place, name] = [calendarPath(carolAddress, 'inbox'), CAL('calendar-availability')];
    const office = (start: string) =>
      [
        ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//t//t//EN', 'BEGIN:VAVAILABILITY', 'UID:v', 'DTSTAMP:20260101T000000Z'],
        ...['BEGIN:AVAILABLE', 'UID:w', 'DTSTAMP:20260101T000000Z', `DTSTART:${start}`, 'DTEND:20261123T170000Z'],
        ...['SUMMARY:Office & <hours>', 'END:AVAILABLE', 'END:VAVAILABILITY', 'END:VCALENDAR', ''],
      ].join('\r\n');
    const set = async (text: string | null, prefix = 'C') => {
      const value = `<${prefix}:calendar-availability>${text?.replace(/&/g, '&amp;').replace(/</g, '&lt;') ?? ''}</${prefix}:calendar-availability>`;
      const action = text === null ? 'remove' : 'set';
      const body = `<propertyupdate xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/"><${action}><prop>${value}</prop></${action}></propertyupdate>`;
      return carol.request('PROPPATCH', place, { body });
    };
    const kept = async (which = name) => (await carol.propfind(place, [which])).responses[0]?.props.get(which)?.text;
    const freeBusy = async () => {
      const lines = [
        'BEGIN:VFREEBUSY',
        'UID:q',
        'DTSTAMP:20260101T000000Z',
        'DTSTART:20261123T000000Z',
        'DTEND:20261124T000000Z',
      ];
      const people = [`ORGANIZER:mailto:${ALICE}`, `ATTENDEE:mailto:${carolAddress}`, 'END:VFREEBUSY', 'END:VCALENDAR', ''];
      const body = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//t//t//EN', 'METHOD:REQUEST', ...lines, ...people].join('\r\n');
      const { text } = await alice.request('POST', calendarPath(ALICE, 'outbox'), { body, headers: ICS });
      return [...text.matchAll(/^FREEBUSY[^:]*:(.*?)(?:&#13;|\r)?$/gm)].map(([, period]) => period);
    };
    assert.match(String((await carol.request('OPTIONS', place)).headers.dav), /calendar-availability/);
    assert.equal(await kept(), undefined);
    assert.match((await set(office('20261123T090000Z'))).text, /HTTP\/1.1 200/);
    assert.equal((await kept())?.replace(/\r/g, ''), office('20261123T090000Z').replace(/\r/g, ''));
    assert.deepEqual(await freeBusy(), ['20261123T000000Z/20261123T090000Z', '20261123T170000Z/20261124T000000Z']);
    for (const bad of ['nonsense', office('yesterday'), office('20261123T090000Z').replaceAll('VAVAILABILITY', 'VEVENT')])
      assert.match((await set(bad)).text, /HTTP\/1.1 403[\s\S]*valid-calendar-data/, bad);
    assert.match((await set(office('20261123T100000Z'), 'S')).text, /HTTP\/1.1 200/, 'as Apple names it');
    assert.match((await kept()) ?? '', /DTSTART:20261123T100000Z/);
    assert.match((await kept(CS('calendar-availability'))) ?? '', /DTSTART:20261123T100000Z/);
    assert.equal((await alice.request('PROPPATCH', place, { body: '<x/>' })).status, 400);
    assert.match((await set(null)).text, /HTTP\/1.1 200/);
    assert.equal(await kept(), undefined);
    assert.deepEqual(await freeBusy(), []);
  });

  it('announces itself with inbox, outbox and default calendar', async () => {
    assert.match(String((await bob.request('OPTIONS', bobs)).headers.dav), /calendar-auto-schedule/);
    const { responses } = await bob.propfind(`/dav/principals/${encodeURIComponent(BOB)}/`, [
      CAL('schedule-inbox-URL'),
      CAL('schedule-outbox-URL'),
    ]);
    assert.equal(responses[0]?.props.get(CAL('schedule-inbox-URL'))?.children[0]?.text, inbox);
    const [row] = (await bob.propfind(inbox, [D('resourcetype'), CAL('schedule-default-calendar-URL'), CS('getctag')])).responses;
    assert.ok(row?.props.get(D('resourcetype'))?.children.some(({ name }) => name === CAL('schedule-inbox')));
    assert.equal(row?.props.get(CAL('schedule-default-calendar-URL'))?.children[0]?.text, bobs);
    assert.equal((await alice.request('PROPFIND', inbox, { depth: 1 })).status, 403);
  });

  it('brings an invitation into the calendar and the inbox of the other, and the answer back', async () => {
    const made = await alice.request('PUT', `${own}meeting.ics`, { body: meeting(), headers: { ...ICS, 'if-none-match': '*' } });
    assert.equal(made.status, 201);
    assert.ok(made.headers['schedule-tag']);
    const stored = await alice.request('GET', `${own}meeting.ics`);
    if (made.headers.etag !== undefined) assert.equal(stored.text, meeting(), 'an ETag says that nothing was changed');
    const [invitation] = await until(async () => {
      const found = await items(bob, bobs);
      return found.length > 0 && found;
    });
    const [message] = await until(async () => {
      const found = await items(bob, inbox);
      return found.length > 0 && found;
    });
    const query = `<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/><C:calendar-data/></prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"/></C:comp-filter></C:filter></C:calendar-query>`;
    const found = await bob.multistatus('REPORT', inbox, { body: query, depth: 1 });
    assert.match(found.responses[0]?.props.get(CAL('calendar-data'))?.text ?? '', /METHOD:REQUEST/);
    const multiget = `<C:calendar-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/></prop><href>${message?.href}</href><href>${inbox}none.ics</href></C:calendar-multiget>`;
    assert.deepEqual(
      (await bob.multistatus('REPORT', inbox, { body: multiget })).responses.map(({ status }) => status),
      [undefined, 404],
    );
    assert.match((await bob.request('GET', message?.href ?? '')).text, /SUMMARY:Plans/);
    assert.equal((await bob.request('DELETE', message?.href ?? '')).status, 204);
    assert.deepEqual(await items(bob, inbox), []);

    const text = (await bob.request('GET', invitation?.href ?? '')).text;
    const tag = invitation?.props.get(CAL('schedule-tag'))?.text ?? '';
    const answer = text.replace(/\r\n[ \t]/g, '').replace(/(ATTENDEE[^\r\n]*PARTSTAT=)NEEDS-ACTION/, '$1ACCEPTED');
    assert.notEqual(answer, text.replace(/\r\n[ \t]/g, ''));
    assert.equal(
      (
        await bob.request('PUT', invitation?.href ?? '', {
          body: answer,
          headers: { ...ICS, 'if-schedule-tag-match': '"other"' },
        })
      ).status,
      412,
    );
    assert.equal(
      (await bob.request('PUT', invitation?.href ?? '', { body: answer, headers: { ...ICS, 'if-schedule-tag-match': tag } }))
        .status,
      204,
    );
    const before = made.headers['schedule-tag'];
    const now = await until(async () => {
      const got = await alice.request('GET', `${own}meeting.ics`);
      return /PARTSTAT=ACCEPTED[^\r\n]*(\r\n [^\r\n]*)*bob@/.test(got.text) && got;
    });
    assert.equal(now.headers['schedule-tag'], before, 'a mere answer leaves the Schedule-Tag as it was (RFC 6638 §3.2.10)');
    assert.notEqual(now.headers.etag, stored.headers.etag);
  });

  it('refuses what an attendee may not change (RFC 6638 §3.2.2.1)', async () => {
    const [invitation] = await items(bob, bobs);
    const text = (await bob.request('GET', invitation?.href ?? '')).text;
    const refused = await bob.request('PUT', invitation?.href ?? '', {
      body: text.replace('20991201T110000Z', '20991201T150000Z'),
      headers: ICS,
    });
    assert.deepEqual([refused.status, /allowed-attendee-scheduling-object-change/.test(refused.text)], [403, true]);
  });

  it('keeps a meeting in one resource of an account (RFC 6638 §3.2.4.2 unique-scheduling-object-resource)', async () => {
    const second = calendarPath(ALICE, 'second');
    await alice.request('MKCALENDAR', second);
    const one = meeting().replaceAll('UID:meeting', 'UID:once');
    assert.equal((await alice.request('PUT', `${own}once.ics`, { body: one, headers: ICS })).status, 201);
    const copy = (method: string) => alice.request(method, `${own}once.ics`, { headers: { destination: `${second}once.ics` } });
    for (const refused of [await alice.request('PUT', `${second}again.ics`, { body: one, headers: ICS }), await copy('COPY')]) {
      assert.equal(refused.status, 403);
      assert.ok(refused.text.includes(`<C:unique-scheduling-object-resource><D:href>${own}once.ics</D:href>`), refused.text);
    }
    const whole = await alice.multistatus('COPY', own, { headers: { destination: calendarPath(ALICE, 'whole') } });
    assert.ok(
      whole.responses.some(({ href, status }) => href === `${own}once.ics` && status === 403),
      'told for each member',
    );
    assert.equal((await copy('MOVE')).status, 201, 'moved it is one still');
    const plain = event('once-plain', 'DTSTART:20991201T100000Z');
    for (const path of [own, second]) {
      assert.equal((await alice.request('PUT', `${path}plain.ics`, { body: plain, headers: ICS })).status, 201, 'no meeting');
    }
    for (const path of [second, calendarPath(ALICE, 'whole')]) assert.equal((await alice.request('DELETE', path)).status, 204);
    await alice.request('DELETE', `${own}plain.ics`);
  });

  it('tells nobody when an invitation is deleted with Schedule-Reply: F', async () => {
    const [invitation] = await items(bob, bobs);
    const tag = (await alice.request('GET', `${own}meeting.ics`)).headers.etag;
    assert.equal((await bob.request('DELETE', invitation?.href ?? '', { headers: { 'schedule-reply': 'F' } })).status, 204);
    await sleep(500);
    assert.equal((await alice.request('GET', `${own}meeting.ics`)).headers.etag, tag);
  });

  it('logged no error', () => assert.deepEqual(server.errors, []));
});
