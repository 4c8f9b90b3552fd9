import { ImapFlow } from 'imapflow';
import { composeSeed, dateOf, SEED_DOMAIN, type SeedMessage } from './seeds/message.js';

/** Where the mailbox to fill is. */
export interface Mailbox {
  port: number;
  address: string;
  password: string;
}

/** Appends the messages to their folders, dated relative to `now`. What an interrupted seeding left is removed first. */
export async function seedMail(mailbox: Mailbox, messages: readonly SeedMessage[], now: Date): Promise<void> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: mailbox.port,
    secure: false,
    doSTARTTLS: false,
    disableCompression: true,
    logger: false,
    auth: { user: mailbox.address, pass: mailbox.password },
  });
  client.on('error', () => {});
  await client.connect();
  try {
    for (const [folder, list] of byFolder(messages)) await fill(client, folder, list, mailbox.address, now);
  } finally {
    await client.logout();
  }
}

/** Oldest first, so that the order of arrival is the order of dates. */
function byFolder(messages: readonly SeedMessage[]): Map<string, SeedMessage[]> {
  const folders = new Map<string, SeedMessage[]>();
  for (const message of [...messages].sort((a, b) => b.age - a.age)) {
    const folder = message.folder ?? 'INBOX';
    folders.set(folder, [...(folders.get(folder) ?? []), message]);
  }
  return folders;
}

async function fill(client: ImapFlow, folder: string, messages: readonly SeedMessage[], owner: string, now: Date): Promise<void> {
  await client.mailboxCreate(folder).catch(() => {}); // most are there already
  await client.mailboxSubscribe(folder);
  await removeSeeded(client, folder);
  for (const message of messages) {
    const raw = await composeSeed(message, owner, now);
    const done = await client.append(folder, raw, [...(message.flags ?? [])], dateOf(message, now));
    if (!done) throw new Error(`the demo message ${message.id} could not be stored in ${folder}`);
  }
}

async function removeSeeded(client: ImapFlow, folder: string): Promise<void> {
  const lock = await client.getMailboxLock(folder);
  try {
    const found = await client.search({ header: { 'Message-ID': `@${SEED_DOMAIN}>` } }, { uid: true });
    if (found && found.length > 0) await client.messageDelete(found, { uid: true });
  } finally {
    lock.release();
  }
}
