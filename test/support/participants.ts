import assert from 'node:assert/strict';
import { type EasPhone, type PhoneFolder, type Tag, t } from './eas-phone.js';
import { edited, event } from './eas-phone-items.js';
import { address, type DavHome, eventually, type World } from './eas-phone-world.js';
import { attendeesIn, type MeetingFacts, meeting, scheduleMail } from './meetings.js';

/** A meeting as a test speaks of it: hours of one day, in UTC. */
export interface Plan {
  readonly summary: string;
  readonly attendees: readonly string[];
  readonly hour?: number;
  readonly daily?: boolean;
}

export type Partstat = 'ACCEPTED' | 'TENTATIVE' | 'DECLINED';

/** Somebody who calls or answers meetings by some client. */
export interface Participant {
  readonly address: string;
  readonly kind: string;
  /** Calls a meeting; returns its UID. */
  invite(plan: Plan): Promise<string>;
  reschedule(uid: string, hour: number): Promise<void>;
  /** Moves the second occurrence of a daily meeting. */
  moveSecond(uid: string, hour: number): Promise<void>;
  setAttendees(uid: string, attendees: readonly string[]): Promise<void>;
  cancel(uid: string): Promise<void>;
  answer(uid: string, partstat: Partstat): Promise<void>;
  /** Proposes that the meeting be at another hour. */
  propose(uid: string, hour: number): Promise<void>;
  /** Waits until an attendee's proposal is shown. */
  seesProposal(uid: string, from: string, hour: number): Promise<void>;
  /** Turns an attendee's proposal down; false where the client has no way to. */
  declineProposal(uid: string, from: string): Promise<boolean>;
  /** Waits until the own copy copy of a meeting says so; `null`: there is none. */
  sees(what: string, uid: string, done: (text: string | null) => boolean): Promise<void>;
}

const DAY = 86_400_000;
export const FIRST = new Date(Date.now() + 40 * DAY).toISOString().slice(0, 10).replaceAll('-', '');
export const SECOND = new Date(Date.now() + 41 * DAY).toISOString().slice(0, 10).replaceAll('-', '');

export function at(hour: number, day = FIRST): string {
  return `${day}T${String(hour).padStart(2, '0')}0000Z`;
}

let meetings = 0;
function newUid(): string {
  return `meeting-${Date.now().toString(36)}-${++meetings}@example.test`;
}

function factsOf(uid: string, organizer: string, { summary, attendees, hour = 9, daily }: Plan): MeetingFacts {
  return { uid, organizer, attendees, summary, day: FIRST, hour, ...(daily ? { rule: 'FREQ=DAILY;COUNT=4' } : {}) };
}

/** What every client here shares: the user's calendar as CalDAV shows it, for looking at the outcome. */
abstract class Local implements Participant {
  abstract readonly kind: string;

  constructor(
    readonly address: string,
    protected readonly home: DavHome,
  ) {}

  abstract invite(plan: Plan): Promise<string>;
  abstract reschedule(uid: string, hour: number): Promise<void>;
  abstract moveSecond(uid: string, hour: number): Promise<void>;
  abstract setAttendees(uid: string, attendees: readonly string[]): Promise<void>;
  abstract cancel(uid: string): Promise<void>;
  abstract answer(uid: string, partstat: Partstat): Promise<void>;
  abstract propose(uid: string, hour: number): Promise<void>;
  abstract declineProposal(uid: string, from: string): Promise<boolean>;

  async seesProposal(uid: string, from: string, hour: number): Promise<void> {
    await this.sees('the proposal', uid, (text) => proposedIn(text ?? '', from) === at(hour));
  }

  async copy(uid: string): Promise<{ path: string; etag: string; text: string } | null> {
    for (const [path, { etag, text }] of await this.home.list(this.home.calendar))
      if (text.replace(/\r\n[ \t]/g, '').includes(`UID:${uid}\r\n`)) return { path, etag, text };
    return null;
  }

  async sees(what: string, uid: string, done: (text: string | null) => boolean): Promise<void> {
    await eventually(`${this.address}: ${what}`, async () => (await this.copy(uid))?.text ?? null, done, 60_000);
  }
}

/** A CalDAV client. */
export class DavParticipant extends Local {
  readonly kind = 'CalDAV';

  async invite(plan: Plan): Promise<string> {
    const uid = newUid();
    await this.home.put(`${this.home.calendar}${uid.replace('@', '-')}.ics`, meeting(factsOf(uid, this.address, plan)));
    return uid;
  }

