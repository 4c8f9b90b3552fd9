import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EasPhone, HttpFault, LostAnswer, type PhoneFolder, t } from './eas-phone.js';
import { contact, edited, event } from './eas-phone-items.js';
import { address, type DavHome, eventually, message, type World } from './eas-phone-world.js';

/** Whose calendar, address book and mailbox all actors share, and who gets the mail. */
export const USER = 'chaos';
export const FRIEND = 'friend';

/** A generator of the same numbers for the same seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** What must be there in the end: everything an actor was told to be done, and nothing else. Names are unique. */
export interface Expected {
  /** Name of an event or contact -> its revision. */
  readonly items: Map<string, number>;
  /** Subject of a message -> whether it was read. */
  readonly mail: Map<string, boolean>;
  readonly trash: Set<string>;
}

export interface Stage {
  readonly world: World;
  readonly expected: Expected;
  over: boolean;
  /** Requests that were answered, and those whose answer never came. */
  answers: number;
  faults: number;
  /** Called when a request with changes goes out. */
  writing(): void;
}

/** A stage on which nothing has happened yet. */
export function newStage(world: World): Stage {
  const expected = { items: new Map(), mail: new Map(), trash: new Set<string>() };
  return { world, expected, over: false, answers: 0, faults: 0, writing() {} };
}

/**
 * Tries again until the gateway has answered: a lost answer, a refused connection or a 5xx is no answer. While kills go on
 * there is no limit: on a busy machine a gateway may live too short a time to answer anything.
 */
export async function insist<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
  for (let end = Infinity; ; ) {
    if (stage.over && end === Infinity) end = Date.now() + 60_000;
    try {
      const answer = await work();
      stage.answers++;
      return answer;
    } catch (error) {
      const fault =
        error instanceof LostAnswer || (error instanceof HttpFault && error.answer.status >= 500) || isLineFault(error);
      if (!fault || Date.now() > end) throw error;
      stage.faults++;
      await sleep(50);
    }
  }
}

function isLineFault(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return ['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(code ?? '') || /: 50\d|socket hang up|aborted/.test(message ?? '');
}

const pick = <T>(roll: () => number, values: readonly T[]): T | undefined => values[Math.floor(roll() * values.length)];
const nameOf = (text: string | undefined): string => text?.split(' ')[0] ?? '';
export const titleOf = (name: string, revision: number): string => `${name} r${revision}`;

/** A phone that adds, changes and deletes items of its own, and reads or deletes mail, all the time. */
export class PhoneActor {
  readonly #own = new Set<string>();
  #count = 0;

  constructor(
    readonly stage: Stage,
    readonly phone: EasPhone,
    readonly name: string,
    readonly roll: () => number,
    readonly mailWork: 'read' | 'delete',
  ) {}

  get folders(): PhoneFolder[] {
    return [2, 8, 9].map((type) => this.phone.folder(type));
  }

  async run(): Promise<void> {
    while (!this.stage.over) {
      const done = this.#plan();
      await this.syncUntilDone();
      for (const confirm of done) confirm();
      await sleep(this.roll() * 60);
    }
  }

  /** Sends what is pending, again and again with the same ClientIds, and takes what comes. */
  async syncUntilDone(): Promise<void> {
    for (let more = true; more; ) {
      const { collections, status } = await insist(this.stage, () => {
        const lose = this.roll() < 0.1 ? 'answer' : undefined;
        if (this.folders.some(({ pending }) => pending.length > 0)) this.stage.writing();
        return this.phone.sync(this.folders, { lose, timeout: 20_000 });
      });
      assert.equal(status, '1', `${this.name}: Sync`);
      for (const [id, result] of collections) {
        assert.equal(result.status, '1', `${this.name}: collection ${this.phone.folders.get(id)?.name}`);
        for (const [item, outcome] of result.outcomes) assert.equal(outcome.status, '1', `${this.name}: ${item}`);
      }
      more = [...collections.values()].some((result) => result.more);
    }
  }

  /** One to three changes; returns what to note when they are done. */
  #plan(): (() => void)[] {
    const planned = new Set<string>();
    return Array.from({ length: 1 + Math.floor(this.roll() * 3) }, () => {
      const deed = this.roll();
      if (deed < 0.4) return this.#add();
      if (deed < 0.65) return this.#edit(planned);
      if (deed < 0.8) return this.#remove(planned);
      return this.#mail(planned);
    });
  }

  #add(): () => void {
    const name = `${this.name}-${++this.#count}`;
    const day = String(1 + (this.#count % 28)).padStart(2, '0');
    if (this.roll() < 0.5) {
      const date = { start: `202703${day}T090000Z`, end: `202703${day}T100000Z` };
      this.phone.add(this.phone.folder(8), ...event(this.phone.version, { subject: titleOf(name, 1), uid: name, ...date }));
    } else this.phone.add(this.phone.folder(9), ...contact({ first: 'C', last: titleOf(name, 1) }));
    return () => {
      this.#own.add(name);
      this.stage.expected.items.set(name, 1);
    };
  }

  #edit(planned: Set<string>): () => void {
    const found = this.#choose(planned);
    if (!found) return () => {};
    const { folder, id, name } = found;
    const revision = (this.stage.expected.items.get(name) ?? 0) + 1;
    const tag = folder.type === '8' ? 'Calendar:Subject' : 'Contacts:LastName';
    this.phone.change(folder, id, ...edited(this.phone.version, folder.items.get(id), t(tag, titleOf(name, revision))));
    return () => this.stage.expected.items.set(name, revision);
  }

  #remove(planned: Set<string>): () => void {
    const found = this.#choose(planned);
    if (!found) return () => {};
    this.phone.delete(found.folder, found.id);
    return () => {
      this.#own.delete(found.name);
      this.stage.expected.items.delete(found.name);
    };
  }

  #choose(planned: Set<string>): { folder: PhoneFolder; id: string; name: string } | undefined {
    const candidates = [this.phone.folder(8), this.phone.folder(9)].flatMap((folder) =>
      [...folder.items].map(([id, item]) => ({
        folder,
        id,
        name: nameOf(item.text('Calendar:Subject') ?? item.text('Contacts:LastName')),
      })),
    );
    const chosen = pick(
      this.roll,
      candidates.filter(({ name }) => this.#own.has(name) && !planned.has(name)),
    );
    if (chosen) planned.add(chosen.name);
    return chosen;
  }

  #mail(planned: Set<string>): () => void {
    const inbox = this.phone.folder(2);
    const unread = [...inbox.items].filter(
      ([id, item]) => item.text('Email:Read') === '0' && !planned.has(id) && this.#mine(item.text('Email:Subject')),
    );
    const [id, item] = pick(this.roll, unread) ?? [];
    if (!id || !item) return () => {};
    planned.add(id);
    const subject = item.text('Email:Subject') ?? '';
    if (this.mailWork === 'read') {
      this.phone.change(inbox, id, t('Email:Read', 1));
      return () => this.stage.expected.mail.set(subject, true);
    }
    this.phone.delete(inbox, id);
    return () => {
      this.stage.expected.mail.delete(subject);
      this.stage.expected.trash.add(subject);
    };
  }

  /** Each message is the work of one phone, so that the outcome is known. */
  #mine(subject = ''): boolean {
    return (Number(subject.split('-')[1]) % 2 === 0) === (this.mailWork === 'read');
  }
}

