import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cases, needed } from './cases.js';
import { all, at, type KubernetesObject, only, type Rendered, type RenderJob, render, type Tree } from './chart.js';

const PREFIX = 'app.kubernetes.io';
const LABELS = ['name', 'instance', 'version', 'managed-by', 'component'].map((label) => `${PREFIX}/${label}`);

/** Kinds that hold a pod, and where. */
const POD_SPEC: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['spec', 'template', 'spec'],
  Job: ['spec', 'template', 'spec'],
  Pod: ['spec'],
};

const rendered = new Map(Object.entries(cases).map(([name, job]) => [name, render(job)]));

/** The chart's own objects; those of `extraObjects` are the operator's affair. */
const own = ({ objects }: Rendered) => objects.filter((object) => !object.metadata.name.endsWith('-extra'));
const pods = (from: Rendered) =>
  own(from).flatMap((object) => (POD_SPEC[object.kind] ? [{ object, spec: podSpec(object) }] : []));
const podSpec = (object: KubernetesObject) => at(object, ...(POD_SPEC[object.kind] ?? [])) as Tree;
const containers = (spec: Tree) =>
  [...list(spec.containers), ...list(spec.initContainers)].filter((c) => ours.has(c.name as string));
const list = (value: unknown) => (value ?? []) as Tree[];
const ours = new Set(['gateway', 'migrate', 'test']);

