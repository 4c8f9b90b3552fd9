import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../../src/demo/ports.js';
import { giveTo } from '../../src/infra/unprivileged.js';
import { PASSWORD } from '../../test/support/dovecot.js';
import type { Ground } from './ground.js';
import { findPrograms } from './programs.js';
import { launch } from './server.js';

/** A server whose store is a folder of files. */
export interface FilePeer {
  readonly url: string;
  /** Below it lies what it stores. */
  readonly store: string;
}

const USERS = 200;

/** Radicale with its defaults: objects as files, passwords from a file. */
export async function startRadicale({ folder, runner }: Ground): Promise<FilePeer> {
  const { radicale } = await findPrograms({ radicale: 'radicale' });
  const home = join(folder, 'radicale');
  const [port = 0] = await freePorts(1);
  await mkdir(home);
  const users = Array.from({ length: USERS }, (_, n) => `u${String(n).padStart(4, '0')}@example.test:${PASSWORD}\n`);
  await writeFile(join(home, 'users'), users.join(''));
  await writeFile(join(home, 'config'), config(home, port));
  await giveTo(runner, home);
  const argv = runner.wrapChild([radicale, '--config', join(home, 'config')], 'TERM');
  await launch('radicale', argv, { folder, port, env: { HOME: home } });
  return { url: `http://127.0.0.1:${port}`, store: join(home, 'store', 'collection-root') };
}

function config(home: string, port: number): string {
  return [
    '[server]',
    `hosts = 127.0.0.1:${port}`,
    'max_connections = 64',
    '[auth]',
    'type = htpasswd',
    `htpasswd_filename = ${home}/users`,
    'htpasswd_encryption = plain',
    '[storage]',
    `filesystem_folder = ${home}/store`,
    '[web]',
    'type = none',
    '[logging]',
    'level = error',
    '',
  ].join('\n');
}
