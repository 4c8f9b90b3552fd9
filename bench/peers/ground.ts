import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../../src/demo/ports.js';
import { findRunner, type Runner } from '../../src/infra/unprivileged.js';
import { onEnd, temporaryFolder } from '../../test/support/cleanup.js';
import { startTestDovecot, startTestSubmission } from '../../test/support/dovecot.js';
import { startCluster } from '../../test/support/postgres.js';

/** What the gateway and SOGo stand on: one PostgreSQL, one Dovecot and a server that takes mail. */
export interface Ground {
  /** A folder for what the peers write. */
  readonly folder: string;
  /** Runs servers as an ordinary user. */
  readonly runner: Runner;
  /** Connection URL of PostgreSQL's superuser on TCP; its path names the main database. */
  readonly adminUrl: string;
  /** The gateway's own, migrated database. */
  readonly databaseUrl: string;
  readonly imapPort: number;
  readonly smtpPort: number;
  mailHome(user: string): string;
}

/** Settings as packaged, so every commit waits for the disk; only SOGo's many workers need more connections. */
const POSTGRES = { listen_addresses: '127.0.0.1', max_connections: '500' };

export async function startGround(): Promise<Ground> {
  const folder = await temporaryFolder('gw-bench');
  const [port = 0] = await freePorts(1);
  const data = join(folder, 'postgres');
  await mkdir(data);
  const cluster = await startCluster(data, { ...POSTGRES, port: String(port) });
  onEnd(() => cluster.stop());
  const dovecot = await startTestDovecot();
  const submission = await startTestSubmission(dovecot);
  const admin = new URL(cluster.url);
  return {
    folder,
    runner: await findRunner(),
    adminUrl: `postgres://${admin.username}@127.0.0.1:${port}${admin.pathname}`,
    databaseUrl: await cluster.freshDatabase(),
    imapPort: dovecot.ports.imap,
    smtpPort: submission.port,
    mailHome: (user) => dovecot.mailDir(user),
  };
}
