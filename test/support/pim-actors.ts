import assert from 'node:assert/strict';
import type { Pim } from '../../src/domain/pim/service.js';
import type { Session } from '../../src/domain/types.js';
import { D, type DavClient } from './dav-client.js';
import { type EasPhone, LostAnswer, type PhoneFolder, type Tag, t } from './eas-phone.js';
import { contact, edited, event } from './eas-phone-items.js';

/** What is known for certain of the calendar and the address book that all actors edit. Items begin with a name that is theirs alone. */
export interface Ledger {
  /** Names of items whose creation was confirmed. */
  readonly made: Set<string>;
  /** Names of items that somebody tried to delete, and those where it was confirmed. */
  readonly condemned: Set<string>;
  readonly gone: Set<string>;
  /** Lines that the item of a name must still have: nobody who saw them took them away. */
  readonly kept: Map<string, readonly string[]>;
  /** Requests whose answer was lost, and edits refused because somebody else was first. */
  lost: number;
  conflicts: number;
}

export const newLedger = (): Ledger => ({
  made: new Set(),
  condemned: new Set(),
  gone: new Set(),
  kept: new Map(),
  lost: 0,
  conflicts: 0,
});

const RETRY = '16';

export type Roll = () => number;
const pick = <T>(roll: Roll, values: readonly T[]): T | undefined => values[Math.floor(roll() * values.length)];
const two = (value: number) => String(value).padStart(2, '0');

export const nameOf = (text: string | undefined): string => text?.split(' ')[0] ?? '';
/** Name and further words of an object's text. */
export const titleIn = (text: string): string => (/^SUMMARY:(.*?)\r?$/m.exec(text) ?? /^N:([^;]*);/m.exec(text))?.[1] ?? '';
export const unfolded = (text: string): string => text.replace(/\r?\n[ \t]/g, '');

/** A phone: edits what it holds, syncs now and then, and does not always hear the answer. */
export class PhoneEditor {
  #count = 0;
  /** Items whose occurrences were changed here: the phone is not sent them back. */
  readonly instances = new Set<string>();

  constructor(
    readonly ledger: Ledger,
    readonly phone: EasPhone,
    readonly name: string,
    readonly roll: Roll,
  ) {}

  get folders(): readonly PhoneFolder[] {
    return [this.phone.folder(8), this.phone.folder(9)];
  }

  async step(): Promise<void> {
    const deed = this.roll();
    if (deed < 0.2) this.#add();
    else if (deed < 0.45) this.#edit();
    else if (deed < 0.52) this.#occurrence();
    else if (deed < 0.58) this.#remove();
    else if (deed < 0.582) this.#forget();
    else await this.sync(this.roll() < 0.2);
  }

