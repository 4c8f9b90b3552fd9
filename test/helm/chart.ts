import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { builtPath, repositoryRoot } from '../support/paths.js';

/** Folder of the chart. */
export const chartFolder = join(repositoryRoot, 'helm');

/** Debian's packages that the renderer is built from, and where they put Go's sources. */
const PACKAGES = 'golang-go golang-github-masterminds-sprig-dev golang-gopkg-yaml.v3-dev';
const GOPATH = process.env.GATEWAY_GOPATH ?? '/usr/share/gocode';
const SPRIG = join(GOPATH, 'src/github.com/Masterminds/sprig');

export type Tree = { [key: string]: unknown };

/** A Kubernetes object as far as the tests look into any. */
export interface KubernetesObject extends Tree {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
}

export interface RenderJob {
  /** Laid over the chart's values, after `files`. */
  readonly values?: Tree;
  /** Value files below helm/. */
  readonly files?: readonly string[];
  readonly release?: string;
  readonly upgrade?: boolean;
  /** Version of the cluster. */
  readonly cluster?: string;
  /** Laid over Chart.yaml. */
  readonly chart?: Tree;
  /** What is in the cluster: `apiVersion/kind/namespace/name` to object. */
  readonly found?: Tree;
}

export interface Rendered {
  readonly objects: readonly KubernetesObject[];
  readonly notes: string;
  /** The values after all merging: what values.schema.json is to agree with. */
  readonly values: Tree;
}

interface Answer {
  readonly files: Record<string, string>;
  readonly values: Tree;
  readonly error?: string;
}

/** Renders the chart once. @throws Error with the template's complaint */
export function render(job: RenderJob): Rendered {
  const [answer] = run([job]);
  assert.ok(answer);
  if (answer.error !== undefined) throw new Error(answer.error);
  const files = Object.entries(answer.files).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    objects: files.filter(([name]) => /\.ya?ml$/.test(name)).flatMap(([name, text]) => readObjects(name, text)),
    notes: answer.files['templates/NOTES.txt'] ?? '',
    values: answer.values,
  };
}

/** The one object of a kind, or the one with that component among several. */
export function only(rendered: Rendered, kind: string, component = 'gateway'): KubernetesObject {
  const found = all(rendered, kind).filter((object) => object.metadata.labels?.['app.kubernetes.io/component'] === component);
  assert.equal(found.length, 1, `${found.length} objects of kind ${kind}`);
  return found[0] as KubernetesObject;
}

export function all(rendered: Rendered, kind: string): KubernetesObject[] {
  return rendered.objects.filter((object) => object.kind === kind);
}

/** What is at a path of keys and indexes; undefined where the path ends early. */
export function at(tree: unknown, ...keys: readonly (string | number)[]): unknown {
  return keys.reduce<unknown>((node, key) => (node as Record<string | number, unknown> | null | undefined)?.[key], tree);
}

function readObjects(name: string, text: string): KubernetesObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    assert.deepEqual([...document.errors, ...document.warnings], [], `${name} is not sound YAML:\n${text}`);
    const value = document.toJS() as KubernetesObject | null;
    return value === null ? [] : [value];
  });
}

function run(jobs: readonly RenderJob[]): Answer[] {
  const input = jobs.map((job) => ({
    Chart: chartFolder,
    ValueFiles: (job.files ?? []).map((file) => join(chartFolder, file)),
    Values: job.values ?? {},
    Release: job.release ?? 'sync',
    Namespace: 'mail',
    Upgrade: job.upgrade ?? false,
    KubeVersion: job.cluster ?? 'v1.33.1',
    APIVersions: ['v1', 'apps/v1'],
    ChartMeta: job.chart ?? {},
    Found: job.found ?? {},
  }));
  const { status, stdout, stderr } = spawnSync(renderer(), {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Answer[];
}

let built: string | undefined;

/** Builds the renderer where it is missing or older than its source; two test files may do so at once. */
function renderer(): string {
  if (built !== undefined) return built;
  const source = join(repositoryRoot, 'test/helm/render');
  const binary = builtPath('test', 'helm', 'chart-renderer');
  if (!existsSync(binary) || statSync(binary).mtimeMs < statSync(join(source, 'main.go')).mtimeMs) {
    const draft = `${binary}.${process.pid}`;
    const env = { ...process.env, GO111MODULE: 'off', GOPATH, GOFLAGS: '' };
    const missing = `The chart's tests need Debian's packages: apt-get install ${PACKAGES}`;
    assert.ok(existsSync(SPRIG), `${missing} (${SPRIG} is not there)`);
    const { status, error, stderr } = spawnSync('go', ['build', '-o', draft, '.'], { cwd: source, env, encoding: 'utf8' });
    assert.equal(error, undefined, `${missing} (${error?.message})`);
    assert.equal(status, 0, `the renderer can't be built:\n${stderr}`);
    renameSync(draft, binary);
    rmSync(draft, { force: true });
  }
  built = binary;
  return binary;
}
