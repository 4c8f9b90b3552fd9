import { join } from 'node:path';
import { type Dovecot, startDovecot } from './dovecot.js';
import { freePort } from './ports.js';
import { type Submission, startSubmission } from './submission.js';

/** The people of the demo; all have the same password. */
export const DEMO_USERS = ['alice@example.test', 'bob@example.test'] as const;
export const DEMO_PASSWORD = 'demo';
export const DEMO_DOMAIN = 'example.test';

export interface DemoMail {
  dovecot: Dovecot;
  submission: Submission;
  /** `sieve://127.0.0.1:PORT?tls=off`, where Dovecot has ManageSieve. */
  sieveUrl: string | undefined;
  stop(): Promise<void>;
}

/** Ports on 127.0.0.1 that a mail program may remember between two starts; taken ones are replaced by any free one. */
export interface DemoMailPorts {
  imap: number;
  smtp: number;
}

/** Starts the demo's Dovecot and the submission server that delivers to its mailboxes and to nobody else. */
export async function startDemoMail(dataDir: string, wanted: DemoMailPorts, log: (line: string) => void): Promise<DemoMail> {
  const users = Object.fromEntries(DEMO_USERS.map((user) => [user, DEMO_PASSWORD]));
  const isLocal = (address: string) => (DEMO_USERS as readonly string[]).includes(address.toLowerCase());
  const outbox = join(dataDir, 'outbox');
  const deliver = (to: readonly string[], raw: Uint8Array, from: string) => dovecot.deliver(to, raw, from);
  // Automatic replies are Dovecot's own mail, and it knows nobody's password.
  const relay = await startSubmission({ deliver, isLocal, outbox, log });
  const dovecot: Dovecot = await startDovecot({
    relay: relay.port,
    dir: join(dataDir, 'dovecot'),
    users,
    managesieve: true,
    ports: { imap: wanted.imap },
    log: onlyTrouble(log),
  });
  const submission = await startSubmission({
    deliver,
    isLocal,
    outbox,
    authenticate: (user, password) => users[user.toLowerCase()] === password,
    port: await freePort(wanted.smtp),
    log,
  });
  const stop = async () => {
    await submission.stop();
    await relay.stop();
    await dovecot.stop();
  };
  const { managesieve } = dovecot.ports;
  return { dovecot, submission, sieveUrl: managesieve ? `sieve://127.0.0.1:${managesieve}?tls=off` : undefined, stop };
}

/** Dovecot tells about every login; the terminal needs only what went wrong. */
function onlyTrouble(log: (line: string) => void): (line: string) => void {
  return (line) => {
    if (/\b(Error|Fatal|Panic):/.test(line)) log(`dovecot: ${line}`);
  };
}
