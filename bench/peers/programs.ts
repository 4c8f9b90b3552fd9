import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';

const FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin'];

/** A program that is not installed, and the Debian package that brings it. */
export class Missing extends Error {
  constructor(packages: readonly string[]) {
    super(`Debian packages are missing: ${packages.join(' ')} (script/bench-setup installs them)`);
  }
}

/** Paths of programs, given as program -> Debian package. @throws Missing with all packages that are not there */
export async function findPrograms<N extends string>(wanted: Readonly<Record<N, string>>): Promise<Record<N, string>> {
  const found: Partial<Record<N, string>> = {};
  const missing: string[] = [];
  for (const [name, source] of Object.entries(wanted) as [N, string][]) {
    const path = await find(name);
    if (path) found[name] = path;
    else missing.push(source);
  }
  if (missing.length > 0) throw new Missing([...new Set(missing)]);
  return found as Record<N, string>;
}

async function find(name: string): Promise<string | undefined> {
  for (const folder of FOLDERS) {
    const path = join(folder, name);
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}
