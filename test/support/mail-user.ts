import type { FolderFacts, MailFolderStore, StoredFolder } from '../../src/domain/mail/folder-store.js';
import { createMail, type MailDeps } from '../../src/domain/mail/mail.js';
import type { Mail } from '../../src/domain/mail/service.js';
import type { Logger, Session } from '../../src/domain/types.js';
import { createImapBackend, type ImapBackend, type ImapBackendOptions } from '../../src/infra/imap/backend.js';
import { parseImapUrl } from '../../src/infra/imap/url.js';
import { parseSmtpUrl } from '../../src/infra/smtp/url.js';
import { onEnd } from './cleanup.js';

export const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Folder ids in memory, numbered from 1 per account. */
export class MemoryFolderStore implements MailFolderStore {
  private readonly accounts = new Map<string, StoredFolder[]>();
  private next = 1;

  async load({ account }: { account: string }): Promise<readonly StoredFolder[]> {
    return this.accounts.get(account) ?? [];
  }

  async reconcile(s: { account: string }, plan: Parameters<MailFolderStore['reconcile']>[1]): Promise<readonly StoredFolder[]> {
    const stored = await this.load(s);
    const { create, update, remove } = plan(stored);
    const updated = new Map(update.map((folder) => [folder.id, folder]));
    const kept = stored.filter(({ id }) => !remove.includes(id)).map((folder) => updated.get(folder.id) ?? folder);
    const created = create.map((facts: FolderFacts) => ({ id: String(this.next++), ...facts }));
    this.accounts.set(s.account, [...kept, ...created]);
    return this.load(s);
  }
}

/** A user's session; `address` is the phone's. */
export function mailSession(
  user: string,
  password = 'demo',
  more: { address?: string; aliases?: string[]; signal?: AbortSignal } = {},
): Session {
  return {
    account: user,
    origin: 'test',
    credentials: { username: user, password, ...(more.address && { address: more.address }) },
    user: { id: user, address: user, aliases: more.aliases ?? [], displayName: user.split('@')[0] ?? '', zone: 'Europe/Berlin' },
    ...(more.signal && { signal: more.signal }),
  };
}

/** A mail backend against test servers, closed with the test file. */
export function testBackend(imap: string, smtp: string | null = null, more: Partial<ImapBackendOptions> = {}): ImapBackend {
  const servers = { imap: parseImapUrl(imap), smtp: smtp === null ? null : parseSmtpUrl(smtp) };
  const backend = createImapBackend({ servers: () => servers, log: SILENT, ...more });
  onEnd(() => backend.close());
  return backend;
}

/** The mail service over a backend, with folder ids in memory. */
export function testMail(backend: ImapBackend, more: Partial<MailDeps> = {}): Mail {
  return createMail({ backend, folders: new MemoryFolderStore(), log: SILENT, ...more });
}

/** A plain message with CRLF line ends. */
export function textMessage(subject: string, text = 'Hello', more: readonly string[] = []): string {
  const head = [
    'From: Bob Test <bob@example.test>',
    'To: alice@example.test',
    `Subject: ${subject}`,
    'Date: Mon, 02 Mar 2026 10:00:00 +0000',
  ];
  const id = `Message-ID: <${subject.replace(/\W+/g, '-')}@example.test>`;
  return [...head, id, ...more, '', text, ''].join('\r\n');
}
