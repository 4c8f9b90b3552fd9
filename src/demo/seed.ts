import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEMO_PASSWORD } from './mail-servers.js';
import { seedMail } from './seed-mail.js';
import { type GatewayLogin, type SeedKind, seedPim } from './seed-pim.js';
import { aliceEvents, aliceTasks, bobEvents, invitation, type SeedResource } from './seeds/calendar.js';
import { aliceContacts, bobContacts } from './seeds/contacts.js';
import { type SeedDates, seedDates } from './seeds/dates.js';
import { aliceMail } from './seeds/mail-alice.js';
import { bobMail } from './seeds/mail-bob.js';
import type { SeedMessage } from './seeds/message.js';

interface Person {
  mail(dates: SeedDates): readonly SeedMessage[];
  pim(dates: SeedDates): Readonly<Record<SeedKind, readonly SeedResource[]>>;
}

/** What each demo account starts with. */
const PEOPLE: Readonly<Record<string, Person>> = {
  'alice@example.test': {
    mail: (dates) => [...aliceMail, invited(dates)],
    pim: (dates) => ({ events: aliceEvents(dates), tasks: aliceTasks(dates), contacts: aliceContacts() }),
  },
  'bob@example.test': {
    mail: () => bobMail,
    pim: (dates) => ({ events: bobEvents(dates), tasks: [], contacts: bobContacts() }),
  },
};

/** What was seeded when: kept in DATA_DIR, so that a later start leaves the accounts alone. */
interface Done {
  mail?: string;
  pim?: string;
}

/** Fills the demo accounts once. An interrupted seeding is done again and doubles nothing. */
export async function seedOnce(dataDir: string, imapPort: number, gatewayUrl: string): Promise<boolean> {
  const file = join(dataDir, 'seeded.json');
  const done = await readDone(file);
  const dates = seedDates(new Date());
  if (!done.mail) {
    const now = new Date();
    await each((address, person) => seedMail({ port: imapPort, address, password: DEMO_PASSWORD }, person.mail(dates), now));
    await writeDone(file, { ...done, mail: now.toISOString() });
  }
  if (done.pim) return false;
  await each((address, person) => seedPim(login(gatewayUrl, address), person.pim(dates)));
  await writeDone(file, { ...(await readDone(file)), pim: new Date().toISOString() });
  return true;
}

async function each(work: (address: string, person: Person) => Promise<void>): Promise<void> {
  for (const [address, person] of Object.entries(PEOPLE)) await work(address, person);
}

function login(url: string, address: string): GatewayLogin {
  return { url, address, password: DEMO_PASSWORD };
}

function invited(dates: SeedDates): SeedMessage {
  return {
    id: 'field-day',
    age: 0.1,
    from: 'Bob Lindqvist <bob@example.test>',
    to: 'Alice Marten <alice@example.test>',
    subject: 'Invitation: Field day: radio test',
    text: 'Bob invites you to the field day by the brook. Boots, please.\n',
    html: '<p>Bob invites you to the <b>field day</b> by the brook. Boots, please.</p>',
    invitation: { method: 'REQUEST', text: invitation(dates) },
  };
}

async function readDone(file: string): Promise<Done> {
  const text = await readFile(file, 'utf8').catch(() => '{}');
  return JSON.parse(text) as Done;
}

/** By a rename: a half-written file would stop the next start. */
async function writeDone(file: string, done: Done): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify(done)}\n`);
  await rename(`${file}.new`, file);
}
