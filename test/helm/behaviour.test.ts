import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { readConfig } from '../../src/config.js';
import { builtPath } from '../support/paths.js';
import { cases, needed } from './cases.js';
import { all, at, type KubernetesObject, only, type Rendered, type RenderJob, render, type Tree } from './chart.js';

const gateway = {
  ...needed.gateway,
  smtpUrl: 'smtps://mail.example.com',
  sieveUrl: 'sieve://mail.example.com',
  mailDomain: 'example.com',
};
const on = { enabled: true };

/** Container of the gateway, or of the migration. */
const container = (object: KubernetesObject) => at(object, 'spec', 'template', 'spec', 'containers', 0) as Tree;
const variables = (rendered: Rendered) => (container(only(rendered, 'Deployment')).env ?? []) as Tree[];
const secretOf = (rendered: Rendered, name: string) =>
  at(
    variables(rendered).find((v) => v.name === name),
    'valueFrom',
    'secretKeyRef',
  );
const decoded = (secret: KubernetesObject, key: string) => Buffer.from(at(secret, 'data', key) as string, 'base64').toString();
const annotationsOf = (object: KubernetesObject) => object.metadata.annotations ?? {};

describe('settings of the gateway', () => {
  it('are what the gateway reads', () => {
    const chart = render({
      values: { ...needed, gateway: { ...gateway, trustProxy: 2, logLevel: 'warn', databasePool: 7, port: 9090 } },
    });
    const config = readConfig({ ...(only(chart, 'ConfigMap').data as NodeJS.ProcessEnv), DATABASE_URL: needed.database.url });
    assert.deepEqual(
      [config.host, config.port, config.publicUrl, config.mailDomain],
      ['0.0.0.0', 9090, gateway.publicUrl, 'example.com'],
    );
    assert.deepEqual([config.databasePool, config.logLevel, config.trustProxy], [7, 'warn', 2]);
    const [servers] = config.domains.values();
    assert.deepEqual([servers?.imap.host, servers?.imap.port, servers?.smtp?.port], ['mail.example.com', 993, 465]);
    assert.equal(at(container(only(chart, 'Deployment')), 'ports', 0, 'containerPort'), 9090);
  });

  it('hold domains with servers of their own and policies', () => {
    const chart = render(cases['everything on'] as RenderJob);
    const { TLS_CERT, TLS_KEY, ...env } = only(chart, 'ConfigMap').data as NodeJS.ProcessEnv;
    const config = readConfig(env);
    assert.equal(config.domains.get('own.example')?.imap.host, 'mail.own.example');
    assert.equal(typeof env.EAS_POLICIES, 'string');
  });

  it('name a collector for spans, which the pods may reach; without one there are none', () => {
    const chart = render(cases['everything on'] as RenderJob);
    const { TLS_CERT, TLS_KEY, ...env } = only(chart, 'ConfigMap').data as NodeJS.ProcessEnv;
    const { endpoint, service, ratio } = readConfig(env).otel ?? assert.fail('no collector');
    assert.deepEqual([endpoint, service, ratio], ['http://collector.monitoring:4318', 'gateway', 0.1]);
    const rules = at(only(chart, 'NetworkPolicy'), 'spec', 'egress') as Tree[];
    assert.ok(rules.some((rule) => JSON.stringify(at(rule, 'ports')).includes('4318')));
    const none = only(render({ values: needed }), 'ConfigMap').data as NodeJS.ProcessEnv;
    assert.ok(!Object.keys(none).some((name) => name.startsWith('OTEL_')));
  });

  it('are accepted by the gateway in every case', () => {
    for (const [name, job] of Object.entries(cases)) {
      const { TLS_CERT, TLS_KEY, ...env } = only(render(job), 'ConfigMap').data as NodeJS.ProcessEnv;
      assert.equal(TLS_CERT === undefined, TLS_KEY === undefined);
      assert.doesNotThrow(() => readConfig(env), name);
    }
  });

  it('reach the migration as well, without a ConfigMap that does not exist yet', () => {
    const chart = render(cases['everything on'] as RenderJob);
    const { env, envFrom } = container(only(chart, 'Job', 'migrate')) as { env: Tree[]; envFrom: Tree[] };
    const inline = Object.fromEntries(env.filter((v) => v.value !== undefined).map((v) => [v.name, v.value]));
    for (const [name, value] of Object.entries(only(chart, 'ConfigMap').data as Tree)) assert.equal(inline[name], value, name);
    assert.deepEqual(envFrom, [{ secretRef: { name: 'more' } }]);
  });

  it('trust one proxy behind an Ingress or HTTPRoute, and none otherwise', () => {
    const trusted = (values: Tree) => at(only(render({ values: { ...needed, ...values } }), 'ConfigMap'), 'data', 'TRUST_PROXY');
    assert.equal(trusted({}), '0');
    assert.equal(trusted({ ingress: on }), '1');
    assert.equal(trusted({ httpRoute: { enabled: true, parentRefs: [{ name: 'g' }] } }), '1');
    assert.equal(trusted({ ingress: on, gateway: { ...gateway, trustProxy: false } }), 'false');
  });
});

