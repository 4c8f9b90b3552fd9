import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtPath, repositoryRoot } from '../support/paths.js';
import type { KubernetesObject } from './chart.js';

const OPERATOR = '@kubernetes-models/prometheus-operator/monitoring.coreos.com';
const GATEWAY = '@kubernetes-models/gateway-api/gateway.networking.k8s.io';

/** Where the schemas of an API version are. */
const MODULES: Readonly<Record<string, string>> = {
  v1: 'kubernetes-models/v1',
  'apps/v1': 'kubernetes-models/apps/v1',
  'autoscaling/v2': 'kubernetes-models/autoscaling/v2',
  'batch/v1': 'kubernetes-models/batch/v1',
  'networking.k8s.io/v1': 'kubernetes-models/networking.k8s.io/v1',
  'policy/v1': 'kubernetes-models/policy/v1',
  'monitoring.coreos.com/v1': `${OPERATOR}/v1`,
  'gateway.networking.k8s.io/v1': `${GATEWAY}/v1`,
};

type Model = new (data: object) => { validate(): void };

/** Checks an object against the schema of its kind. @throws when a value is wrong or missing; unknown fields pass */
export async function validate(object: KubernetesObject): Promise<void> {
  const models = (await import(moduleOf(object))) as Record<string, Model>;
  const Kind = models[object.kind];
  assert.ok(Kind, `${object.apiVersion} has no kind ${object.kind}`);
  new Kind(object).validate();
}

/**
 * Complaints about fields that Kubernetes does not know, which the schemas let by: the objects are written as typed literals
 * and the compiler checks them, all at once.
 */
export function unknownFields(objects: readonly KubernetesObject[]): string {
  // Below the build folder, so that the compiler finds node_modules by walking up.
  const folder = mkdtempSync(builtPath('test', 'helm', 'typed-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'objects.ts'), typedSource(objects));
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', '', '--ignoreConfig'];
    const compiler = join(repositoryRoot, 'node_modules/typescript/bin/tsc');
    const result = spawnSync(process.execPath, [compiler, ...options, 'objects.ts'], { cwd: folder, encoding: 'utf8' });
    return result.status === 0 ? '' : `${result.stdout}${result.stderr}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function typedSource(objects: readonly KubernetesObject[]): string {
  const texts = new Set(
    objects.map((object) => {
      const type = `import(${JSON.stringify(moduleOf(object))}).I${object.kind}`;
      return `${type} = ${JSON.stringify(object, null, 1)};`;
    }),
  );
  return [...texts].map((text, index) => `export const object${index}: ${text}`).join('\n');
}

function moduleOf({ apiVersion, kind }: KubernetesObject): string {
  const module = MODULES[apiVersion];
  assert.ok(module, `no schemas for ${apiVersion} ${kind}`);
  return module;
}
