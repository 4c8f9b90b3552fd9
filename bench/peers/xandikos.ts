import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../../src/demo/ports.js';
import { giveTo } from '../../src/infra/unprivileged.js';
import type { Ground } from './ground.js';
import { findPrograms } from './programs.js';
import type { FilePeer } from './radicale.js';
import { launch } from './server.js';

/** Xandikos with its defaults: one user, each collection a git repository. */
export async function startXandikos({ folder, runner }: Ground): Promise<FilePeer> {
  const { xandikos } = await findPrograms({ xandikos: 'xandikos', git: 'git' });
  const home = join(folder, 'xandikos');
  const store = join(home, 'store');
  const [port = 0] = await freePorts(1);
  await mkdir(home);
  await giveTo(runner, home);
  const options = ['-d', store, '--defaults', '-l', '127.0.0.1', '-p', String(port), '--current-user-principal', '/user/'];
  await launch('xandikos', runner.wrapChild([xandikos, ...options], 'TERM'), { folder, port, env: { HOME: home } });
  return { url: `http://127.0.0.1:${port}`, store };
}