describe('secrets', () => {
  it('made by the chart hold what was given', () => {
    const chart = render(cases['everything on'] as RenderJob);
    const secret = only(chart, 'Secret');
    assert.equal(decoded(secret, 'DATABASE_URL'), needed.database.url);
    assert.equal(decoded(secret, 'REDIS_URL'), 'rediss://:word@redis.example.com:6380/1');
    assert.equal(decoded(secret, 'PUSH_SECRET'), 'a-secret-of-the-mail-server');
    for (const key of ['DATABASE_URL', 'REDIS_URL', 'PUSH_SECRET']) {
      assert.deepEqual(secretOf(chart, key), { name: secret.metadata.name, key });
    }
  });

  it('of others are used, and then none is made', () => {
    const chart = render(cases['external secrets'] as RenderJob);
    assert.deepEqual(all(chart, 'Secret'), []);
    assert.deepEqual(secretOf(chart, 'DATABASE_URL'), { name: 'gateway-db-app', key: 'uri' });
    assert.deepEqual(secretOf(chart, 'REDIS_URL'), { name: 'gateway-redis', key: 'url' });
    assert.deepEqual(secretOf(chart, 'PUSH_SECRET'), { name: 'gateway-push', key: 'secret' });
    const job = container(only(chart, 'Job', 'migrate')).env as Tree[];
    assert.deepEqual(
      at(
        job.find((v) => v.name === 'DATABASE_URL'),
        'valueFrom',
        'secretKeyRef',
      ),
      { name: 'gateway-db-app', key: 'uri' },
    );
  });

  it('for push are made once and kept by upgrades', () => {
    const values = { ...needed, push: on };
    const made = decoded(only(render({ values }), 'Secret'), 'PUSH_SECRET');
    assert.match(made, /^[A-Za-z0-9]{40}$/);
    const found = { 'v1/Secret/mail/sync-mobile-sync-gateway': { data: { PUSH_SECRET: Buffer.from(made).toString('base64') } } };
    assert.equal(decoded(only(render({ values, upgrade: true, found }), 'Secret'), 'PUSH_SECRET'), made);
  });
});

describe('the migration', () => {
  it('is a hook before install and upgrade, after its Secret and NetworkPolicy', () => {
    const chart = render(cases['everything on'] as RenderJob);
    const parts = ['Secret', 'NetworkPolicy', 'Job'].map((kind) => only(chart, kind, 'migrate'));
    for (const part of parts) assert.equal(annotationsOf(part)['helm.sh/hook'], 'pre-install,pre-upgrade');
    assert.deepEqual(
      parts.map((part) => Number(annotationsOf(part)['helm.sh/hook-weight'])),
      [-5, -5, 0],
    );
    const job = parts[2] as KubernetesObject;
    assert.deepEqual((container(job).command as string[]).slice(-2), ['dist/src/cli.js', 'migrate']);
    assert.equal(at(job, 'spec', 'template', 'spec', 'restartPolicy'), 'Never');
  });

  it('reads its own Secret, because the release has none before the first install', () => {
    const chart = render({ values: needed });
    const job = container(only(chart, 'Job', 'migrate')).env as Tree[];
    const { name } = at(
      job.find((v) => v.name === 'DATABASE_URL'),
      'valueFrom',
      'secretKeyRef',
    ) as { name: string };
    assert.equal(name, only(chart, 'Secret', 'migrate').metadata.name);
    assert.equal(at(only(chart, 'Job', 'migrate'), 'spec', 'template', 'spec', 'serviceAccountName'), 'default');
  });
});