  /** Sends what waits, and takes what comes; everything waits on when the answer is lost. */
  async sync(lose = false): Promise<boolean> {
    const sent = this.folders.flatMap((folder) =>
      folder.pending.map((command) => ({ folder, command, name: this.#named(folder, command.id, command.data) })),
    );
    try {
      const how = lose ? { lose: this.roll() < 0.8 ? ('answer' as const) : ('connection' as const) } : {};
      const { collections, status } = await this.phone.sync(this.folders, how);
      // The request whose line was cut is still at work: to be sent again (MS-ASCMD Sync Status 16).
      if (status === RETRY || [...collections.values()].some((one) => one.status === RETRY)) {
        this.ledger.lost++;
        return true;
      }
      assert.equal(status, '1', `${this.name}: Sync`);
      for (const { folder, command, name } of sent) {
        const outcome = collections.get(folder.id)?.outcomes.get(command.id)?.status ?? '1';
        assert.match(outcome, /^[178]$/, `${this.name}: ${command.kind} of ${name}`);
        if (outcome !== '1') this.ledger.conflicts++;
        if (outcome === '1' && command.kind === 'Add') this.ledger.made.add(name);
        if (outcome === '1' && command.kind === 'Delete' && !command.instance) this.ledger.gone.add(name);
      }
      for (const { status: each } of collections.values()) assert.equal(each, '1', `${this.name}: a collection`);
      return [...collections.values()].some(({ more }) => more);
    } catch (error) {
      if (!(error instanceof LostAnswer)) throw error;
      this.ledger.lost++;
      return true;
    }
  }

  #named(folder: PhoneFolder, id: string, data: Tag | undefined): string {
    const of = (tag: Tag | undefined) => nameOf(tag?.text('Calendar:Subject') ?? tag?.text('Contacts:LastName'));
    return of(folder.items.get(id)) || of(data);
  }

  #add(): void {
    const name = `${this.name}-${++this.#count}`;
    const start = `202703${two(1 + (this.#count % 28))}T${two(6 + (this.#count % 12))}0000Z`;
    const end = start.replace(/T(\d\d)/, (_, hour) => `T${two(Number(hour) + 1)}`);
    if (this.roll() < 0.5)
      this.phone.add(this.phone.folder(9), ...contact({ first: 'C', last: `${name} 0`, email: `${name}@x.example` }));
    else {
      const facts = { subject: `${name} 0`, uid: `${name}-${'u'.repeat(20)}`, start, end, location: 'Here' };
      const rule = t('Calendar:Recurrence', t('Calendar:Type', 0), t('Calendar:Interval', 1), t('Calendar:Occurrences', 6));
      this.phone.add(this.phone.folder(8), ...event(this.phone.version, facts), ...(this.roll() < 0.3 ? [rule] : []));
    }
  }

  #edit(): void {
    const found = this.#choose();
    if (!found) return;
    const { folder, id, item, name } = found;
    const value = `${name} ${this.name}${Math.floor(this.roll() * 1e6)}`;
    const place = `at ${Math.floor(this.roll() * 1e6)}`;
    const isModern = this.phone.version.startsWith('16');
    const location = isModern ? t('AirSyncBase:Location', t('AirSyncBase:DisplayName', place)) : t('Calendar:Location', place);
    const changed =
      folder.type === '8'
        ? this.roll() < 0.5
          ? t('Calendar:Subject', value)
          : location
        : this.roll() < 0.5
          ? t('Contacts:LastName', value)
          : t('Contacts:MobilePhoneNumber', `+49 ${Math.floor(this.roll() * 1e6)}`);
    this.phone.change(folder, id, ...edited(this.phone.version, item, changed));
  }

  /** Deletes an occurrence of a series, or renames it. */
  #occurrence(): void {
    const found = this.#choose((item) => item.child('Calendar:Recurrence') !== undefined);
    if (!found) return;
    const { folder, id, item, name } = found;
    const start = item.text('Calendar:StartTime') ?? '';
    const date = new Date(`${start.slice(0, 4)}-${start.slice(4, 6)}-${start.slice(6, 8)}T${start.slice(9, 11)}:00:00Z`);
    date.setUTCDate(date.getUTCDate() + 1 + Math.floor(this.roll() * 4));
    // The clocks of Berlin are set on in the night of 28 March.
    if (date.getTime() > Date.UTC(2027, 2, 28)) return;
    const key = date.toISOString().replace(/[-:]|\.\d+/g, '');
    const change = this.roll() < 0.5 ? t('Calendar:Deleted', 1) : t('Calendar:Subject', `${name} one`);
    if (this.phone.version.startsWith('16')) this.#instance(folder, id, key, change);
    else {
      this.instances.add(id);
      const known = item.child('Calendar:Exceptions')?.kids ?? [];
      const others = known.filter((one) => one.text('Calendar:ExceptionStartTime') !== key);
      const exception = t('Calendar:Exception', change, t('Calendar:ExceptionStartTime', key));
      this.phone.change(folder, id, ...edited(this.phone.version, item, t('Calendar:Exceptions', others, exception)));
    }
  }

  #instance(folder: PhoneFolder, id: string, instance: string, change: Tag): void {
    const isDeletion = change.name === 'Calendar:Deleted';
    const data = isDeletion ? undefined : t('AirSync:ApplicationData', change);
    folder.pending.push({ kind: isDeletion ? 'Delete' : 'Change', id, data, instance });
    this.instances.add(id);
  }

  #remove(): void {
    const found = this.#choose();
    if (!found) return;
    this.ledger.condemned.add(found.name);
    this.phone.delete(found.folder, found.id);
  }

  /** The account is set up anew. */
  #forget(): void {
    for (const folder of this.folders) {
      folder.syncKey = '0';
      folder.items.clear();
      folder.pending.length = 0;
    }
    this.instances.clear();
  }

  #choose(fits: (item: Tag) => boolean = () => true) {
    const folder = this.folders[this.roll() < 0.5 ? 0 : 1] as PhoneFolder;
    const busy = new Set(folder.pending.map(({ id }) => id));
    const free = [...folder.items].filter(([id, item]) => !busy.has(id) && fits(item));
    const [id, item] = pick(this.roll, free) ?? [];
    return id && item ? { folder, id, item, name: this.#named(folder, id, undefined) } : undefined;
  }
}

