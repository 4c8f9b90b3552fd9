import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { repositoryRoot } from '../support/paths.js';
import { chartFolder, type Tree } from './chart.js';

interface Key {
  readonly path: string;
  readonly comment: string;
}

interface ReadmeMaker {
  readKeys(text: string): Key[];
  readme(text: string, chart: Tree): string;
}

const maker = (await import(pathToFileURL(join(chartFolder, 'make-readme.mjs')).href)) as ReadmeMaker;
const read = (...parts: string[]) => readFileSync(join(repositoryRoot, ...parts), 'utf8');
const values = read('helm', 'values.yaml');
const chart = parse(read('helm', 'Chart.yaml')) as Tree;

describe('values.yaml', () => {
  it('has a comment on each value, or on the value that it is a part of', () => {
    const commented = new Set(maker.readKeys(values).flatMap(({ path, comment }) => (comment === '' ? [] : [path])));
    const bare = leaves(parse(values) as Tree).filter((path) => !ancestors(path).some((above) => commented.has(above)));
    assert.deepEqual(bare, []);
  });

  it('has the keys that values.schema.json describes, and no others', () => {
    const schema = JSON.parse(read('helm', 'values.schema.json')) as Tree;
    const described = Object.keys(schema.properties as Tree).filter((key) => key !== 'global');
    assert.deepEqual(described.sort(), Object.keys(parse(values) as Tree).sort());
  });
});

describe('the chart', () => {
  it('has a README made from the values; if not: node helm/make-readme.mjs', () => {
    assert.equal(read('helm', 'README.md'), maker.readme(values, chart));
  });

  it('installs the version in package.json', () => {
    assert.equal(chart.appVersion, (JSON.parse(read('package.json')) as Tree).version);
  });

  it('comes with an image that runs as another user than root', () => {
    const image = read('Dockerfile');
    assert.match(image, /^USER (?!root|0\b)\S+$/m);
    assert.match(image, /^FROM node:2[24]\S* AS \w+$/m);
  });

  it('is told of in pages whose links lead somewhere', () => {
    for (const [folder, page] of [
      ['helm', 'README.md'],
      ['docs', 'kubernetes.md'],
    ] as const) {
      const links = [...read(folder, page).matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)].map(([, link]) => link as string);
      assert.deepEqual(
        links.filter((link) => !existsSync(join(repositoryRoot, folder, link))),
        [],
        page,
      );
    }
  });

  it('is told of with values that exist', () => {
    const keys = new Set(leaves(parse(values) as Tree).flatMap(ancestors));
    const told = [...read('docs', 'kubernetes.md').matchAll(/`([a-z]\w+(?:\.\w+)+)`/g)].map(([, path]) => path as string);
    const top = new Set([...keys].map((key) => key.split('.')[0]));
    assert.deepEqual(
      told.filter((path) => top.has(path.split('.')[0]) && !keys.has(path)),
      [],
    );
  });
});

function leaves(tree: Tree, prefix = ''): string[] {
  return Object.entries(tree).flatMap(([key, value]) => {
    const inside = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
    return inside ? leaves(value as Tree, `${prefix}${key}.`) : [`${prefix}${key}`];
  });
}

/** A path and all that it lies in. */
function ancestors(path: string): string[] {
  const keys = path.split('.');
  return keys.map((_, index) => keys.slice(0, index + 1).join('.'));
}
