import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv, type ErrorObject } from 'ajv';
import { cases, needed } from './cases.js';
import { chartFolder, render, type Tree } from './chart.js';

const schema = JSON.parse(readFileSync(join(chartFolder, 'values.schema.json'), 'utf8')) as Tree;
const agrees = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true }).compile(schema);

/** Values of the chart with these laid over, checked as Helm does it; the places that are complained about. */
function complaints(values: Tree, files: readonly string[] = []): string[] {
  agrees(render({ values, files }).values);
  return (agrees.errors ?? []).map(
    (error: ErrorObject) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
  );
}

/** A tree with one value at a path of keys. */
function set(path: string, value: unknown): Tree {
  return path.split('.').reduceRight<unknown>((below, key) => ({ [key]: below }), value) as Tree;
}

function over(values: Tree): Tree {
  const merged: Tree = structuredClone(needed);
  for (const [key, value] of Object.entries(values)) {
    const both = isTree(merged[key]) && isTree(value);
    merged[key] = both ? { ...(merged[key] as Tree), ...(value as Tree) } : value;
  }
  return merged;
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

describe('values.schema.json takes', () => {
  for (const [name, { values = {}, files = [] }] of Object.entries(cases)) {
    it(`the values of: ${name}`, () => assert.deepEqual(complaints(values, files), []));
  }

  const good: readonly (readonly [string, unknown])[] = [
    ['gateway.imapUrl', 'imap://127.0.0.1:143?tls=insecure'],
    ['gateway.imapUrl', 'imaps://[2001:db8::1]:993'],
    ['gateway.trustProxy', 2],
    ['gateway.trustProxy', true],
    ['database.url', 'postgresql://%2Fvar%2Frun/gateway'],
    ['podSecurityContext.runAsUser', null],
    ['resources.limits', { cpu: 2, memory: '1.5Gi' }],
    ['podDisruptionBudget.maxUnavailable', '10%'],
    ['updateStrategy', { type: 'Recreate', rollingUpdate: null }],
    ['ingress.hosts', ['*.example.com', 'sync.example.com']],
    ['global', { anything: true }],
  ];
  for (const [path, value] of good) {
    it(`${path}: ${JSON.stringify(value)}`, () => assert.deepEqual(complaints(over(set(path, value))), []));
  }
});

describe('values.schema.json refuses', () => {
  it('to go without an address, a mail server or a database', () => {
    assert.match(complaints(over({ gateway: { publicUrl: '' } })).join(), /publicUrl/);
    assert.match(complaints(over({ gateway: { imapUrl: '' } })).join(), /imapUrl/);
    const { publicUrl, imapUrl } = needed.gateway;
    agrees({ gateway: { publicUrl, imapUrl }, database: { url: '', existingSecret: '' } });
    assert.match(JSON.stringify(agrees.errors), /\/database/);
  });

  const bad: readonly (readonly [string, unknown])[] = [
    ['replicaCount', '2'],
    ['replicaCount', -1],
    ['replicaCount', 1.5],
    ['replicas', 2],
    ['image.tag', 'latest'],
    ['image.tag', 1.2],
    ['image.tag', 'a b'],
    ['image.digest', 'sha256:short'],
    ['image.pullPolicy', 'Sometimes'],
    ['image.name', 'gateway'],
    ['imagePullSecrets', ['registry']],
    ['gateway.publicUrl', 'sync.example.com'],
    ['gateway.publicUrl', 'https://sync.example.com/path'],
    ['gateway.imapUrl', 'mail.example.com:993'],
    ['gateway.imapUrl', 'imaps://user:word@mail.example.com'],
    ['gateway.imapUrl', 'imaps://mail.example.com?tls=maybe'],
    ['gateway.smtpUrl', 'mail.example.com'],
    ['gateway.sieveUrl', 'imap://mail.example.com'],
    ['gateway.mailServers', { 'own.example': { smtp: 'smtps://mail.own.example' } }],
    ['gateway.mailServers', { 'own.example': { imap: 'mail.own.example' } }],
    ['gateway.easPolicies', { families: [{ devices: ['Tab*'] }] }],
    ['gateway.mailDomain', '@example.com'],
    ['gateway.logLevel', 'verbose'],
    ['gateway.workers', 0],
    ['gateway.port', 80],
    ['gateway.imapURL', 'imaps://mail.example.com'],
    ['database.url', 'mysql://db/gateway'],
    ['database.existingSecret', 'Not A Name'],
    ['redis.url', 'http://redis'],
    ['push.secret', 'short'],
    ['push.enabled', 'yes'],
    ['extraEnv', { A: 'b' }],
    ['extraEnv', [{ value: 'without a name' }]],
    ['extraEnv', [{ name: 'A', value: 1 }]],
    ['extraVolumes', [{ emptyDir: {} }]],
    ['resources', { memory: '1Gi' }],
    ['resources.limits', { memory: '1 GB' }],
    ['resources.request', { cpu: 1 }],
    ['updateStrategy.type', 'Rolling'],
    ['drainSeconds', 10],
    ['terminationGracePeriodSeconds', 5],
    ['preStopSleepSeconds', -1],
    ['probes.liveness.periodSeconds', 0],
    ['probes.liveness.path', '/'],
    ['podAnnotations', { 'prometheus.io/port': 8080 }],
    ['commonLabels', { team: true }],
    ['nodeSelector', ['amd64']],
    ['topologySpread.whenUnsatisfiable', 'Never'],
    ['topologySpread.keys', []],
    ['podDisruptionBudget.maxUnavailable', 'one'],
    ['autoscaling.enabled', 'true'],
    ['autoscaling.minReplicas', 0],
    ['autoscaling.cpu', 70],
    ['autoscaling.waitingRequests.target', '4000'],
    ['autoscaling.targetCPUUtilizationPercentage', 70],
    ['migrations.backoffLimit', 'many'],
    ['service.type', 'ExternalName'],
    ['service.port', 70_000],
    ['service.nodePort', 443],
    ['service.loadBalancerSourceRanges', ['everybody']],
    ['ingress.controller', 'apache'],
    ['ingress.timeoutSeconds', 60],
    ['ingress.bodySizeMiB', 1],
    ['ingress.hosts', ['https://sync.example.com']],
    ['ingress.hosts', 'sync.example.com'],
    ['ingress.paths', []],
    ['ingress.paths', [{ path: 'dav', pathType: 'Prefix' }]],
    ['ingress.paths', [{ path: '/', pathType: 'Regex' }]],
    ['ingress.tls', true],
    ['httpRoute', { enabled: true, parentRefs: [] }],
    ['httpRoute.timeoutSeconds', 600],
    ['discovery.domains', ['someone@example.com']],
    ['networkPolicy.ingress.from', ['10.0.0.0/8']],
    ['networkPolicy.egress.imap.ports', [0]],
    ['networkPolicy.egress.ldap', {}],
    ['gateway.otel.endpoint', 'collector:4318'],
    ['gateway.otel.samplingRatio', 2],
    ['metrics.port', 80],
    ['metrics.serviceMonitor.interval', 30],
    ['metrics.serviceMonitor.interval', 'often'],
    ['metrics.prometheusRule.thresholds.errorRatio', 2],
    ['metrics.dashboard.labels', { grafana_dashboard: 1 }],
    ['tests', false],
    ['extraObjects', ['apiVersion: v1']],
  ];
  for (const [path, value] of bad) {
    it(`${path}: ${JSON.stringify(value)}`, () => {
      agrees(merged(path, value));
      const places = (agrees.errors ?? []).map(
        ({ instancePath, params }) => `${instancePath}/${params.additionalProperty ?? ''}`,
      );
      assert.ok(places.length > 0, 'it is taken');
      const parent = `/${path.split('.').slice(0, -1).join('/')}`;
      assert.ok(
        places.every((place) => place.startsWith(parent)),
        `complains elsewhere: ${places}`,
      );
    });
  }

  it('an idle time-out that AWS does not know', () => {
    agrees(merged('ingress', { ...(defaults.ingress as Tree), controller: 'alb', timeoutSeconds: 5000 }));
    assert.match(JSON.stringify(agrees.errors), /timeoutSeconds/);
  });
});

const defaults = render({ values: needed }).values;

/** The defaults with one value replaced or added. */
function merged(path: string, value: unknown): Tree {
  const values = structuredClone(defaults);
  const keys = path.split('.');
  const last = keys.pop() as string;
  const parent = keys.reduce<Tree>((tree, key) => tree[key] as Tree, values);
  parent[last] = value;
  return values;
}