/** A desktop program with a mirror of its own: adds what only iCalendar and vCard can say, replaces on If-Match, deletes. */
export class DeskEditor {
  readonly mirror = new Map<string, { etag: string; text: string }>();
  readonly #tokens = new Map<string, string>();
  #count = 0;

  constructor(
    readonly ledger: Ledger,
    readonly client: DavClient,
    readonly collections: readonly [calendar: string, contacts: string],
    readonly roll: Roll,
  ) {}

  async step(): Promise<void> {
    const deed = this.roll();
    const path = pick(this.roll, [...this.mirror.keys()]);
    if (deed < 0.25 || !path) await this.#add();
    else if (deed < 0.55) await this.#edit(path);
    else if (deed < 0.62) await this.#remove(path);
    else await this.sync();
  }

  async sync(): Promise<void> {
    for (const collection of this.collections) {
      const { responses, syncToken } = await this.client.syncCollection(collection, this.#tokens.get(collection) ?? '');
      for (const { href, status, props } of responses)
        if (status === 404) this.mirror.delete(decodeURIComponent(href));
        else if (props.has(D('getetag'))) await this.#load(decodeURIComponent(href));
      this.#tokens.set(collection, syncToken ?? '');
    }
  }

  async #load(path: string): Promise<void> {
    const { status, headers, text } = await this.client.request('GET', path);
    if (status === 200) this.mirror.set(path, { etag: String(headers.etag), text });
    else this.mirror.delete(path);
  }

  async #add(): Promise<void> {
    const name = `desk-${++this.#count}`;
    const isEvent = this.roll() < 0.5;
    const [calendar, contacts] = this.collections;
    const path = isEvent ? `${calendar}${name}.ics` : `${contacts}${name}.vcf`;
    const kept = isEvent ? eventLines(name) : cardLines(name);
    const text = isEvent ? icsOf(name, this.#count, kept, this.roll() < 0.4) : vcfOf(name, kept);
    await this.#put(path, text, undefined, name, kept);
  }

  /** Takes one line of its own in, and leaves all the rest. */
  async #edit(path: string): Promise<void> {
    const { text, etag } = this.mirror.get(path) as { text: string; etag: string };
    const line = `X-DESK-${Math.floor(this.roll() * 1e9)}:${'x'.repeat(Math.floor(this.roll() * 120))}`;
    const name = nameOf(titleIn(text));
    await this.#put(path, text.replace(/END:(VEVENT|VCARD)/, `${line}\r\nEND:$1`), etag, name, [line]);
  }

  /** A lost answer is no news: the program looks again, or finds that its etag is an old one. */
  async #put(path: string, body: string, etag: string | undefined, name: string, lines: readonly string[]): Promise<void> {
    const type = path.endsWith('.ics') ? 'text/calendar; charset=utf-8' : 'text/vcard; charset=utf-8';
    const condition: Record<string, string> = etag ? { 'if-match': etag } : { 'if-none-match': '*' };
    const { status } = await this.client.request('PUT', path, { body, headers: { 'content-type': type, ...condition } });
    assert.ok([201, 204, 412].includes(status), `PUT ${path}: ${status}`);
    if (status === 412) this.ledger.conflicts++;
    else {
      this.ledger.made.add(name);
      this.ledger.kept.set(name, [...(this.ledger.kept.get(name) ?? []), ...lines]);
    }
    if (this.roll() < 0.15) this.ledger.lost++;
    else await this.#load(path);
  }

  async #remove(path: string): Promise<void> {
    const { text, etag } = this.mirror.get(path) as { text: string; etag: string };
    const name = nameOf(titleIn(text));
    const { status } = await this.client.request('DELETE', path, { headers: { 'if-match': etag } });
    assert.ok([204, 404, 412].includes(status), `DELETE ${path}: ${status}`);
    if (status === 204) this.ledger.condemned.add(name);
    if (status !== 412) this.ledger.gone.add(name);
    else this.ledger.conflicts++;
    if (this.roll() < 0.15) this.ledger.lost++;
    else await this.#load(path);
  }
}

