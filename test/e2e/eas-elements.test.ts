import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Item, PimKind } from '../../src/domain/pim/model.js';
import { CAL, CARD } from '../support/dav-client.js';
import { type DavServer, startDavServer } from '../support/dav-server.js';
import {
  CLASSES,
  type ClassName,
  EAS_VERSIONS,
  type EasFace,
  ELEMENTS,
  type ElementFacts,
  startEasOver,
} from '../support/eas-elements.js';
import type { Tag } from '../support/eas-phone.js';
import { CASES, type ElementCase, keyOf, NOT_SERVED, PLAIN } from '../support/element-cases.js';

const XMLNS = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:K="urn:ietf:params:xml:ns:carddav"';
const SECOND = '20270308T090000Z';

/** What became of one case in one version. */
interface Outcome {
  /** As a DAV client gets it. */
  stored: string;
  /** ApplicationData on another phone: of the item that the phone made, and of a copy that a DAV client put. */
  shown?: Tag;
  copied?: Tag;
  refused?: string;
}

interface Row {
  readonly facts: ElementFacts;
  readonly key: string;
  readonly test: ElementCase;
}

const has = ({ from, to }: ElementFacts, version: string): boolean =>
  Number(from) <= Number(version) && Number(version) <= Number(to);

function rowsOf(name: ClassName): Row[] {
  const cases: Readonly<Record<string, ElementCase>> = CASES[name];
  return ELEMENTS.filter(({ document }) => document === name).flatMap((facts) => {
    const key = keyOf(facts);
    const test = cases[key];
    return test === undefined ? [] : [{ facts, key, test }];
  });
}

/** A phone sends each element, a DAV client reads it, another phone reads both that and what a DAV client puts. */
class Trial {
  readonly outcomes = new Map<string, Outcome>();

  constructor(
    private readonly dav: DavServer,
    private readonly eas: EasFace,
    private readonly version: string,
  ) {}

