import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { repositoryRoot } from '../support/paths.js';

const read = (name: string) => readFileSync(join(repositoryRoot, name), 'utf8');

/** Instructions with their arguments; lines that go on are joined. */
const instructions = read('Dockerfile')
  .replace(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line.trim() !== '' && !line.startsWith('#'))
  .map((line) => {
    const [name = '', ...rest] = line.split(/\s+/);
    return { name, rest, line };
  });
const all = (wanted: string) => instructions.filter(({ name }) => name === wanted);
const ignored = read('.dockerignore')
  .split('\n')
  .filter(Boolean)
  .map((pattern) => new RegExp(`^${pattern.replace(/[.]/g, '\\.').replace(/\*/g, '[^/]*')}(?:/|$)`));

describe('the container image', () => {
  it('is made in two stages of one slim Node 22 or 24', () => {
    const images = all('FROM').map(({ rest }) => rest[0]);
    assert.equal(images.length, 2);
    assert.equal(new Set(images).size, 1);
    assert.match(images[0] ?? '', /^node:2[24]-\w+-slim$/);
  });

  it('copies what is there, and nothing that .dockerignore keeps away', () => {
    const sources = all('COPY')
      .filter(({ rest }) => !rest[0]?.startsWith('--from='))
      .flatMap(({ rest }) => rest.slice(0, -1));
    assert.ok(sources.length >= 6);
    for (const source of sources) {
      assert.ok(existsSync(join(repositoryRoot, source)), `${source} exists`);
      assert.ok(!ignored.some((pattern) => pattern.test(source)), `${source} reaches the builder`);
    }
    const { include } = JSON.parse(read('tsconfig.json')) as { include: string[] };
    for (const folder of include) assert.ok(sources.includes(folder), `${folder} is compiled`);
  });

  it('holds what runs alone: without development packages, and nothing that runs needs what was removed', () => {
    const build = all('RUN')
      .map(({ line }) => line)
      .join('\n');
    assert.match(build, /npm ci /);
    assert.match(build, /npm prune --omit=dev/);
    assert.match(build, /rm -rf dist\/test dist\/bench dist\/src\/demo/);
    const sources = readdirSync(join(repositoryRoot, 'src'), { recursive: true, encoding: 'utf8' });
    for (const file of sources.filter((name) => name.endsWith('.ts') && !name.startsWith('demo/')))
      assert.doesNotMatch(read(join('src', file)), /from '[./]*\/(?:demo|test|bench)\//, file);
  });

  it('runs as a user without rights, at the port that the gateway takes by default, and tells whether it lives', () => {
    const last = instructions.findLastIndex(({ name }) => name === 'FROM');
    const names = instructions.slice(last).map(({ name }) => name);
    assert.equal(all('USER').at(-1)?.rest[0], 'node');
    assert.ok(names.indexOf('USER') < names.indexOf('CMD'));
    assert.equal(all('EXPOSE')[0]?.rest[0], '8080');
    assert.match(all('HEALTHCHECK')[0]?.line ?? '', /\/healthz/);
    const program = /dist\/(src\/[\w/]+)\.js/.exec(all('CMD')[0]?.line ?? '')?.[1];
    assert.ok(existsSync(join(repositoryRoot, `${program}.ts`)));
  });
});