const eventLines = (name: string): string[] => [
  `X-KEEP;X-P="a;b:c":${name}`,
  'ATTACH;FMTTYPE=text/plain:https://files.example/a,b;c',
  'X-APPLE-CREATOR-IDENTITY;X-TITLE="Caf\u00e9, 1":com.example.calendar',
  'TRIGGER:-PT15M',
  'TRIGGER;RELATED=END:PT5M',
];

const cardLines = (name: string): string[] => [
  `X-KEEP;X-P="a;b:c":${name}`,
  'item1.X-ABLABEL:_$!<Other>!$_',
  'X-SOCIALPROFILE;type=twitter:http://x.example/a',
  'KEY;ENCODING=B;TYPE=PGP:AAECAw==',
];

function icsOf(
  name: string,
  count: number,
  [keep = '', attach = '', place = '', ...triggers]: readonly string[],
  repeats: boolean,
): string {
  const day = two(1 + (count % 28));
  const alarms = triggers.flatMap((trigger) => ['BEGIN:VALARM', 'ACTION:DISPLAY', 'DESCRIPTION:x', trigger, 'END:VALARM']);
  const own = [
    'BEGIN:VEVENT',
    `UID:${name}`,
    'DTSTAMP:20260101T000000Z',
    `DTSTART:202703${day}T090000Z`,
    `DTEND:202703${day}T100000Z`,
  ];
  const rule = repeats ? ['RRULE:FREQ=DAILY;COUNT=6'] : [];
  const more = [`SUMMARY:${name} 0`, ...rule, keep, attach, place, ...alarms, 'END:VEVENT'];
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Desk//EN', ...own, ...more, 'END:VCALENDAR', ''].join('\r\n');
}

function vcfOf(name: string, kept: readonly string[]): string {
  return [
    'BEGIN:VCARD',
    'VERSION:3.0',
    `UID:${name}`,
    `N:${name} 0;C;;;`,
    `FN:${name}`,
    'item1.EMAIL:a@x.example',
    ...kept,
    'END:VCARD',
    '',
  ].join('\r\n');
}

/** Something that edits in the middle of everything: an importer, an administrator's script. It knows no etags but the present ones. */
export class ChaosEditor {
  constructor(
    readonly ledger: Ledger,
    readonly pim: Pim,
    readonly session: Session,
    readonly roll: Roll,
  ) {}

  async step(): Promise<void> {
    const collections = (await this.pim.collections(this.session)).filter(
      ({ kind, primary }) => primary && ['calendar', 'contacts'].includes(kind),
    );
    const collection = pick(this.roll, collections);
    if (!collection) return;
    const ids: string[] = [];
    for await (const { id } of this.pim.heads(this.session, collection)) ids.push(id);
    const item = await this.pim.item(this.session, collection, { id: pick(this.roll, ids) ?? '0' });
    if (!item) return;
    const name = nameOf(titleIn(unfolded(item.text)));
    if (this.roll() < 0.15) {
      this.ledger.condemned.add(name);
      await this.pim.remove(this.session, collection, { id: item.id });
      this.ledger.gone.add(name);
      return;
    }
    const line = `X-CHAOS-${Math.floor(this.roll() * 1e9)}:1`;
    const text = item.text
      .replace(/END:(VEVENT|VCARD)/, `${line}\r\nEND:$1`)
      .replace(/^(SUMMARY:|N:)(\S+) [^;\r]*/m, `$1$2 chaos${Math.floor(this.roll() * 1e6)}`);
    await this.pim.put(this.session, collection, { id: item.id, text }, { ifMatch: [item.etag] });
    this.ledger.kept.set(name, [...(this.ledger.kept.get(name) ?? []), line]);
  }
}
