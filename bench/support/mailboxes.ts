import { execFile } from 'node:child_process';
import { link, mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ImapFlow } from 'imapflow';
import { onEnd } from '../../test/support/cleanup.js';
import { message } from './data.js';
import { address, type Match } from './match.js';
import { realisticMessage } from './realistic-mail.js';

const run = promisify(execFile);

/** A bare IMAP connection, closed at the end. */
export async function connectImap(match: Match, user: number): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: match.imapPort,
    secure: false,
    doSTARTTLS: false,
    disableAutoIdle: true,
    auth: { user: address(user), pass: match.password },
    logger: false,
  });
  client.on('error', () => {});
  await client.connect();
  onEnd(() => client.close());
  return client;
}

/** Puts a message into the INBOX of a user. */
export async function deliver(imap: ImapFlow, raw: string): Promise<void> {
  if (!(await imap.append('INBOX', raw, []))) throw new Error('the mail server refused a message');
}

/**
 * An INBOX of that many messages, written as files: through the server 200,000 messages would take an hour. `text` gives
 * the messages; `files`: so many different ones, the others are hard links to these. Dovecot then indexes them.
 */
export async function fillInbox(
  match: Match,
  user: number,
  count: number,
  { files = count, text = (n: number) => message(n, address(user)) }: { files?: number; text?: (n: number) => string } = {},
): Promise<void> {
  const maildir = join(match.mailHome(address(user)), 'Maildir');
  await clearInbox(match, user);
  await writeMaildir(maildir, count, files, text);
  await own(match, user);
  await index(match, user);
}

/** Messages as files of a Maildir. */
export async function writeMaildir(maildir: string, count: number, files: number, text: (n: number) => string): Promise<void> {
  for (const folder of ['cur', 'new', 'tmp']) await mkdir(join(maildir, folder), { recursive: true });
  const start = Math.floor(Date.now() / 1000) - 86_400 - count;
  for (let n = 0; n < count; n++) {
    const path = join(maildir, 'cur', nameOf(start, n, count));
    if (n >= files) await link(join(maildir, 'cur', nameOf(start, n % files, count)), path);
    else await writeFile(path, text(n)).then(() => utimes(path, start + n, start + n));
  }
}

/** Of the newest thousand every third is unread, of those before them every fiftieth. */
function nameOf(start: number, n: number, count: number): string {
  const isRead = n % (count - n > 1_000 ? 50 : 3) > 0;
  return `${start + n}.M${n}P1.bench:2,${isRead ? 'S' : ''}`;
}

/** The same INBOX for another user, by hard links. */
export async function copyInbox(match: Match, from: number, to: number): Promise<void> {
  const [source, target] = [from, to].map((user) => join(match.mailHome(address(user)), 'Maildir'));
  await clearInbox(match, to);
  for (const folder of ['cur', 'new', 'tmp']) await mkdir(join(target as string, folder), { recursive: true });
  for (const name of await readdir(join(source as string, 'cur')))
    await link(join(source as string, 'cur', name), join(target as string, 'cur', name));
  await own(match, to);
  await index(match, to);
}

async function clearInbox(match: Match, user: number): Promise<void> {
  await rm(join(match.mailHome(address(user)), 'Maildir'), { recursive: true, force: true });
}

/** The mail belongs to whom Dovecot runs as, who owns the folder of all mail. */
async function own(match: Match, user: number): Promise<void> {
  const home = match.mailHome(address(user));
  const { uid, gid } = await stat(join(home, '..'));
  if (process.getuid?.() === 0) await run('chown', ['-R', `${uid}:${gid}`, home]);
}

/** One look at everything fills Dovecot's caches, and asks it to keep mod-sequences, which SOGo needs. */
async function index(match: Match, user: number): Promise<void> {
  const imap = await connectImap(match, user);
  const lock = await imap.getMailboxLock('INBOX');
  const query = { uid: true, flags: true, envelope: true, bodyStructure: true, internalDate: true, size: true };
  for await (const _ of imap.fetch('1:*', query)) void _;
  lock.release();
  await imap.logout();
}

/** The same realistic mail (33 kB a message on average) for several users. */
export async function fillWithRealisticMail(match: Match, users: readonly [number, number], count: number): Promise<void> {
  const [first, last] = users;
  realistic ??= (async () => {
    await fillInbox(match, first, count, { text: (n) => realisticMessage(n, address(first)) });
    for (let user = first + 1; user <= last; user++) await copyInbox(match, first, user);
  })();
  await realistic;
}
let realistic: Promise<void> | undefined;