for (const [name, chart] of rendered) {
  describe(`conventions: ${name}`, () => {
    it('labels every object, with texts only', () => {
      for (const { kind, metadata } of own(chart)) {
        const { labels = {}, annotations = {} } = metadata;
        for (const label of LABELS) assert.equal(typeof labels[label], 'string', `${kind} ${metadata.name} lacks ${label}`);
        for (const [key, value] of Object.entries({ ...labels, ...annotations }))
          assert.equal(typeof value, 'string', `${kind}: ${key}`);
        for (const value of Object.values(labels)) assert.match(value, /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/, kind);
      }
    });

    it('names objects once, by names that DNS takes', () => {
      const names = own(chart).map(({ kind, metadata }) => `${kind} ${metadata.namespace} ${metadata.name}`);
      assert.deepEqual([...new Set(names)], names);
      for (const { metadata } of own(chart)) assert.match(metadata.name, /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
    });

    it('puts every object into a namespace', () => {
      for (const { kind, metadata } of own(chart)) assert.match(metadata.namespace ?? '', /^(mail|monitoring)$/, kind);
    });

    it('runs a fixed version of the image', () => {
      for (const { spec } of pods(chart)) {
        for (const { image } of containers(spec)) assert.match(image as string, /(:\d+\.\d+\.\d+|@sha256:[0-9a-f]{64})$/);
      }
    });

    it('says what each container needs, with a memory limit and without a CPU limit', () => {
      for (const { spec } of pods(chart)) {
        for (const container of containers(spec)) {
          for (const path of ['requests.cpu', 'requests.memory', 'limits.memory']) {
            assert.ok(at(container, 'resources', ...path.split('.')), `${container.name}: ${path}`);
          }
          assert.equal(at(container, 'resources', 'limits', 'cpu'), undefined);
        }
      }
    });

    it('satisfies the restricted pod security standard, with a read-only root', () => {
      for (const { spec } of pods(chart)) {
        assert.equal(at(spec, 'securityContext', 'runAsNonRoot'), true);
        assert.equal(at(spec, 'securityContext', 'seccompProfile', 'type'), 'RuntimeDefault');
        assert.equal(spec.automountServiceAccountToken, false);
        for (const key of ['hostNetwork', 'hostPID', 'hostIPC']) assert.equal(spec[key], undefined);
        for (const { securityContext } of containers(spec)) {
          assert.deepEqual(securityContext, {
            allowPrivilegeEscalation: false,
            privileged: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
        }
      }
    });

    it('mounts only volumes that are there, and Secrets only for the group', () => {
      for (const { spec } of pods(chart)) {
        const volumes = new Set(list(spec.volumes).map((volume) => volume.name));
        for (const container of containers(spec)) {
          for (const mount of list(container.volumeMounts)) assert.ok(volumes.has(mount.name), `${mount.name}`);
        }
        const tls = list(spec.volumes).find((volume) => volume.name === 'tls');
        if (tls) assert.equal(at(tls, 'secret', 'defaultMode'), 0o440);
      }
    });

    it('selects its pods by labels that they have and that no version changes', () => {
      const deployment = only(chart, 'Deployment');
      const labels = at(deployment, 'spec', 'template', 'metadata', 'labels') as Tree;
      const services = all(chart, 'Service').filter(
        (service) => isGateway(service) || service.metadata.labels?.[`${PREFIX}/component`] === 'metrics',
      );
      const selectors = [
        at(deployment, 'spec', 'selector', 'matchLabels'),
        ...services.map((service) => at(service, 'spec', 'selector')),
        ...all(chart, 'PodDisruptionBudget').map((budget) => at(budget, 'spec', 'selector', 'matchLabels')),
        at(all(chart, 'NetworkPolicy').find(isGateway), 'spec', 'podSelector', 'matchLabels'),
      ].filter((selector) => selector !== undefined) as Tree[];
      for (const selector of selectors) {
        assert.deepEqual(Object.keys(selector).sort(), [`${PREFIX}/component`, `${PREFIX}/instance`, `${PREFIX}/name`]);
        for (const [key, value] of Object.entries(selector)) assert.equal(labels[key], value);
      }
    });

    it('lets only the gateway pods into the Service, not those of hooks', () => {
      const selector = at(only(chart, 'Service'), 'spec', 'selector', `${PREFIX}/component`);
      for (const { object } of pods(chart)) {
        const labels = object.kind === 'Pod' ? object.metadata.labels : at(object, 'spec', 'template', 'metadata', 'labels');
        assert.equal(at(labels, `${PREFIX}/component`) === selector, object.kind === 'Deployment');
      }
    });

    it('leads Ingress, HTTPRoute, HPA and ServiceMonitor to objects of the release', () => {
      const services = new Map(all(chart, 'Service').map((service) => [service.metadata.name, service]));
      const paths = all(chart, 'Ingress').flatMap((ingress) =>
        list(at(ingress, 'spec', 'rules')).flatMap((rule) => list(at(rule, 'http', 'paths'))),
      );
      for (const path of paths) {
        const { name: service, port } = at(path, 'backend', 'service') as { name: string; port: Tree };
        assert.equal(at(services.get(service), 'spec', 'ports', 0, 'name'), port.name, service);
      }
      for (const route of all(chart, 'HTTPRoute')) {
        const backend = at((at(route, 'spec', 'rules') as Tree[]).at(-1), 'backendRefs', 0) as Tree;
        assert.equal(at(services.get(backend.name as string), 'spec', 'ports', 0, 'port'), backend.port);
      }
      for (const scaler of all(chart, 'HorizontalPodAutoscaler')) {
        assert.equal(at(scaler, 'spec', 'scaleTargetRef', 'name'), only(chart, 'Deployment').metadata.name);
      }
      for (const monitor of all(chart, 'ServiceMonitor')) {
        const wanted = Object.entries(at(monitor, 'spec', 'selector', 'matchLabels') as Tree);
        const found = [...services.values()].filter(({ metadata }) =>
          wanted.every(([key, value]) => metadata.labels?.[key] === value),
        );
        assert.deepEqual(found, [only(chart, 'Service', 'metrics')]);
        const names = (at(found[0], 'spec', 'ports') as Tree[]).map(({ name }) => name);
        assert.deepEqual(names, [at(monitor, 'spec', 'endpoints', 0, 'port')]);
      }
    });

    it('removes what hooks leave behind', () => {
      for (const { kind, metadata } of own(chart)) {
        if (metadata.annotations?.['helm.sh/hook'] === undefined) continue;
        assert.match(
          metadata.annotations['helm.sh/hook-delete-policy'] ?? '',
          /before-hook-creation/,
          `${kind} ${metadata.name}`,
        );
      }
    });

    it('takes secrets from Secrets only', () => {
      for (const object of own(chart)) {
        if (object.kind !== 'Secret')
          assert.doesNotMatch(JSON.stringify(object), /secret@postgres|:word@redis|a-secret-of-the-mail-server/);
      }
    });

    it('gives the pod more time to end than the drain takes', () => {
      const spec = podSpec(only(chart, 'Deployment'));
      const sleep = Number(chart.values.preStopSleepSeconds);
      assert.ok((spec.terminationGracePeriodSeconds as number) > sleep + Number(chart.values.drainSeconds));
    });
  });
}

describe('a Deployment through its life', () => {
  const selector = (job: RenderJob) => at(only(render(job), 'Deployment'), 'spec', 'selector');
  const checksum = (values: Tree) =>
    at(only(render({ values }), 'Deployment'), 'spec', 'template', 'metadata', 'annotations') as Tree;

  it('keeps its selector, which can not be changed, when versions and values change', () => {
    const later = { version: '9.9.9', appVersion: '9.9.9' };
    const values = { ...needed, commonLabels: { a: 'b' }, podLabels: { c: 'd' }, image: { tag: '9.9.9' } };
    assert.deepEqual(selector({ values: needed }), selector({ values, chart: later, upgrade: true }));
  });

  it('replaces its pods when the configuration or a secret changes, and only then', () => {
    const database = { url: 'postgres://gateway:other@postgres.example.com/gateway' };
    const before = checksum(needed);
    assert.deepEqual(checksum({ ...needed, replicaCount: 5 }), before);
    assert.notEqual(
      checksum({ ...needed, gateway: { ...needed.gateway, logLevel: 'debug' } })['checksum/config'],
      before['checksum/config'],
    );
    assert.notEqual(checksum({ ...needed, database })['checksum/secret'], before['checksum/secret']);
  });

  it('leaves the number of pods to the autoscaler', () => {
    assert.equal(at(only(render({ values: needed }), 'Deployment'), 'spec', 'replicas'), 2);
    assert.equal(at(only(render(cases['HPA on'] as RenderJob), 'Deployment'), 'spec', 'replicas'), undefined);
  });
});

function isGateway({ metadata }: KubernetesObject): boolean {
  return metadata.labels?.[`${PREFIX}/component`] === 'gateway';
}