  reschedule(uid: string, hour: number): Promise<void> {
    return this.edit(uid, (text) => {
      const [, old] = /DTSTART:\d{8}T(\d\d)/.exec(text) as RegExpExecArray;
      const next = (value: number) => String(value).padStart(2, '0');
      return text
        .replace(new RegExp(`(DTSTART:\\d{8}T)${old}`), `$1${next(hour)}`)
        .replace(/(DTEND:\d{8}T)\d\d/, `$1${next(hour + 1)}`);
    });
  }

  moveSecond(uid: string, hour: number): Promise<void> {
    return this.edit(uid, (text) => {
      const master = /BEGIN:VEVENT[\s\S]*?END:VEVENT\r\n/.exec(text)?.[0] ?? '';
      const [, from = '09'] = /DTSTART:\d{8}T(\d\d)/.exec(master) ?? [];
      const override = master
        .replace(/RRULE:.*\r\n/, `RECURRENCE-ID:${SECOND}T${from}0000Z\r\n`)
        .replace(/DTSTART:.*\r\n/, `DTSTART:${at(hour, SECOND)}\r\n`)
        .replace(/DTEND:.*\r\n/, `DTEND:${at(hour + 1, SECOND)}\r\n`);
      return text.replace('END:VCALENDAR', `${override}END:VCALENDAR`);
    });
  }

  setAttendees(uid: string, attendees: readonly string[]): Promise<void> {
    return this.edit(uid, (text) => {
      const known = [...attendeesIn(text).keys()].filter((user) => user !== this.address);
      const kept = text
        .split('\r\n')
        .filter((line) => !known.some((user) => !attendees.includes(user) && line.toLowerCase().endsWith(`mailto:${user}`)));
      const fresh = attendees.filter((user) => !known.includes(user)).map((user) => `ATTENDEE;RSVP=TRUE:mailto:${user}`);
      const end = kept.indexOf('END:VEVENT');
      return [...kept.slice(0, end), ...fresh, ...kept.slice(end)].join('\r\n');
    });
  }

  async cancel(uid: string): Promise<void> {
    const copy = await this.copy(uid);
    if (copy) await this.home.remove(copy.path);
  }

  answer(uid: string, partstat: Partstat): Promise<void> {
    return this.edit(uid, (text) =>
      text
        .split('\r\n')
        .map((line) =>
          line.startsWith('ATTENDEE') && line.toLowerCase().endsWith(`mailto:${this.address}`)
            ? line.replace(/;PARTSTAT=[A-Z-]+/, '').replace(/:mailto:/i, `;PARTSTAT=${partstat}:mailto:`)
            : line,
        )
        .join('\r\n'),
    );
  }

  propose(uid: string, hour: number): Promise<void> {
    const proposal = `;X-PROPOSED-START=${at(hour)};X-PROPOSED-END=${at(hour + 1)}`;
    return this.edit(uid, (text) =>
      changedLine(withoutProposal(text, this.address), this.address, (line) =>
        line.replace(/;PARTSTAT=[A-Z-]+/, '').replace(/:mailto:/i, `;PARTSTAT=TENTATIVE${proposal}:mailto:`),
      ),
    );
  }

  async declineProposal(uid: string, from: string): Promise<boolean> {
    await this.edit(uid, (text) => withoutProposal(text, from));
    return true;
  }

  /** As clients do, anew where a delivery status came in between. */
  private async edit(uid: string, change: (unfolded: string) => string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const copy = await this.copy(uid);
      if (!copy) throw new Error(`${this.address} has no ${uid}`);
      try {
        return await this.home.put(copy.path, change(copy.text.replace(/\r\n[ \t]/g, '')), copy.etag);
      } catch (error) {
        if (attempt === 5 || !/: 412/.test((error as Error).message)) throw error;
      }
    }
  }
}

function changedLine(text: string, user: string, change: (line: string) => string): string {
  const isIt = (line: string) => line.startsWith('ATTENDEE') && line.toLowerCase().endsWith(`mailto:${user}`);
  return text
    .split('\r\n')
    .map((line) => (isIt(line) ? change(line) : line))
    .join('\r\n');
}

function withoutProposal(text: string, user: string): string {
  return changedLine(text, user, (line) => line.replace(/;X-PROPOSED-(?:START|END)=\w+/g, ''));
}