describe('the pods', () => {
  it('run commands that this build has', () => {
    const chart = render({ values: needed });
    const commands = [only(chart, 'Deployment'), only(chart, 'Job', 'migrate')].map(
      (object) => container(object).command as string[],
    );
    const { stdout, stderr } = spawnSync(process.execPath, [builtPath('src', 'cli.js'), 'help'], { encoding: 'utf8' });
    for (const [program, , script, verb] of commands) {
      assert.deepEqual([program, script], ['node', 'dist/src/cli.js']);
      assert.match(stdout + stderr, new RegExp(`^ +gateway ${verb} `, 'm'));
    }
  });

  it('are probed on separate paths, by HTTPS where they speak it', () => {
    const probes = (job: RenderJob) => {
      const { startupProbe, livenessProbe, readinessProbe } = container(only(render(job), 'Deployment'));
      return [startupProbe, livenessProbe, readinessProbe].map(
        (probe) => `${at(probe, 'httpGet', 'scheme')} ${at(probe, 'httpGet', 'path')}`,
      );
    };
    assert.deepEqual(probes({ values: needed }), ['HTTP /healthz', 'HTTP /healthz', 'HTTP /readyz']);
    assert.deepEqual(probes(cases['external secrets'] as RenderJob), ['HTTPS /healthz', 'HTTPS /healthz', 'HTTPS /readyz']);
  });

  it('sleep before they stop, by a program on clusters that can not do it', () => {
    const preStop = (cluster: string) =>
      at(container(only(render({ values: needed, cluster }), 'Deployment')), 'lifecycle', 'preStop');
    assert.deepEqual(preStop('v1.33.1'), { sleep: { seconds: 10 } });
    assert.deepEqual(preStop('v1.28.4-eks-1'), { exec: { command: ['node', '-e', 'setTimeout(() => {}, 10000)'] } });
  });

  it('are spread over zones and nodes', () => {
    const constraints = at(
      only(render({ values: needed }), 'Deployment'),
      'spec',
      'template',
      'spec',
      'topologySpreadConstraints',
    ) as Tree[];
    assert.deepEqual(
      constraints.map((c) => c.topologyKey),
      ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'],
    );
  });

  it('trust an own authority', () => {
    const chart = render(cases['everything on'] as RenderJob);
    assert.equal(at(only(chart, 'ConfigMap'), 'data', 'NODE_EXTRA_CA_CERTS'), '/etc/gateway/ca/bundle.pem');
  });

  const impossible: readonly (readonly [RegExp, Tree])[] = [
    [/terminationGracePeriodSeconds/, { terminationGracePeriodSeconds: 35 }],
    [/terminationGracePeriodSeconds/, { preStopSleepSeconds: 60 }],
    [/maxReplicas/, { autoscaling: { enabled: true, minReplicas: 5, maxReplicas: 3 } }],
    [/database/, { database: { url: '' } }],
  ];
  for (const [complaint, values] of impossible) {
    it(`are not made with ${JSON.stringify(values)}`, () => {
      assert.throws(() => render({ values: { ...needed, ...values } }), complaint);
    });
  }
});

