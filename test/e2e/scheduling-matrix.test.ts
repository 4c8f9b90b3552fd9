import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { startWorld, type World } from '../support/eas-phone-world.js';
import { attendeesIn, scheduleMail } from '../support/meetings.js';
import {
  at,
  type Kind,
  MailParticipant,
  type Participant,
  participant,
  proposedIn,
  SECOND,
  watchInbox,
} from '../support/participants.js';

const KINDS: readonly Kind[] = ['EAS 14.1', 'EAS 16.1', 'CalDAV', 'iMIP'];

let world: World;
before(async () => {
  world = await startWorld();
});

/** Who mails: a phone up to 14.1 always itself; the gateway for all others, and only to people elsewhere. */
const mailsFrom = (sender: Participant, to: Participant) =>
  sender.kind === 'iMIP' ? 0 : sender.kind === 'EAS 14.1' || to.kind === 'iMIP' ? 1 : 0;

/** Nobody of ours takes part where both have only mail. */
const PAIRS = KINDS.flatMap((organizer) => KINDS.map((attendee) => [organizer, attendee] as const)).filter(
  ([organizer, attendee]) => organizer !== 'iMIP' || attendee !== 'iMIP',
);

describe('organizer × attendee: one invitation and one answer each', { concurrency: 15 }, () => {
  for (const [organizerKind, attendeeKind] of PAIRS) {
    describe(`${organizerKind} invites ${attendeeKind}`, { concurrency: false }, () => {
      const name = `${organizerKind}-${attendeeKind}`.toLowerCase().replace(/\W/g, '');
      let organizer: Participant;
      let attendee: Participant;
      before(async () => {
        organizer = await participant(world, organizerKind, `o${name}`);
        attendee = await participant(world, attendeeKind, `a${name}`);
        // Mail comes from elsewhere, and from phones that send their own.
        if (organizerKind === 'iMIP') await watchInbox(world, `a${name}`);
        if (attendeeKind === 'iMIP' || attendeeKind === 'EAS 14.1')
          if (organizerKind !== 'iMIP') await watchInbox(world, `o${name}`);
      });

      /** Mails about a meeting between the two: exactly as many as there may be. */
      const mails = (uid: string, method: string, from: Participant, to: Participant, times: number) => {
        const found = scheduleMail(world.submission, uid).filter(
          (mail) => mail.method === method && mail.from === from.address && mail.to === to.address,
        );
        const expected = times * mailsFrom(from, to);
        assert.equal(found.length, expected, `${found.length} mails ${method} instead of ${expected}`);
      };
      const organizerSees = (uid: string, partstat: string, answers: readonly string[]) =>
        organizer instanceof MailParticipant
          ? assert.deepEqual(organizer.answersOf(uid, attendee.address), answers)
          : organizer.sees(`the answer ${partstat}`, uid, (text) => attendeesIn(text ?? '').get(attendee.address) === partstat);
      const settled = async (uid: string, count: number) => {
        if (organizer instanceof MailParticipant) {
          const mail = organizer;
          const end = Date.now() + 60_000;
          while (mail.answersOf(uid, attendee.address).length < count && Date.now() < end)
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
      };

      test('invite, accept, reschedule, doubt, cancel', async () => {
        const uid = await organizer.invite({ summary: 'Planning', attendees: [attendee.address] });
        await attendee.sees('the invitation', uid, (text) => text !== null);
        await attendee.answer(uid, 'ACCEPTED');
        await settled(uid, 1);
        await organizerSees(uid, 'ACCEPTED', ['ACCEPTED']);
        mails(uid, 'REQUEST', organizer, attendee, 1);
        mails(uid, 'REPLY', attendee, organizer, 1);

        await organizer.reschedule(uid, 14);
        await attendee.sees('the new time', uid, (text) => hasStart(text, 14));
        await attendee.answer(uid, 'TENTATIVE');
        await settled(uid, 2);
        await organizerSees(uid, 'TENTATIVE', ['ACCEPTED', 'TENTATIVE']);
        mails(uid, 'REQUEST', organizer, attendee, 2);
        mails(uid, 'REPLY', attendee, organizer, 2);

        await organizer.cancel(uid);
        await attendee.sees('the cancellation', uid, (text) => /STATUS:CANCELLED/.test(text ?? ''));
        mails(uid, 'CANCEL', organizer, attendee, 1);
        mails(uid, 'REPLY', attendee, organizer, 2);
      });

      test('invite, decline', async () => {
        const uid = await organizer.invite({ summary: 'Unwanted', attendees: [attendee.address] });
        await attendee.sees('the invitation', uid, (text) => text !== null);
        await attendee.answer(uid, 'DECLINED');
        await settled(uid, 1);
        await organizerSees(uid, 'DECLINED', ['DECLINED']);
        mails(uid, 'REQUEST', organizer, attendee, 1);
        mails(uid, 'REPLY', attendee, organizer, 1);
      });

      test('another time is proposed, turned down, proposed again and taken', async () => {
        const uid = await organizer.invite({ summary: 'Movable', attendees: [attendee.address] });
        await attendee.sees('the invitation', uid, (text) => text !== null);
        await attendee.propose(uid, 15);
        await organizer.seesProposal(uid, attendee.address, 15);
        mails(uid, 'COUNTER', attendee, organizer, 1);

        const declined = await organizer.declineProposal(uid, attendee.address);
        if (declined && attendee instanceof MailParticipant)
          await attendee.sees('the refusal', uid, (text) => /METHOD:DECLINECOUNTER/.test(text ?? ''));
        else if (declined)
          await attendee.sees('the refusal', uid, (text) => proposedIn(text ?? '', attendee.address) === undefined);
        mails(uid, 'DECLINECOUNTER', organizer, attendee, declined ? 1 : 0);

        await attendee.propose(uid, 16);
        await organizer.seesProposal(uid, attendee.address, 16);
        mails(uid, 'COUNTER', attendee, organizer, 2);
        await organizer.reschedule(uid, 16);
        await attendee.sees('the new time', uid, (text) => hasStart(text, 16) && !/X-PROPOSED/.test(text ?? ''));
        mails(uid, 'REQUEST', organizer, attendee, 2);
        await attendee.answer(uid, 'ACCEPTED');
        await settled(uid, 1);
        await organizerSees(uid, 'ACCEPTED', ['ACCEPTED']);
        mails(uid, 'REPLY', attendee, organizer, 1);
        if (!(organizer instanceof MailParticipant))
          await organizer.sees('the end', uid, (text) => hasStart(text, 16) && !/X-PROPOSED/.test(text ?? ''));
      });

      test('a series: one occurrence is moved; the attendee is removed, and added again', async () => {
        const uid = await organizer.invite({ summary: 'Daily', attendees: [attendee.address], daily: true });
        await attendee.sees('the series', uid, (text) => /RRULE/.test(text ?? ''));
        await organizer.moveSecond(uid, 16);
        await attendee.sees(
          'the moved occurrence',
          uid,
          (text) => (text ?? '').includes('RECURRENCE-ID') && hasStart(text, 16, SECOND),
        );
        mails(uid, 'REQUEST', organizer, attendee, 2);
        const other = `other-${name}@nowhere.example`;
        await organizer.setAttendees(uid, [other]);
        await attendee.sees('the removal', uid, (text) => /STATUS:CANCELLED/.test(text ?? ''));
        mails(uid, 'CANCEL', organizer, attendee, 1);
        await organizer.setAttendees(uid, [other, attendee.address]);
        await attendee.sees('the invitation', uid, (text) => text !== null && !/STATUS:CANCELLED/.test(text));
        mails(uid, 'REQUEST', organizer, attendee, 3);
      });
    });
  }
});

/** Times may be told in UTC or in a zone; tests speak UTC, and phones here are in Berlin. */
function hasStart(text: string | null, hour: number, day?: string): boolean {
  const unfolded = (text ?? '').replace(/\r?\n[ \t]/g, '');
  const utc = at(hour, day);
  const date = new Date(`${utc.slice(0, 4)}-${utc.slice(4, 6)}-${utc.slice(6, 8)}T${utc.slice(9, 11)}:00:00Z`);
  const berlin = new Intl.DateTimeFormat('sv-SE', {
    timeZone: 'Europe/Berlin',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
  }).format(date);
  const zoned = `${berlin.replace(/[-: ]/g, (sign) => (sign === ' ' ? 'T' : ''))}0000`;
  return unfolded.includes(`DTSTART:${utc}`) || new RegExp(`DTSTART;TZID=[^:]+:${zoned}`).test(unfolded);
}
