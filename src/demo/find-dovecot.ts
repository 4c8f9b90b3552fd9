import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/** Where an installed Dovecot has its programs. */
export interface DovecotPrograms {
  dovecot: string;
  doveadm: string;
  /** e.g. `2.3.19.1`. */
  version: string;
  /** Whether a managesieve server is there as well. */
  managesieve: boolean;
}

/** Debian's packages that the demo and the tests need. */
export const DOVECOT_PACKAGES = ['dovecot-imapd', 'dovecot-lmtpd', 'dovecot-sieve', 'dovecot-managesieved'] as const;

const BINARIES = ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/sbin', '/opt/homebrew/bin'];
const LIBEXEC = ['/usr/lib/dovecot', '/usr/libexec/dovecot', '/usr/local/libexec/dovecot', '/opt/homebrew/libexec/dovecot'];

/** Finds Dovecot 2.3 on this machine. Throws a sentence that says what to install. */
export async function findDovecot(): Promise<DovecotPrograms> {
  const path = [...(process.env.PATH ?? '').split(delimiter), ...BINARIES];
  const dovecot = await firstWith(path, 'dovecot');
  const doveadm = await firstWith(path, 'doveadm');
  if (!dovecot || !doveadm || !(await firstWith(LIBEXEC, 'imap'))) throw missing('Dovecot is not installed');
  if (!(await firstWith(LIBEXEC, 'lmtp'))) throw missing("Dovecot's LMTP server is not installed");
  const version = (await promisify(execFile)(dovecot, ['--version'])).stdout.split(' ')[0]!.trim();
  if (!version.startsWith('2.3.')) {
    throw new Error(
      `Dovecot ${version} is installed, but the demo configuration is written for 2.3: set IMAP_URL and SMTP_URL to a server of yours`,
    );
  }
  return { dovecot, doveadm, version, managesieve: (await firstWith(LIBEXEC, 'managesieve')) !== undefined };
}

function missing(what: string): Error {
  return new Error(
    `${what}. On Debian or Ubuntu, as root: apt-get install --no-install-recommends ${DOVECOT_PACKAGES.join(' ')} — ` +
      'or set IMAP_URL and SMTP_URL to a mail server that you have.',
  );
}

async function firstWith(folders: readonly string[], name: string): Promise<string | undefined> {
  for (const folder of folders) {
    const file = join(folder, name);
    const there = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (there) return file;
  }
  return undefined;
}
