import { dirname, join } from 'node:path';
import type { ImapFlow } from 'imapflow';
import type { Dovecot } from '../../src/demo/dovecot.js';
import { findRunner, giveTo } from '../../src/infra/unprivileged.js';
import { temporaryFolder } from '../../test/support/cleanup.js';
import { PASSWORD, startTestDovecot } from '../../test/support/dovecot.js';
import { startGateway } from '../../test/support/gateway.js';
import { bareLoop } from '../support/bare-loop.js';
import { message } from '../support/data.js';
import { LeanPhone } from '../support/lean-phone.js';
import { connectImap, copyInbox, deliver, fillInbox, writeMaildir } from '../support/mailboxes.js';
import { address, type Match, startMatch } from '../support/match.js';
import { peakGrowth } from '../support/memory.js';
import { format, type Outcome } from '../support/report.js';
import { sized } from '../support/settings.js';
import { interleaved, median, time } from '../support/timing.js';

const PHONES = 8;
/** First users of the mailboxes; each has PHONES of them. */
const USERS = { few: 201, many: 211, large: 221, small: 222, attachment: 223 } as const;
const WINDOW = 512;

export async function phoneOf(match: Match, user: number, more: { window?: number; truncation?: number; url?: string } = {}) {
  const { url = match.gateway.url, ...rest } = more;
  const phone = new LeanPhone({ url, user: address(user), password: match.password, deviceId: `bench${user}`, ...rest });
  await phone.setUp();
  return phone;
}

/** The first Sync of 1,000 messages against a bare imapflow loop that fetches the same parts; one phone, and eight. */
export function firstSyncOf1000(): Promise<Outcome[]> {
  return firstSync(USERS.few, sized(1_000, 50), 5);
}

/** The same with 20,000 messages. */
export function firstSyncOf20000(): Promise<Outcome[]> {
  return firstSync(USERS.many, sized(20_000, 50), 1);
}

async function firstSync(firstUser: number, messages: number, rounds: number): Promise<Outcome[]> {
  const match = await startMatch();
  await fillInbox(match, firstUser, messages);
  const phones: LeanPhone[] = [];
  const connections: ImapFlow[] = [];
  for (let user = firstUser; user < firstUser + PHONES; user++) {
    if (user > firstUser) await copyInbox(match, firstUser, user);
    phones.push(await phoneOf(match, user, { window: WINDOW }));
    connections.push(await connectImap(match, user));
  }
  const outcomes: Outcome[] = [];
  for (const count of [1, PHONES]) {
    const served = () => Promise.all(phones.slice(0, count).map(async (phone) => expect(await phone.firstSync(), messages)));
    const bare = () => Promise.all(connections.slice(0, count).map(async (imap) => expect(await bareLoop(imap), messages)));
    const [ours = 1, theirs = 0] = await interleaved([served, bare], rounds);
    const rate = (ms: number) => format((messages * count * 1000) / ms);
    outcomes.push({
      name: `eas first Sync of ${messages.toLocaleString('en')} messages, ${count === 1 ? 'one phone' : `${count} phones at a time`}, rate / rate of a bare IMAP loop`,
      value: theirs / ours,
      unit: '×',
      aim: { operator: '>=', value: 0.7 },
      detail: `${rate(ours)} messages/s, ${rate(theirs)} messages/s bare, median of ${rounds} interleaved rounds after one`,
    });
  }
  for (const phone of phones) phone.close();
  for (const imap of connections) imap.close();
  return outcomes;
}

function expect(found: number, wanted: number): void {
  if (found !== wanted) throw new Error(`${found} messages instead of ${wanted}`);
}

const LARGE = sized(200_000, 1_000);
const SMALL = 1_000;
const DELTAS = 20;

/**
 * A Sync after one new message, by the size of the folder. In Dovecot's mdbox: in a Maildir Dovecot itself reads the names
 * of all files again when one is added.
 */