/** A desktop program that puts, replaces and deletes objects of its own. */
export class DeskActor {
  readonly #own = new Map<string, { path: string; revision: number }>();
  #count = 0;

  constructor(
    readonly stage: Stage,
    readonly dav: DavHome,
    readonly roll: () => number,
  ) {}

  async run(): Promise<void> {
    while (!this.stage.over) {
      const deed = this.roll();
      const own = pick(this.roll, [...this.#own.keys()]);
      if (deed < 0.5 || !own) await this.#put(`desk-${++this.#count}`, 1);
      else if (deed < 0.8) await this.#put(own, this.#own.get(own)!.revision + 1);
      else await this.#remove(own);
      await sleep(this.roll() * 40);
    }
  }

  async #put(name: string, revision: number): Promise<void> {
    const isEvent = Number(name.split('-')[1]) % 2 === 0;
    const path = isEvent ? `${this.dav.calendar}${name}.ics` : `${this.dav.contacts}${name}.vcf`;
    const text = isEvent ? icsOf(name, revision) : vcfOf(name, revision);
    await insist(this.stage, () => {
      this.stage.writing();
      return this.dav.put(path, text);
    });
    this.#own.set(name, { path, revision });
    this.stage.expected.items.set(name, revision);
  }

  async #remove(name: string): Promise<void> {
    const { path } = this.#own.get(name)!;
    await insist(this.stage, async () => {
      const { status } = await this.dav.client.request('DELETE', path);
      if (status !== 204 && status !== 404) throw new Error(`DELETE ${path}: ${status}`);
    });
    this.#own.delete(name);
    this.stage.expected.items.delete(name);
  }
}

/**
 * Sends messages to somebody else: each must arrive. SMTP can't promise more than once, so a kill may double one. A message
 * whose sending was cut off is refused for a while (Status 111: later) and tried again in the end.
 */
export class Mailer {
  readonly sent: string[] = [];
  readonly #later: { clientId: string; mime: string }[] = [];

  constructor(
    readonly stage: Stage,
    readonly phone: EasPhone,
    readonly roll: () => number,
  ) {}

  async run(): Promise<void> {
    while (!this.stage.over) {
      const subject = `sent-${this.sent.push('')}`;
      this.sent[this.sent.length - 1] = subject;
      const mail = {
        clientId: this.phone.nextClientId(),
        mime: message({ from: address('mailer'), to: address(FRIEND), subject, text: 'x' }),
      };
      if (!(await this.#send(mail))) this.#later.push(mail);
      await sleep(this.roll() * 300);
    }
  }

  async finish(): Promise<number> {
    const put = this.#later.length;
    for (const mail of this.#later) await eventually('a message sent at last', () => this.#send(mail), Boolean, 90_000);
    return put;
  }

  async #send({ clientId, mime }: { clientId: string; mime: string }): Promise<boolean> {
    const status = await insist(this.stage, () => {
      this.stage.writing();
      return this.phone.sendMail(mime, { clientId });
    });
    assert.ok(['1', '118', '111'].includes(status), `SendMail: ${status}`);
    return status !== '111';
  }
}

const icsOf = (name: string, revision: number): string =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//desk//EN', 'BEGIN:VEVENT', `UID:${name}`, 'DTSTAMP:20270101T000000Z',
    'DTSTART:20270405T080000Z', 'DTEND:20270405T083000Z', `SUMMARY:${titleOf(name, revision)}`, 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n'); // biome-ignore format: lines
const vcfOf = (name: string, revision: number): string =>
  `BEGIN:VCARD\r\nVERSION:3.0\r\nUID:${name}\r\nN:${titleOf(name, revision)};D;;;\r\nFN:${titleOf(name, revision)}\r\nEND:VCARD\r\n`;