  get #address(): string {
    return `elements${this.version.replace('.', '-')}@example.test`;
  }

  async run(): Promise<void> {
    const sender = await this.eas.phone(this.#address, this.version, 'sender');
    const receiver = await this.eas.phone(this.#address, this.version, 'receiver');
    for (const name of Object.keys(CLASSES) as ClassName[]) {
      if (!sender.knows(name)) continue;
      const rows = rowsOf(name).filter(({ facts }) => has(facts, this.version));
      const ids = await this.#make(name, sender, rows);
      await this.#read(name, rows, ids);
      const copies = await this.#copy(name, rows);
      const shown = await receiver.receive(name);
      rows.forEach(({ key }, at) => {
        const outcome = this.outcomes.get(`${name} ${key}`);
        if (!outcome) return;
        outcome.shown = shown.get(ids[at] ?? '');
        outcome.copied = shown.get(copies.get(key) ?? '');
      });
    }
  }

  async #make(name: ClassName, sender: Awaited<ReturnType<EasFace['phone']>>, rows: readonly Row[]): Promise<string[]> {
    const sent = rows.filter(({ test }) => test.send);
    const made = await sender.add(
      name,
      sent.map(({ test }, at) => merged(PLAIN[name](this.version, at), test.send?.(this.version) ?? [])),
    );
    const ids = new Map(sent.map(({ key }, at) => [key, made[at] ?? 'no answer']));
    if (this.version.startsWith('16'))
      for (const { key, test } of sent) {
        if (!test.instance) continue;
        const status = await sender.changeInstance(name, ids.get(key) as string, SECOND, test.instance);
        if (status !== '1') ids.set(key, `Status ${status} of the occurrence`);
      }
    const puts = new Map<string, (uid: string) => string>();
    for (const { key, test } of rows) if (test.put) puts.set(key, test.put);
    for (const [key, id] of await this.#put(name, 'put', puts)) ids.set(key, id);
    return rows.map(({ key }) => ids.get(key) as string);
  }

  /** Puts texts as another client does. @returns ServerIds by the texts' keys */
  async #put(name: ClassName, kind: string, texts: ReadonlyMap<string, (uid: string) => string>): Promise<Map<string, string>> {
    const client = await this.dav.client(this.#address);
    const [extension, type] = name === 'MS-ASCNTC' ? ['vcf', 'text/vcard'] : ['ics', 'text/calendar'];
    const path = await this.#path(name);
    const fileOf = (key: string) => `${kind}-${key.replace(/\W+/g, '-')}.${extension}`;
    for (const [key, text] of texts) {
      const body = text(fileOf(key)).replaceAll('{user}', this.#address);
      const put = await client.request('PUT', path + fileOf(key), { body, headers: { 'content-type': type } });
      assert.equal(put.status, 201, `${key}: ${put.text}\n${body}`);
    }
    const items = new Map((await this.#items(name)).map((item) => [item.name, item.id]));
    const collection = await this.#collectionId(name);
    return new Map([...texts.keys()].map((key) => [key, `${collection}:${items.get(fileOf(key))}`]));
  }

  async #read(name: ClassName, rows: readonly Row[], ids: readonly string[]): Promise<void> {
    const names = new Map((await this.#items(name)).map((item) => [item.id, item.name]));
    const texts = await this.#multiget(name, [...names.values()]);
    for (const [at, { key }] of rows.entries()) {
      const id = ids[at] as string;
      const stored = texts.get(names.get(id.split(':')[1] ?? '') ?? '')?.replace(/\r\n[ \t]/g, '');
      this.outcomes.set(`${name} ${key}`, stored === undefined ? { stored: '', refused: id } : { stored });
    }
  }

  async #multiget(name: ClassName, files: readonly string[]): Promise<Map<string, string>> {
    const client = await this.dav.client(this.#address);
    const path = await this.#path(name);
    const [report, data] =
      name === 'MS-ASCNTC' ? ['K:addressbook-multiget', 'K:address-data'] : ['C:calendar-multiget', 'C:calendar-data'];
    const hrefs = files.map((file) => `<href>${path}${encodeURIComponent(file)}</href>`).join('');
    const body = `<${report} ${XMLNS}><prop><${data}/></prop>${hrefs}</${report}>`;
    const { responses } = await client.multistatus('REPORT', path, { body });
    const tag = name === 'MS-ASCNTC' ? CARD('address-data') : CAL('calendar-data');
    return new Map(
      responses.map(({ href, props }) => [decodeURIComponent(href.slice(href.lastIndexOf('/') + 1)), props.get(tag)?.text ?? '']),
    );
  }

  /** Puts what was stored once more, as the item of another client. @returns ServerIds */
  async #copy(name: ClassName, rows: readonly Row[]): Promise<Map<string, string>> {
    const texts = new Map<string, (uid: string) => string>();
    for (const { key } of rows) {
      const { stored } = this.outcomes.get(`${name} ${key}`) as Outcome;
      if (stored !== '') texts.set(key, (uid) => stored.replace(/^UID:.*$/gm, `UID:${uid}`));
    }
    return this.#put(name, 'copy', texts);
  }

  async #collection(name: ClassName) {
    const session = await this.dav.session(this.#address);
    const kind: PimKind = CLASSES[name].kind;
    const found = (await this.dav.services.pim.collections(session)).find((one) => one.kind === kind && one.primary);
    assert.ok(found, kind);
    return { session, collection: found };
  }

  async #collectionId(name: ClassName): Promise<string> {
    return (await this.#collection(name)).collection.id;
  }

  async #path(name: ClassName): Promise<string> {
    const { collection } = await this.#collection(name);
    const home = name === 'MS-ASCNTC' ? 'addressbooks' : 'calendars';
    return `/dav/${home}/${this.#address}/${collection.slug}/`;
  }

  async #items(name: ClassName): Promise<Item[]> {
    const { session, collection } = await this.#collection(name);
    const items: Item[] = [];
    for await (const item of this.dav.services.pim.search(session, collection, {})) items.push(item);
    return items;
  }
}

/** The plain item with elements in place of its own. */
function merged(plain: readonly Tag[], own: readonly Tag[]): Tag[] {
  const names = new Set(own.map(({ name }) => name));
  const isModern =
    own.some(({ name, value }) => name === 'Calendar:AllDayEvent' && value === '1') &&
    !plain.some(({ name }) => name === 'Calendar:UID');
  const dropped = (name: string) => names.has(name) || (isModern && name === 'Calendar:Timezone');
  return [...plain.filter(({ name }) => !dropped(name)), ...own];
}

/** The value of an element by its path; containers are an empty text. */
function valueAt(item: Tag | undefined, path: readonly string[]): string | undefined {
  const found = item?.child(...path);
  return found && (found.kids.length > 0 ? '' : item?.text(...path));
}

function expected({ shown, send, path }: ElementCase, version: string): string | RegExp | undefined {
  if (shown !== undefined) return shown ?? undefined;
  const [name] = path;
  const sent = send?.(version).find((tag) => tag.name === name);
  return sent && (sent.kids.length > 0 ? '' : String(sent.value ?? ''));
}

function check(actual: string | undefined, wanted: string | RegExp | undefined, what: string): void {
  if (wanted instanceof RegExp) assert.match(actual ?? '(nothing)', wanted, what);
  else assert.equal(actual, wanted, what);
}

describe('elements of the PIM classes, phone → text → DAV → phone', () => {
  const trials = new Map<string, Trial>();
  let dav: DavServer;
  let eas: EasFace;

  before(async () => {
    dav = await startDavServer();
    eas = await startEasOver(dav);
    for (const version of EAS_VERSIONS) trials.set(version, new Trial(dav, eas, version));
    await Promise.all([...trials.values()].map((trial) => trial.run()));
  });
  after(async () => {
    eas?.close();
    await dav?.close();
  });

  it('every element has a case, or a reason why it is not served', () => {
    const missing = ELEMENTS.filter((facts) => !(keyOf(facts) in CASES[facts.document]) && !(keyOf(facts) in NOT_SERVED));
    assert.deepEqual(missing.map(keyOf), []);
  });

  for (const name of Object.keys(CLASSES) as ClassName[]) {
    describe(name, () => {
      for (const { facts, key, test } of rowsOf(name)) {
        for (const version of EAS_VERSIONS.filter((one) => has(facts, one) && (name !== 'MS-ASNOTE' || Number(one) >= 14))) {
          it(`${facts.document} ${facts.section} ${key} (${version})`, () => {
            const outcome = trials.get(version)?.outcomes.get(`${name} ${key}`) as Outcome;
            assert.equal(outcome.refused, undefined, 'the phone’s item was taken');
            assert.match(outcome.stored, test.stored);
            const wanted = expected(test, version);
            check(valueAt(outcome.shown, test.path), wanted, `on another phone:\n${outcome.shown}\n${outcome.stored}`);
            check(valueAt(outcome.copied, test.path), wanted, `put by a DAV client:\n${outcome.copied}\n${outcome.stored}`);
          });
        }
      }
    });
  }

  it('logged no error', () => assert.deepEqual(dav.errors, []));
});
