import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random } from '../support/eas-phone-chaos.js';
import { type Actor, BOXES, ImapHand, type Ledger, OWNER, pick, UnreliablePhone } from '../support/eas-phone-unreliable.js';
import { address, startWorld, type World } from '../support/eas-phone-world.js';

const SEED = Number(process.env.STORM_SEED ?? 20261124);
const STEPS = Number(process.env.STORM_STEPS ?? 400);
/** Names of the folders on the mail server. */
const MAILBOXES = [...BOXES, 'Sent', 'Trash', 'Junk'];

/** `mailbox subject seen flagged` of each message on the mail server. */
async function stored({ dovecot }: World): Promise<string[]> {
  const lines: string[] = [];
  for (const box of MAILBOXES) {
    const table = await dovecot.doveadm('-f', 'tab', 'fetch', '-u', address(OWNER), 'hdr.subject flags', 'mailbox', box);
    for (const row of table.split('\n').filter(Boolean).slice(1)) {
      const [subject = '', flags = ''] = row.split('\t');
      lines.push(`${box} ${subject} ${Number(flags.includes('\\Seen'))} ${Number(flags.includes('\\Flagged'))}`);
    }
  }
  return lines.sort();
}

const subjectOf = (line: string) => line.split(' ')[1] ?? '';

test('two phones on a bad line and an IMAP client: all end with the mailbox’s state, every mail is sent once', {
  timeout: 400_000,
}, async (context) => {
  context.diagnostic(`seed ${SEED} (STORM_SEED), ${STEPS} steps (STORM_STEPS)`);
  const world = await startWorld();
  for (const box of ['Archive', 'Projects']) await world.dovecot.doveadm('mailbox', 'create', '-u', address(OWNER), box);
  const ledger: Ledger = { alive: new Set(), sent: new Set(), lost: 0, restarts: 0 };
  const hand = new ImapHand(world, await world.imap(OWNER), random(SEED + 1), ledger);
  for (let n = 0; n < 20; n++) await hand.deliver();
  const phones: readonly [UnreliablePhone, UnreliablePhone] = [
    new UnreliablePhone(await world.phone(OWNER, { deviceId: 'storm161', version: '16.1' }), 'p161', random(SEED + 2), ledger),
    new UnreliablePhone(
      await world.phone(OWNER, { deviceId: 'storm141', version: '14.1', base64: true }),
      'p141',
      random(SEED + 3),
      ledger,
    ),
  ];
  const roll = random(SEED);
  const trace: string[] = [];
  try {
    for (let step = 0; step < STEPS; step++) {
      const actors: readonly Actor[] = pick(roll, [[hand], [phones[0]], [phones[1]], phones])!;
      const deeds = await Promise.all(actors.map(async (actor) => `${actor.name} ${await actor.step()}`));
      trace.push(`${step} ${deeds.join(' + ')}`);
    }
    for (const phone of phones) await phone.settle();
    for (const phone of phones) await phone.settle(); // the second one's changes reach the first
  } catch (error) {
    context.diagnostic(trace.slice(-12).join('; '));
    throw error;
  }
  context.diagnostic(
    `${ledger.lost} answers lost, ${ledger.restarts} restarts, ${ledger.alive.size} mails, ${ledger.sent.size} sent`,
  );
  const mailbox = await stored(world);
  for (const phone of phones) assert.deepEqual(phone.held().map(asStored), mailbox, phone.name);
  const arrived = mailbox.map(subjectOf).filter((subject) => subject.startsWith('mail-'));
  assert.deepEqual(arrived.sort(), [...ledger.alive].sort(), 'nothing is lost, nothing doubled');
  const submitted = world.submission.messages.map(({ raw }) => /^Subject: (.*)\r$/m.exec(raw.toString())?.[1] ?? '');
  assert.deepEqual(submitted.sort(), [...ledger.sent].sort(), 'sent once');
});

/** Phones call the folders otherwise than the mail server. */
function asStored(line: string): string {
  const [box = ''] = line.split(' ');
  return line.replace(box, BOX_OF[box] ?? box);
}
const BOX_OF: Readonly<Record<string, string>> = { Inbox: 'INBOX' };