describe('the Ingress', () => {
  const ingress = (values: Tree) => only(render({ values: { ...needed, gateway, ...values } }), 'Ingress');

  it('lets phones wait an hour, takes 50 MB and buffers nothing', () => {
    const found = annotationsOf(ingress({ ingress: on }));
    for (const what of ['read', 'send']) assert.ok(Number(found[`nginx.ingress.kubernetes.io/proxy-${what}-timeout`]) >= 3600);
    assert.equal(found['nginx.ingress.kubernetes.io/proxy-body-size'], '50m');
    for (const what of ['buffering', 'request-buffering'])
      assert.equal(found[`nginx.ingress.kubernetes.io/proxy-${what}`], 'off');
  });

  const controllers: Readonly<Record<string, Record<string, string>>> = {
    'nginx-f5': {
      'nginx.org/proxy-read-timeout': '3600s',
      'nginx.org/client-max-body-size': '50m',
      'nginx.org/proxy-buffering': 'False',
    },
    haproxy: { 'haproxy-ingress.github.io/timeout-server': '3600s', 'haproxy-ingress.github.io/proxy-body-size': '50m' },
    alb: { 'alb.ingress.kubernetes.io/load-balancer-attributes': 'idle_timeout.timeout_seconds=3600' },
    traefik: {},
    none: {},
  };
  for (const [controller, expected] of Object.entries(controllers)) {
    it(`speaks the language of ${controller}, and of no other`, () => {
      const found = annotationsOf(ingress({ ingress: { enabled: true, controller } }));
      assert.deepEqual({ ...found, ...expected }, found);
      const families = new Set(Object.keys(found).map((key) => key.split('/')[0]));
      assert.ok(families.size <= 1 && (Object.keys(expected).length > 0 || families.size === 0), [...families].join());
    });
  }

  it("prefers the operator's annotations", () => {
    const annotations = { 'nginx.ingress.kubernetes.io/proxy-body-size': '100m', 'cert-manager.io/cluster-issuer': 'own' };
    const found = annotationsOf(ingress({ ingress: { enabled: true, annotations } }));
    assert.deepEqual({ ...found, ...annotations }, found);
  });

  it('serves the public host and the discovery hosts, with certificates apart', () => {
    const { rules, tls } = ingress({ ingress: on }).spec as { rules: Tree[]; tls: Tree[] };
    assert.deepEqual(
      rules.map((rule) => rule.host),
      ['sync.example.com', 'autodiscover.example.com', 'autoconfig.example.com'],
    );
    assert.deepEqual(tls, [
      { hosts: ['sync.example.com'], secretName: 'sync-mobile-sync-gateway-tls' },
      { hosts: ['autodiscover.example.com', 'autoconfig.example.com'], secretName: 'sync-mobile-sync-gateway-tls-discovery' },
    ]);
  });

  it('names each host once, whatever was given', () => {
    const hosts = ['autodiscover.example.com', 'sync.example.com'];
    const found = ingress({ ingress: { enabled: true, hosts }, discovery: { domains: ['example.com', 'example.org'] } });
    const named = (at(found, 'spec', 'rules') as Tree[]).map((rule) => rule.host);
    assert.deepEqual(named, [...hosts, 'autoconfig.example.com', 'autodiscover.example.org', 'autoconfig.example.org']);
    assert.deepEqual(at(ingress({ ingress: on, discovery: { enabled: false } }), 'spec', 'rules', 'length'), 1);
  });

  it('keeps closed paths inside, at a Service that has no pods', () => {
    const chart = render({ values: { ...needed, ingress: { enabled: true, closedPaths: ['/push'] } } });
    const [closed, open] = at(only(chart, 'Ingress'), 'spec', 'rules', 0, 'http', 'paths') as Tree[];
    assert.deepEqual([closed?.path, open?.path], ['/push', '/']);
    const service = only(chart, 'Service', 'closed');
    assert.equal(at(closed, 'backend', 'service', 'name'), service.metadata.name);
    assert.equal(at(service, 'spec', 'selector'), undefined);
  });
});

