import { setTimeout as sleep } from 'node:timers/promises';
import { message } from '../support/data.js';
import { LeanPhone } from '../support/lean-phone.js';
import { connectImap, deliver, fillWithRealisticMail } from '../support/mailboxes.js';
import { address, type Match, startMatch } from '../support/match.js';
import { format, type Outcome } from '../support/report.js';
import { interleaved, median, time } from '../support/timing.js';
import { takeTurns } from './eas-imap.js';

/** Mailboxes with the same 1,000 mails each, in the Dovecot that both servers use. */
const SEEDED = [10, 17] as const;
const MESSAGES = 1_000;
const PHONES = 8;
const RUN = Date.now().toString(36);

interface Side {
  readonly name: 'gateway' | 'SOGo';
  readonly url: string;
}

let devices = 0;

/** A phone that the server has not seen before. */
function newPhone(match: Match, { url }: Side, user: number): LeanPhone {
  const deviceId = `b${RUN}x${devices++}`;
  return new LeanPhone({ url, user: address(user), password: match.password, deviceId });
}

async function sides(): Promise<{ readonly match: Match; readonly sides: readonly Side[] }> {
  const match = await startMatch();
  await fillWithRealisticMail(match, SEEDED, MESSAGES);
  const gateway: Side = { name: 'gateway', url: match.gateway.url };
  const { sogo } = match.peers;
  return { match, sides: sogo ? [gateway, { name: 'SOGo', url: sogo.url }] : [gateway] };
}

function outcome(match: Match, name: string, times: readonly number[], aim: number, detail: string): Outcome[] {
  const [ours = 1, theirs] = times;
  if (theirs !== undefined) {
    const told = `${format(ours)} ms and ${format(theirs)} ms, ${detail}`;
    return [
      { name: `${name}, gateway / SOGo`, value: theirs / ours, unit: '×', aim: { operator: '>=', value: aim }, detail: told },
    ];
  }
  return [
    { name, value: ours, unit: ' ms', detail: `alone, ${detail}` },
    { name: `${name}, gateway / SOGo`, undone: match.peers.why.SOGo ?? '' },
  ];
}

const SET_UPS = 10;

/** OPTIONS, Provision and FolderSync of a new phone. */
export async function setUp(): Promise<Outcome[]> {
  const { match, sides: both } = await sides();
  const works = both.map((side) => async () => {
    for (let n = 0; n < SET_UPS; n++) {
      const phone = newPhone(match, side, SEEDED[0] + (n % PHONES));
      await phone.setUp();
      phone.close();
    }
  });
  const times = (await interleaved(works, 5)).map((ms) => ms / SET_UPS);
  return outcome(match, 'eas set-up: OPTIONS, Provision, FolderSync', times, 10, `median of 5 interleaved rounds of ${SET_UPS}`);
}

/** The first Sync of 1,000 messages of 33 kB on average, for one phone. */
export function firstSyncBesideSogo(): Promise<Outcome[]> {
  return firstSync(1, 3);
}

/** The same for eight phones of eight users at a time. */
export function firstSyncOfEightBesideSogo(): Promise<Outcome[]> {
  return firstSync(PHONES, 2);
}

async function firstSync(phones: number, rounds: number): Promise<Outcome[]> {
  const { match, sides: both } = await sides();
  const works = both.map((side) => async () => {
    const users = Array.from({ length: phones }, (_, n) => SEEDED[0] + n);
    await Promise.all(users.map((user) => syncFirst(newPhone(match, side, user))));
  });
  const times = await interleaved(works, rounds);
  const who = phones === 1 ? 'one phone' : `${phones} phones at a time`;
  const detail = `median of ${rounds} interleaved rounds after one, windows of 100`;
  return outcome(match, `eas first Sync of ${MESSAGES.toLocaleString('en')} messages, ${who}`, times, 10, detail);
}

async function syncFirst(phone: LeanPhone): Promise<void> {
  await phone.setUp();
  const items = await phone.firstSync();
  // Deltas of this very run add a few.
  if (items < MESSAGES) throw new Error(`${items} messages instead of ${MESSAGES}`);
  phone.close();
}

const DELTAS = 15;
const DELTA_USER = SEEDED[1];

/** A Sync after one new message. */
export async function deltaSync(): Promise<Outcome[]> {
  const { match, sides: both } = await sides();
  const imap = await connectImap(match, DELTA_USER);
  let next = 0;
  const works: (() => Promise<number>)[] = [];
  for (const side of both) {
    const phone = newPhone(match, side, DELTA_USER);
    await phone.setUp();
    await phone.firstSync();
    works.push(async () => {
      await phone.sync(); // takes what the other side's turn has added
      await deliver(imap, message(next++, address(DELTA_USER)));
      return time(async () => {
        if ((await phone.sync()).added !== 1) throw new Error(`${side.name} did not see the new message`);
      });
    });
  }
  const times = (await takeTurns(works, DELTAS)).map(median);
  return outcome(match, 'eas Sync after one new message', times, 5, `medians of ${DELTAS} in turn`);
}

const PINGS = 8;
/** SOGo looks every ten seconds by default: waits of different length meet it at different moments. */
const WAITS = [1_000, 3_500, 6_000, 8_500];

/** Ping after Ping, as phones do, until one tells a change; `at`: when that was. */
function untilChange(phone: LeanPhone): { at: number; readonly done: Promise<void> } {
  const told = { at: 0, done: Promise.resolve() };
  const run = async () => {
    while (!(await phone.ping(HEARTBEAT)));
    told.at = performance.now();
  };
  told.done = run();
  return told;
}
const HEARTBEAT = 60;

/** From the delivery of a message to the answer of the waiting Ping. */
export async function pingLatency(): Promise<Outcome[]> {
  const { match, sides: both } = await sides();
  const imap = await connectImap(match, DELTA_USER);
  let next = 100_000;
  const works: (() => Promise<number>)[] = [];
  // SOGo first: it makes folders at the first login, and a Ping of who knew the folders before tells of that at once.
  for (const side of [...both].reverse()) {
    const phone = newPhone(match, side, DELTA_USER);
    await phone.setUp();
    await phone.firstSync();
    let turn = 0;
    works.unshift(async () => {
      for (let round = await phone.sync(); round.added > 0 || round.more; ) round = await phone.sync();
      const told = untilChange(phone);
      await sleep(WAITS[turn++ % WAITS.length] ?? 0);
      if (told.at > 0) throw new Error(`${side.name}'s Ping told a change that is none`);
      await deliver(imap, message(next++, address(DELTA_USER)));
      const delivered = performance.now();
      await told.done;
      return told.at - delivered;
    });
  }
  const times = (await takeTurns(works, PINGS)).map(median);
  return outcome(match, 'eas new message to Ping answer', times, 1, `medians of ${PINGS} in turn`);
}
