import assert from 'node:assert/strict';
import { test } from 'node:test';
import ICAL from 'ical.js';
import PostalMime from 'postal-mime';
import { aliceEvents, aliceTasks, bobEvents, fold, invitation } from '../../../src/demo/seeds/calendar.js';
import { aliceContacts, bobContacts } from '../../../src/demo/seeds/contacts.js';
import { seedDates } from '../../../src/demo/seeds/dates.js';
import { aliceMail } from '../../../src/demo/seeds/mail-alice.js';
import { bobMail } from '../../../src/demo/seeds/mail-bob.js';
import { composeSeed, SEED_DOMAIN } from '../../../src/demo/seeds/message.js';
import { decodeCharset } from '../../../src/formats/mime/charset.js';

const now = new Date('2026-11-25T10:00:00Z');
const dates = seedDates(now);
const texts = [...aliceEvents(dates), ...aliceTasks(dates), ...bobEvents(dates), ...aliceContacts(), ...bobContacts()];

test('dates count from the Monday of the week', () => {
  assert.equal(dates.day(0), '20261123');
  assert.equal(dates.time(-7, '09:30'), '20261116T093000');
  assert.equal(dates.stamp, '20261125T100000Z');
});

test('a Sunday belongs to the week before it', () => {
  assert.equal(seedDates(new Date('2026-11-29T23:00:00Z')).day(0), '20261123');
});

test('every message can be read and has its date, subject and id', async () => {
  for (const seed of [...aliceMail, ...bobMail]) {
    const raw = await composeSeed(seed, 'alice@example.test', now);
    const read = await PostalMime.parse(raw);
    assert.equal(read.messageId, `<${seed.id}@${SEED_DOMAIN}>`);
    assert.ok(Math.abs(Date.parse(read.date!) - (now.getTime() - seed.age * 86_400_000)) < 1000, seed.id);
    if (!seed.charset) assert.equal(read.subject ?? '', seed.subject);
    assert.doesNotMatch(raw.toString('latin1'), /[^\r]\n/, `${seed.id} has a bare line feed`);
  }
});

test('ids are unique, since they become Message-IDs', () => {
  const ids = [...aliceMail, ...bobMail].map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
});

test('messages in other character sets are really written in them', async () => {
  const foreign = aliceMail.filter(({ charset }) => charset);
  assert.ok(foreign.length >= 5);
  for (const seed of foreign) {
    const raw = (await composeSeed(seed, 'alice@example.test', now)).toString('latin1');
    const body = raw.slice(raw.indexOf('\r\n\r\n') + 4);
    const bytes = seed.charset!.encoding === 'base64' ? Buffer.from(body, 'base64') : fromQuotedPrintable(body);
    assert.equal(decodeCharset(bytes, seed.charset!.name), seed.text!.replace(/\n/g, '\r\n'));
  }
});

test('calendar objects and cards parse, end in CRLF and have no line over 75 bytes', () => {
  for (const { name, text } of [...texts, { name: 'invitation', text: invitation(dates) }]) {
    assert.doesNotThrow(() => ICAL.parse(text), name);
    assert.ok(text.endsWith('\r\n'), name);
    for (const line of text.split('\r\n')) assert.ok(Buffer.byteLength(line) <= 75, `${name}: ${line}`);
  }
});

test('the weekly meeting has one moved and one cancelled occurrence', () => {
  const { text } = aliceEvents(dates).find(({ name }) => name === 'team-meeting.ics')!;
  assert.match(text, /^RRULE:FREQ=WEEKLY;BYDAY=MO/m);
  assert.match(text, /^EXDATE;TZID=Europe\/Berlin:20261214T100000/m);
  assert.match(text, /^RECURRENCE-ID;TZID=Europe\/Berlin:20261207T100000/m);
});

test('folding keeps characters whole', () => {
  const line = `NOTE:${'ü'.repeat(80)}`;
  const folded = fold(line);
  assert.equal(folded.replace(/\r\n /g, ''), line);
  assert.ok(folded.split('\r\n').every((part) => Buffer.byteLength(part) <= 75));
});

function fromQuotedPrintable(text: string): Buffer {
  const joined = text.replace(/=\r\n/g, '');
  return Buffer.from(
    joined.replace(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}
