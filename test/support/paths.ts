import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Folder that holds package.json: found by walking up, because compiled tests sit below dist*. */
export const repositoryRoot = findRoot(import.meta.dirname);

/** Path of a file below test/fixtures. */
export function fixturePath(...parts: string[]): string {
  return join(repositoryRoot, 'test', 'fixtures', ...parts);
}

/** Path of a compiled file of this very build, e.g. `builtPath('src', 'main.js')`. */
export function builtPath(...parts: string[]): string {
  return join(import.meta.dirname, '..', '..', ...parts);
}

function findRoot(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  if (dirname(from) === from) throw new Error(`no package.json above ${import.meta.dirname}`);
  return findRoot(dirname(from));
}