describe('the HTTPRoute', () => {
  it('lets phones wait an hour and keeps closed paths inside', () => {
    const [closed, open] = at(only(render(cases['everything on'] as RenderJob), 'HTTPRoute'), 'spec', 'rules') as Tree[];
    assert.deepEqual(closed, { matches: [{ path: { type: 'PathPrefix', value: '/push' } }] });
    assert.deepEqual(open?.timeouts, { request: '3600s', backendRequest: '3600s' });
  });
});

describe('the autoscaler', () => {
  it('counts waiting phones, and CPU where nobody counts them', () => {
    const metrics = at(only(render({ values: { ...needed, autoscaling: on } }), 'HorizontalPodAutoscaler'), 'spec', 'metrics');
    assert.deepEqual(metrics, [
      {
        type: 'Pods',
        pods: { metric: { name: 'gateway_waiting_requests' }, target: { type: 'AverageValue', averageValue: '4000' } },
      },
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
    ]);
  });

  it('takes large targets as whole numbers', () => {
    const values = { ...needed, autoscaling: { enabled: true, waitingRequests: { target: 2_500_000 } } };
    const scaler = only(render({ values }), 'HorizontalPodAutoscaler');
    assert.equal(at(scaler, 'spec', 'metrics', 0, 'pods', 'target', 'averageValue'), '2500000');
  });
});

describe('the metrics', () => {
  it('may not share the port of the phones', () => {
    assert.throws(() => render({ values: { ...needed, metrics: { port: 8080 } } }), /metrics\.port must not be gateway\.port/);
  });

  it('have a port of their own, at which the workers of a pod are added up', () => {
    const chart = render(cases['everything on'] as RenderJob);
    const ports = at(only(chart, 'Deployment'), 'spec', 'template', 'spec', 'containers', 0, 'ports') as Tree[];
    const port = ports.find(({ name }) => name === 'metrics')?.containerPort;
    assert.equal(at(only(chart, 'ConfigMap'), 'data', 'METRICS_PORT'), String(port));
    const service = only(chart, 'Service', 'metrics');
    assert.deepEqual(at(service, 'spec', 'ports', 0, 'targetPort'), 'metrics');
    assert.equal(at(service, 'spec', 'type'), 'ClusterIP');
    assert.deepEqual(at(service, 'spec', 'selector'), at(only(chart, 'Service'), 'spec', 'selector'));
  });

  it('are read there, also of pods that drain, under the name that alerts and dashboard ask for', () => {
    const chart = render(cases['everything on'] as RenderJob);
    const monitor = only(chart, 'ServiceMonitor');
    const [endpoint] = at(monitor, 'spec', 'endpoints') as Tree[];
    assert.equal(endpoint?.port, 'metrics');
    assert.equal(endpoint?.scheme, 'http');
    assert.deepEqual(at(endpoint, 'relabelings', 0), { targetLabel: 'job', replacement: only(chart, 'Service').metadata.name });
    assert.equal(at(only(chart, 'Service', 'metrics'), 'spec', 'publishNotReadyAddresses'), true);
  });

  it('are reached by Prometheus alone where it is named, and never from outside the cluster', () => {
    const named = only(render({ files: ['values-large.yaml'] }), 'NetworkPolicy');
    const rule = (at(named, 'spec', 'ingress') as Tree[]).find((one) => at(one, 'ports', 0, 'port') === 'metrics');
    assert.deepEqual(at(rule, 'from'), [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }]);
    const open = only(render(cases['a load balancer with HTTPS of our own'] as RenderJob), 'NetworkPolicy');
    const inside = (at(open, 'spec', 'ingress') as Tree[]).find((one) => at(one, 'ports', 0, 'port') === 'metrics');
    assert.deepEqual(at(inside, 'from'), [{ namespaceSelector: {} }]);
  });
});