export async function deltaSyncBySize(): Promise<Outcome> {
  const { match, dovecot } = await mdboxMatch();
  const works: (() => Promise<number>)[] = [];
  for (const [user, size] of [
    [USERS.large, LARGE],
    [USERS.small, SMALL],
  ] as const) {
    const maildir = join(await temporaryFolder('gw-import'), 'Maildir');
    await writeMaildir(maildir, size, SMALL, (n) => message(n, address(user)));
    await giveTo(await findRunner(), dirname(maildir));
    await dovecot.doveadm('import', '-u', address(user), `maildir:${maildir}`, '', 'all');
    // Without bodies the first Sync of 200,000 messages is a matter of a minute or two.
    const phone = await phoneOf(match, user, { window: WINDOW, truncation: 0 });
    expect(await phone.firstSync(), size);
    const imap = await connectImap(match, user);
    let next = size;
    works.push(async () => {
      await deliver(imap, message(next++, address(user)));
      return time(async () => expect((await phone.sync()).added, 1));
    });
  }
  const [ofLarge = 0, ofSmall = 1] = (await takeTurns(works, DELTAS)).map(median);
  return {
    name: `eas Sync after one new message, folder of ${LARGE.toLocaleString('en')} / of ${SMALL.toLocaleString('en')}`,
    value: ofLarge / ofSmall,
    unit: '×',
    aim: { operator: '<=', value: 1.3 },
    detail: `${format(ofLarge)} ms and ${format(ofSmall)} ms, medians of ${DELTAS} in turn`,
  };
}

/** A gateway before a Dovecot of its own that keeps mail in mdbox. */
async function mdboxMatch(): Promise<{ readonly match: Match; readonly dovecot: Dovecot }> {
  const shared = await startMatch();
  const dovecot = await startTestDovecot({ mailLocation: 'mdbox:~/mdbox' });
  const gateway = await startGateway({ databaseUrl: shared.databaseUrl, imapUrl: dovecot.url, env: { LOG_LEVEL: 'warn' } });
  return { match: { ...shared, gateway, imapPort: dovecot.ports.imap, password: PASSWORD }, dovecot };
}

/** Runs works that time themselves in turn; the first round does not count. */
export async function takeTurns(works: readonly (() => Promise<number>)[], rounds: number): Promise<number[][]> {
  const times = works.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, work] of works.entries()) {
      const took = await work();
      if (round > 0) times[index]?.push(took);
    }
  }
  return times;
}

const ATTACHMENT = sized(50, 1) * 1_000_000;

/** Memory while an attachment of 50 MB is fetched, each time by a fresh process that has answered small requests. */
export async function memoryOfAttachment(): Promise<Outcome[]> {
  const match = await startMatch();
  await fillInbox(match, USERS.attachment, 1, { text: () => withAttachment(ATTACHMENT) });
  const outcomes: Outcome[] = [];
  for (const multipart of [false, true]) {
    const gateway = await match.another();
    const phone = await phoneOf(match, USERS.attachment, { url: gateway.url });
    const [reference] = await warmUp(phone);
    if (!reference) throw new Error('the message has no attachment');
    const { megabytes, before, result } = await peakGrowth(gateway.pid, () => phone.fetchAttachment(reference, multipart));
    if (result < ATTACHMENT) throw new Error(`${result} bytes came`);
    phone.close();
    await gateway.stop();
    outcomes.push({
      name: `eas memory growth during the fetch of a ${ATTACHMENT / 1e6} MB attachment, ${multipart ? 'multipart' : 'inline'}`,
      value: megabytes,
      unit: ' MB',
      aim: { operator: '<=', value: 20 },
      detail: `highest of samples each 10 ms, ${format(before)} MB before, ${format(result / 1e6)} MB went out`,
    });
  }
  return outcomes;
}

/** A hundred small Syncs; gives the FileReferences seen. */
async function warmUp(phone: LeanPhone): Promise<readonly string[]> {
  let references: readonly string[] = [];
  for (let n = 0; n < 50; n++) references = await phone.references();
  return references;
}

function withAttachment(bytes: number): string {
  const data = Buffer.alloc(bytes, 'the quick brown fox ')
    .toString('base64')
    .replace(/(.{76})/g, '$1\r\n');
  return [
    'From: Sender <sender@example.test>',
    'To: <reader@example.test>',
    'Subject: A large file',
    'Date: Thu, 1 Oct 2026 08:00:00 +0000',
    'Message-ID: <bench-large@example.test>',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="mix"',
    '',
    '--mix',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'See the attachment.',
    '--mix',
    'Content-Type: application/octet-stream; name="large.bin"',
    'Content-Disposition: attachment; filename="large.bin"',
    'Content-Transfer-Encoding: base64',
    '',
    data,
    '--mix--',
    '',
  ].join('\r\n');
}