/** The start that an attendee proposes; undefined: none. */
export function proposedIn(text: string, user: string): string | undefined {
  const lines = text.replace(/\r\n[ \t]/g, '').split('\r\n');
  const line = lines.find((one) => one.startsWith('ATTENDEE') && one.toLowerCase().endsWith(`mailto:${user}`));
  return /;X-PROPOSED-START=(\w+)/.exec(line ?? '')?.[1];
}

const USER_RESPONSE: Readonly<Record<Partstat, number>> = { ACCEPTED: 1, TENTATIVE: 2, DECLINED: 3 };

/** A phone. Up to 14.1 it mails invitations and answers itself, as such phones do. */
export class PhoneParticipant extends Local {
  readonly kind: string;
  readonly #calendar: PhoneFolder;
  readonly #sequences = new Map<string, number>();

  constructor(
    address: string,
    home: DavHome,
    readonly phone: EasPhone,
  ) {
    super(address, home);
    this.kind = `EAS ${phone.version}`;
    this.#calendar = phone.folder(8);
  }

  get #modern(): boolean {
    return this.phone.version.startsWith('16');
  }

  async invite(plan: Plan): Promise<string> {
    const { summary, attendees, hour = 9, daily } = plan;
    const uid = newUid();
    await this.phone.syncAll(this.#calendar);
    this.phone.add(
      this.#calendar,
      ...event(this.phone.version, { subject: summary, start: at(hour), end: at(hour + 1), uid }).filter(
        ({ name }) => name !== 'Calendar:MeetingStatus',
      ),
      ...(daily
        ? [t('Calendar:Recurrence', t('Calendar:Type', 0), t('Calendar:Interval', 1), t('Calendar:Occurrences', 4))]
        : []),
      attendeesTag(attendees),
      t('Calendar:MeetingStatus', 1),
    );
    await this.#send();
    await this.#mail('REQUEST', uid, plan, attendees);
    return uid;
  }

  async reschedule(uid: string, hour: number): Promise<void> {
    await this.#change(uid, t('Calendar:StartTime', at(hour)), t('Calendar:EndTime', at(hour + 1)));
    await this.#mailNow('REQUEST', uid);
  }

  async moveSecond(uid: string, hour: number): Promise<void> {
    await this.phone.syncAll(this.#calendar);
    const [id, item] = this.#item(uid);
    const from = (item.text('Calendar:StartTime') ?? '').slice(9, 11);
    const moved = [t('Calendar:StartTime', at(hour, SECOND)), t('Calendar:EndTime', at(hour + 1, SECOND))];
    if (this.#modern) {
      const data = t('AirSync:ApplicationData', moved);
      this.#calendar.pending.push({ kind: 'Change', id, data, instance: `${SECOND}T${from}0000Z` });
    } else {
      const exception = t('Calendar:Exception', t('Calendar:ExceptionStartTime', `${SECOND}T${from}0000Z`), moved);
      this.phone.change(this.#calendar, id, ...edited(this.phone.version, item, t('Calendar:Exceptions', exception)));
    }
    await this.#send();
    await this.#mailNow('REQUEST', uid);
  }

  async setAttendees(uid: string, attendees: readonly string[]): Promise<void> {
    const copy = await this.copy(uid);
    const before = [...attendeesIn(copy?.text ?? '').keys()].filter((user) => user !== this.address);
    await this.#change(uid, attendeesTag(attendees));
    const [gone, fresh] = [
      before.filter((user) => !attendees.includes(user)),
      attendees.filter((user) => !before.includes(user)),
    ];
    if (gone.length > 0) await this.#mailNow('CANCEL', uid, gone);
    if (fresh.length > 0) await this.#mailNow('REQUEST', uid, fresh);
  }

  async cancel(uid: string): Promise<void> {
    await this.phone.syncAll(this.#calendar);
    const copy = await this.copy(uid);
    const others = [...attendeesIn(copy?.text ?? '').keys()].filter((user) => user !== this.address);
    this.phone.delete(this.#calendar, this.#item(uid)[0]);
    await this.#send();
    if (copy) await this.#mail('CANCEL', uid, { summary: 'off', attendees: others }, others, copy.text);
  }

  /** By the calendar item, as calendar apps do. */
  async answer(uid: string, partstat: Partstat): Promise<void> {
    const copy = await this.copy(uid);
    await this.#respond(uid, partstat);
    if (!this.#modern && copy) await this.#reply(copy.text, 'REPLY', replyText(copy.text, this.address, partstat));
  }

  /** Phones up to 14.1 know no proposals: their mail app sends one. */
  async propose(uid: string, hour: number): Promise<void> {
    const copy = await this.copy(uid);
    const times = [t('MeetingResponse:ProposedStartTime', at(hour)), t('MeetingResponse:ProposedEndTime', at(hour + 1))];
    await this.#respond(uid, 'TENTATIVE', times);
    if (!this.#modern && copy) await this.#reply(copy.text, 'COUNTER', counterText(copy.text, this.address, hour));
  }

  /** The protocol has no such command: a phone's user answers by mail, or calls the meeting for another time. */
  async declineProposal(): Promise<boolean> {
    return false;
  }

  /** From 16.1 on phones show it (MS-ASCAL Attendee). */
  override async seesProposal(uid: string, from: string, hour: number): Promise<void> {
    await super.seesProposal(uid, from, hour);
    if (!this.#modern) return;
    await this.phone.syncAll(this.#calendar);
    const attendees = this.#item(uid)[1].child('Calendar:Attendees')?.all('Calendar:Attendee') ?? [];
    const attendee = attendees.find((one) => one.text('Calendar:Email') === from);
    const shown = [attendee?.text('MeetingResponse:ProposedStartTime'), attendee?.text('MeetingResponse:ProposedEndTime')];
    assert.deepEqual(shown, [at(hour), at(hour + 1)], 'the proposal on the phone');
  }

  async #respond(uid: string, partstat: Partstat, proposal: readonly Tag[] = []): Promise<void> {
    await this.phone.syncAll(this.#calendar);
    const [id] = this.#item(uid);
    const request = t(
      'MeetingResponse:Request',
      t('MeetingResponse:UserResponse', USER_RESPONSE[partstat]),
      t('MeetingResponse:CollectionId', this.#calendar.id),
      t('MeetingResponse:RequestId', id),
      this.#modern ? t('MeetingResponse:SendResponse', ...proposal) : undefined,
    );
    const answer = await this.phone.ask('MeetingResponse', t('MeetingResponse:MeetingResponse', request));
    const status = answer.child('MeetingResponse:Result')?.text('MeetingResponse:Status');
    if (status !== '1') throw new Error(`MeetingResponse: ${status}`);
  }

  #item(uid: string): [string, Tag] {
    const items = [...this.#calendar.items];
    const found = items.find(([, item]) => item.text('Calendar:UID') === uid) ?? items.find(([, item]) => sameEvent(item, uid));
    if (!found) throw new Error(`the phone has no ${uid}`);
    return found;
  }

  async #change(uid: string, ...changed: Tag[]): Promise<void> {
    await this.phone.syncAll(this.#calendar);
    const [id, item] = this.#item(uid);
    this.phone.change(this.#calendar, id, ...edited(this.phone.version, item, ...changed));
    await this.#send();
  }

  async #send(): Promise<void> {
    const { outcomes } = await this.phone.syncAll(this.#calendar);
    for (const [id, outcome] of outcomes) if (outcome.status !== '1') throw new Error(`${id}: Status ${outcome.status}`);
  }

  /** The mail of a phone that sends its own: from what the calendar now says. */
  async #mailNow(method: string, uid: string, to?: readonly string[]): Promise<void> {
    const copy = await this.copy(uid);
    if (!copy) return;
    const others = [...attendeesIn(copy.text).keys()].filter((user) => user !== this.address);
    await this.#mail(method, uid, { summary: 'changed', attendees: others }, to ?? others, copy.text);
  }

  async #mail(method: string, uid: string, plan: Plan, to: readonly string[], text?: string): Promise<void> {
    if (this.#modern || to.length === 0) return;
    const stored = text ?? (await this.copy(uid))?.text ?? meeting(factsOf(uid, this.address, plan));
    this.#sequences.set(uid, (this.#sequences.get(uid) ?? -1) + 1);
    const calendar = stored
      .replace('VERSION:2.0', `VERSION:2.0\r\nMETHOD:${method}`)
      .replace(/DTSTAMP:\w+/g, `DTSTAMP:${stampNow()}`)
      .replace(/BEGIN:VALARM[\s\S]*?END:VALARM\r\n/g, '');
    for (const user of to) await this.phone.sendMail(calendarMail(this.address, user, method, calendar));
  }

  async #reply(text: string, method: string, calendar: string): Promise<void> {
    const organizer = /ORGANIZER[^:]*:mailto:([^\r]+)/i.exec(text.replace(/\r\n[ \t]/g, ''))?.[1] ?? '';
    await this.phone.sendMail(calendarMail(this.address, organizer, method, calendar));
  }
}

/** From 16.0 on the UID of a new item is the server's, made of ClientUid where that is long enough. */
function sameEvent(item: Tag, uid: string): boolean {
  return item.text('Calendar:ClientUid') === uid;
}

function attendeesTag(attendees: readonly string[]): Tag {
  const tags = attendees.map((user) =>
    t('Calendar:Attendee', t('Calendar:Email', user), t('Calendar:Name', user), t('Calendar:AttendeeType', 1)),
  );
  return t('Calendar:Attendees', tags);
}

/** Somebody elsewhere, who has only mail. */
export class MailParticipant implements Participant {
  readonly kind = 'iMIP';
  readonly #plans = new Map<string, { plan: Plan; sequence: number }>();

  constructor(
    readonly address: string,
    private readonly world: World,
  ) {}

  async invite(plan: Plan): Promise<string> {
    const uid = newUid();
    this.#plans.set(uid, { plan, sequence: 0 });
    await this.#tell('REQUEST', uid, plan.attendees);
    return uid;
  }

  reschedule(uid: string, hour: number): Promise<void> {
    return this.#next(uid, { hour });
  }

  async moveSecond(uid: string, hour: number): Promise<void> {
    const { plan } = this.#known(uid);
    const lines = [`RECURRENCE-ID:${at(plan.hour ?? 9, SECOND)}`];
    for (const user of plan.attendees) {
      const text = meeting({ ...factsOf(uid, this.address, { ...plan, hour, daily: false }), day: SECOND, extra: lines });
      await this.#deliver('REQUEST', user, text);
    }
  }

  async setAttendees(uid: string, attendees: readonly string[]): Promise<void> {
    const { plan } = this.#known(uid);
    await this.#tell(
      'CANCEL',
      uid,
      plan.attendees.filter((user) => !attendees.includes(user)),
    );
    const fresh = attendees.filter((user) => !plan.attendees.includes(user));
    this.#plans.set(uid, { ...this.#known(uid), plan: { ...plan, attendees } });
    await this.#tell('REQUEST', uid, fresh);
  }

  async cancel(uid: string): Promise<void> {
    const known = this.#known(uid);
    this.#plans.set(uid, { ...known, sequence: known.sequence + 1 });
    await this.#tell('CANCEL', uid, known.plan.attendees);
  }

  /** To whom wrote last about it. */
  async answer(uid: string, partstat: Partstat): Promise<void> {
    await this.#toOrganizer(uid, 'REPLY', (invitation) => replyText(invitation, this.address, partstat));
  }

  async propose(uid: string, hour: number): Promise<void> {
    await this.#toOrganizer(uid, 'COUNTER', (invitation) => counterText(invitation, this.address, hour));
  }

  async seesProposal(uid: string, from: string, hour: number): Promise<void> {
    const last = async () => scheduleMail(this.world.submission, uid).findLast((mail) => mail.from === from)?.calendar ?? '';
    const start = (text: string) => /DTSTART:(\w+)/.exec(text)?.[1];
    await eventually('the proposal by mail', last, (text) => text.includes('METHOD:COUNTER') && start(text) === at(hour), 30_000);
  }

  async declineProposal(uid: string, from: string): Promise<boolean> {
    const { plan, sequence } = this.#known(uid);
    const facts = { ...factsOf(uid, this.address, { ...plan, attendees: [from] }), extra: [`SEQUENCE:${sequence}`] };
    await this.#deliver('DECLINECOUNTER', from, meeting(facts));
    return true;
  }

  async #toOrganizer(uid: string, method: string, text: (invitation: string) => string): Promise<void> {
    const mail = scheduleMail(this.world.submission, uid).findLast(
      ({ to, method }) => to === this.address && method === 'REQUEST',
    );
    if (!mail) throw new Error(`${this.address} was not asked about ${uid}`);
    const raw = calendarMail(this.address, mail.from, method, text(mail.calendar));
    await this.world.dovecot.deliver(mail.from, raw, this.address);
  }

  /** Of mails it sees the last. */
  async sees(what: string, uid: string, done: (text: string | null) => boolean): Promise<void> {
    const last = async () =>
      scheduleMail(this.world.submission, uid)
        .findLast(({ to }) => to === this.address)
        ?.calendar.replace(/METHOD:CANCEL/, 'STATUS:CANCELLED') ?? null;
    await eventually(`${this.address}: ${what}`, last, done, 60_000);
  }

  /** PARTSTATs that came back by mail, oldest first. */
  answersOf(uid: string, who: string): string[] {
    const replies = scheduleMail(this.world.submission, uid).filter(
      ({ from, to, method }) => from === who && to === this.address && method === 'REPLY',
    );
    return replies.map(({ calendar }) => /PARTSTAT=([A-Z-]+)/.exec(calendar)?.[1] ?? '');
  }

  #known(uid: string): { plan: Plan; sequence: number } {
    const known = this.#plans.get(uid);
    if (!known) throw new Error(`${this.address} did not call ${uid}`);
    return known;
  }

  async #next(uid: string, change: Partial<Plan>): Promise<void> {
    const { plan, sequence } = this.#known(uid);
    this.#plans.set(uid, { plan: { ...plan, ...change }, sequence: sequence + 1 });
    await this.#tell('REQUEST', uid, plan.attendees);
  }

  async #tell(method: string, uid: string, to: readonly string[]): Promise<void> {
    const { plan, sequence } = this.#known(uid);
    for (const user of to)
      await this.#deliver(method, user, meeting({ ...factsOf(uid, this.address, plan), extra: [`SEQUENCE:${sequence}`] }));
  }

  async #deliver(method: string, to: string, text: string): Promise<void> {
    const calendar = text
      .replace('VERSION:2.0', `VERSION:2.0\r\nMETHOD:${method}`)
      .replace(/DTSTAMP:\w+/, `DTSTAMP:${stampNow()}`);
    await this.world.dovecot.deliver(to, calendarMail(this.address, to, method, calendar), this.address);
  }
}

/** A mail with a calendar part, as mail programs send it. */
export function calendarMail(from: string, to: string, method: string, calendar: string): string {
  return [
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${method}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${Math.random().toString(36).slice(2)}@${from.split('@')[1]}>`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/alternative; boundary="b1"',
    '',
    '--b1',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'A meeting.',
    '--b1',
    `Content-Type: text/calendar; charset=utf-8; method=${method}`,
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from(calendar).toString('base64').replace(/.{76}/g, '$&\r\n'),
    '--b1--',
    '',
  ].join('\r\n');
}

/** A REPLY to an invitation. */
export function replyText(invitation: string, who: string, partstat: string, stamp = stampNow()): string {
  const lines = invitation.replace(/\r?\n[ \t]/g, '').split(/\r?\n/);
  const value = (name: RegExp) => lines.filter((line) => name.test(line)).slice(0, 1);
  const start = lines.indexOf('BEGIN:VEVENT');
  const body = lines.slice(start);
  const first = (name: RegExp) => body.filter((line) => name.test(line)).slice(0, 1);
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Elsewhere//EN',
    'METHOD:REPLY',
    'BEGIN:VEVENT',
    ...value(/^UID:/),
    `DTSTAMP:${stamp}`,
    ...first(/^DTSTART/),
    ...first(/^SEQUENCE/),
    ...first(/^ORGANIZER/),
    `ATTENDEE;PARTSTAT=${partstat}:mailto:${who}`,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');
}

/** A proposal of another time for what an invitation calls. */
function counterText(invitation: string, who: string, hour: number): string {
  return replyText(invitation, who, 'TENTATIVE')
    .replace('METHOD:REPLY', 'METHOD:COUNTER')
    .replace(/DTSTART.*\r\n/, `DTSTART:${at(hour)}\r\nDTEND:${at(hour + 1)}\r\n`);
}

function stampNow(): string {
  return new Date().toISOString().replace(/[-:]|\.\d+/g, '');
}

export type Kind = 'EAS 14.1' | 'EAS 16.1' | 'CalDAV' | 'iMIP';

/** A participant of a kind under a name of their own. */
export async function participant(world: World, kind: Kind, name: string): Promise<Participant> {
  if (kind === 'iMIP') return new MailParticipant(`${name}@elsewhere.example`, world);
  const home = await world.dav(name);
  if (kind === 'CalDAV') return new DavParticipant(address(name), home);
  const version = kind.slice(4);
  const phone = await world.phone(name, { version, deviceId: name.replace(/\W/g, '') });
  return new PhoneParticipant(address(name), home, phone);
}

/** A device of a user that waits for INBOX all the time: what comes by mail is seen on arrival, not at the next look. */
export async function watchInbox(world: World, user: string): Promise<void> {
  const phone = await world.phone(user, { deviceId: `watch${user}`.slice(0, 32) });
  const inbox = phone.folder(2);
  const wait = async (): Promise<never> => {
    for (;;) {
      await phone.syncAll(inbox);
      await phone.ping([inbox], 600);
    }
  };
  void wait().catch(() => undefined); // the test is over, and the phone closed
}
