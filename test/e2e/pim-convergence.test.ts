import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EasPhone, Tag } from '../support/eas-phone.js';
import { random } from '../support/eas-phone-chaos.js';
import {
  ChaosEditor,
  DeskEditor,
  type Ledger,
  nameOf,
  newLedger,
  PhoneEditor,
  titleIn,
  unfolded,
} from '../support/pim-actors.js';
import { type PimServer, startPimServer } from '../support/pim-server.js';

/** `PIM_STEPS=10000 PIM_SEED=7 script/test e2e/pim-convergence` for more, or for other ones. */
const STEPS = Number(process.env.PIM_STEPS ?? 2500);
const SEED = Number(process.env.PIM_SEED ?? 20261123);
const USER = 'everybody@example.test';
const HOME = { calendar: `/dav/calendars/${USER}/calendar/`, contacts: `/dav/addressbooks/${USER}/contacts/` };

test('two phones, a CalDAV client and a chaos driver: all end equal to the server', { timeout: 1_800_000 }, async (context) => {
  context.diagnostic(`${STEPS} steps (PIM_STEPS), seed ${SEED} (PIM_SEED)`);
  const server = await startPimServer();
  try {
    const ledger = newLedger();
    const desk = new DeskEditor(ledger, await server.client(USER), [HOME.calendar, HOME.contacts], random(SEED + 1));
    const phones = await Promise.all(
      ['14.1', '16.1'].map(async (version, at) => {
        const name = `p${version.replace('.', '')}`;
        return new PhoneEditor(ledger, await server.phone(USER, { version, deviceId: name }), name, random(SEED + 2 + at));
      }),
    );
    const session = { ...(await server.session(USER)), origin: 'chaos' };
    const chaos = new ChaosEditor(ledger, server.services.pim, session, random(SEED + 4));
    const actors = [...phones, desk, ...phones, desk, chaos];
    const roll = random(SEED);
    for (let step = 0; step < STEPS; step++) await actors[Math.floor(roll() * actors.length)]?.step();
    await settle(phones, desk);
    context.diagnostic(
      `${ledger.made.size} items made, ${ledger.gone.size} deleted, ${ledger.lost} answers lost, ${ledger.conflicts} conflicts`,
    );
    const stored = await listed(desk);
    checkStore(ledger, stored);
    assert.deepEqual(stripped(desk.mirror), stripped(stored), 'the desktop program');
    for (const phone of phones) await checkPhone(server, phone, stored);
    assert.deepEqual(server.errors, []);
  } finally {
    await server.close();
  }
});

async function settle(phones: readonly PhoneEditor[], desk: DeskEditor): Promise<void> {
  for (let round = 0; round < 3; round++) for (const phone of phones) while (await phone.sync());
  await desk.sync();
}

/** Every object by its path, as it is now. */
async function listed({ client }: DeskEditor): Promise<Map<string, { text: string }>> {
  const found = new Map<string, { text: string }>();
  for (const collection of Object.values(HOME)) {
    const { responses } = await client.propfind(collection, ['{DAV:}getetag'], 1);
    for (const { href } of responses.filter((one) => !one.href.endsWith('/')))
      found.set(decodeURIComponent(href), { text: (await client.request('GET', href)).text });
  }
  return found;
}

const stripped = (objects: ReadonlyMap<string, { text: string }>) => [...objects].map(([path, { text }]) => [path, text]).sort();

function checkStore(ledger: Ledger, stored: ReadonlyMap<string, { text: string }>): void {
  const texts = new Map([...stored.values()].map(({ text }) => [nameOf(titleIn(unfolded(text))), unfolded(text)]));
  assert.equal(texts.size, stored.size, 'no item is there twice');
  const missing = [...ledger.made].filter((name) => !ledger.condemned.has(name) && !texts.has(name));
  assert.deepEqual(missing, [], 'lost');
  assert.deepEqual(
    [...ledger.gone].filter((name) => texts.has(name)),
    [],
    'deleted, and here again',
  );
  for (const [name, lines] of ledger.kept) {
    const has = new Set(texts.get(name)?.split(/\r?\n/));
    if (has.size > 0)
      assert.deepEqual(
        lines.filter((line) => !has.has(line)),
        [],
        `properties of ${name}`,
      );
  }
}

/** What a phone holds of an item, for comparison: not the stamps, and not what only servers say. */
const COMPARED =
  /^(?:Calendar:(?:Subject|Location|StartTime|EndTime|Recurrence|Exceptions|Reminder|Categories|UID)|AirSyncBase:Location|Contacts:.*)$/;

/** A phone holds what a new phone is given. */
async function checkPhone(
  server: PimServer,
  { phone, name, instances }: PhoneEditor,
  stored: ReadonlyMap<string, unknown>,
): Promise<void> {
  const fresh = await server.phone(USER, { version: phone.version, deviceId: `fresh${name}` });
  for (const type of [8, 9]) await fresh.syncAll(fresh.folder(type));
  const [held, given] = [holdings(phone, instances), holdings(fresh, instances)];
  assert.equal(given.size, stored.size, `a new ${phone.version} phone is given everything`);
  assert.deepEqual([...held.keys()].sort(), [...given.keys()].sort(), `items on ${name}`);
  for (const [id, item] of given) assert.equal(held.get(id), item, `${id} on ${name}`);
}

function holdings(phone: EasPhone, instances: ReadonlySet<string>): Map<string, string> {
  const show = (id: string, item: Tag) =>
    item.kids
      .filter((kid) => COMPARED.test(kid.name) && !(instances.has(id) && kid.local === 'Exceptions'))
      .map(canonical)
      .sort()
      .join('\n');
  const items = [8, 9].flatMap((type) => [...phone.folder(type).items]);
  return new Map(items.map(([id, item]) => [id, show(id, item)]));
}

/** Children in whatever order, without stamps. */
function canonical(tag: Tag): string {
  const kids = tag.kids.filter(({ name }) => name !== 'Calendar:DtStamp');
  return `${tag.name} ${tag.value ?? ''}[${kids.map(canonical).sort().join(' ')}]`;
}
