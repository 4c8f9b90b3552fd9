import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../support/paths.js';

interface LockedPackage {
  resolved?: string;
  optionalDependencies?: Readonly<Record<string, string>>;
}

const lock = JSON.parse(readFileSync(join(repositoryRoot, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, LockedPackage>;
};

test('the lock file has every optional package of every platform, or npm ci refuses it', () => {
  const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`${path}/node_modules/${name}` in lock.packages || `node_modules/${name}` in lock.packages),
    ),
  );
  assert.deepEqual(missing, []);
});

test('the lock file names no registry, so that every machine uses its own', () => {
  const bound = Object.entries(lock.packages).filter(([, { resolved }]) => resolved?.startsWith('http'));
  assert.deepEqual(
    bound.map(([path]) => path),
    [],
  );
});