describe('the NetworkPolicy', () => {
  const policy = (values: Tree) =>
    only(render({ values: { ...needed, gateway, networkPolicy: on, ...values } }), 'NetworkPolicy');
  const ports = (object: KubernetesObject) =>
    (at(object, 'spec', 'egress') as Tree[]).map((rule) => (rule.ports as Tree[]).map((port) => port.port));

  it('opens the ports of the URLs', () => {
    assert.deepEqual(ports(policy({})), [[53, 53], [5432], [993], [465], [4190]]);
    const own = {
      gateway: { ...gateway, imapUrl: 'imap://mail.example.com:1143', smtpUrl: 'smtp://mail.example.com' },
      database: { url: 'postgres://u:p@db:6543/gateway' },
      redis: { url: 'redis://redis' },
    };
    assert.deepEqual(ports(policy(own)), [[53, 53], [6543], [1143], [587], [4190], [6379]]);
    assert.deepEqual(ports(policy({ gateway: needed.gateway })), [[53, 53], [5432], [993]]);
    const more = {
      ...gateway,
      sieveUrl: 'sieve://mail.example.com',
      mailServers: {
        'own.example': { imap: 'imap://mail.own.example:1143', sieve: 'sieve://mail.own.example:2000' },
        'other.example': { imap: 'imaps://mail.other.example', smtp: 'smtp://mail.other.example' },
      },
    };
    assert.deepEqual(
      ports(policy({ gateway: more })).map((list) => [...list].sort()),
      [[53, 53], [5432], [1143, 993], [465, 587], [2000, 4190]],
    );
  });

  it('lets the cluster in, and everybody only with a Service that is open to the outside', () => {
    assert.deepEqual(at(policy({}), 'spec', 'ingress', 0, 'from'), [{ namespaceSelector: {} }]);
    assert.equal(at(policy({ service: { type: 'LoadBalancer' } }), 'spec', 'ingress', 0, 'from'), undefined);
  });

  it('lets in the ingress controller and the test of the release where they are named', () => {
    const from = at(only(render({ files: ['values-large.yaml'] }), 'NetworkPolicy'), 'spec', 'ingress', 0, 'from') as Tree[];
    const namespaces = from.map((peer) => at(peer, 'namespaceSelector', 'matchLabels', 'kubernetes.io/metadata.name'));
    assert.deepEqual(namespaces, ['ingress-nginx', undefined]);
    assert.ok(at(from, 1, 'podSelector'));
  });

  it('lets the migration reach the database and nothing else', () => {
    const migrate = only(render({ values: { ...needed, networkPolicy: on } }), 'NetworkPolicy', 'migrate');
    assert.deepEqual(ports(migrate), [[53, 53], [5432]]);
    assert.equal(at(migrate, 'spec', 'ingress'), undefined);
  });
});

describe('the notes', () => {
  it('tell DNS records, discovery hosts and how to add a phone', () => {
    const { notes } = render({ files: ['values-small.yaml'] });
    for (const line of [
      /^ +sync\.example\.com\. +A\/AAAA or CNAME/m,
      /^ +autodiscover\.example\.com\. +CNAME +sync\.example\.com\.$/m,
      /^ +_caldavs\._tcp\.example\.com\. +SRV +0 0 443 sync\.example\.com\.$/m,
      /iPhone.*Microsoft Exchange.*sync\.example\.com/,
      /DAVx5.*https:\/\/sync\.example\.com\/dav\/$/m,
    ]) {
      assert.match(notes, line);
    }
    assert.doesNotMatch(notes, /Please note/);
  });

  it('warn of what will not work', () => {
    const { notes } = render({
      values: { ...needed, gateway: { ...needed.gateway, publicUrl: 'http://sync.example.com' }, replicaCount: 1 },
    });
    for (const warning of [/not https/, /can't send mail/, /Nothing leads to the Service/, /One pod only/, /existingSecret/])
      assert.match(notes, warning);
  });

  it('tell where the push secret is', () => {
    assert.match(render({ values: { ...needed, push: on } }).notes, /secret sync-mobile-sync-gateway .*data\.PUSH_SECRET/);
    assert.match(render({ values: { ...needed, push: on } }).notes, /https:\/\/sync\.example\.com\/push\/mail/);
    assert.match(render(cases['external secrets'] as RenderJob).notes, /secret gateway-push .*data\.secret/);
  });
});
