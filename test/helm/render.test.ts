import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cases, needed } from './cases.js';
import { at, type KubernetesObject, render } from './chart.js';
import { unknownFields, validate } from './kubernetes.js';

describe('the chart against the schemas of Kubernetes', () => {
  for (const [name, job] of Object.entries(cases)) {
    it(`renders valid objects: ${name}`, async () => {
      const { objects } = render(job);
      assert.ok(objects.length > 3);
      for (const object of objects) {
        await assert.doesNotReject(validate(object), `${object.kind} ${object.metadata.name}`);
      }
    });
  }

  it('uses no field that Kubernetes does not know', () => {
    const objects = Object.values(cases).flatMap((job) => render(job).objects);
    assert.equal(unknownFields(objects), '');
  });

  it('renders each optional object in the case with everything on, and none of them in the other', () => {
    const optional = ['Ingress', 'HTTPRoute', 'HorizontalPodAutoscaler', 'NetworkPolicy', 'ServiceMonitor', 'PrometheusRule'];
    const usual = ['PodDisruptionBudget', 'ServiceAccount', 'Job', 'Pod'];
    const on = kinds(render(cases['everything on'] as object).objects);
    const off = kinds(render(cases['everything off'] as object).objects);
    assert.deepEqual(
      [...optional, ...usual].filter((kind) => !on.has(kind) || off.has(kind)),
      [],
    );
    assert.deepEqual([...off].sort(), ['ConfigMap', 'Deployment', 'Secret', 'Service']);
  });
});

describe('the check itself', () => {
  const deployment = () =>
    structuredClone(render({ values: needed }).objects.find(({ kind }) => kind === 'Deployment')) as KubernetesObject;

  it('notices a wrong type', async () => {
    const object = deployment();
    Object.assign(object.spec as object, { replicas: 'two' });
    await assert.rejects(validate(object), /replicas/);
  });

  it('notices a field that does not exist, in every kind of object', () => {
    const { objects } = render(cases['everything on'] as object);
    const first = new Map(objects.map((object) => [object.kind, structuredClone(object)]));
    for (const object of first.values())
      Object.assign((object.spec as object | undefined) ?? object, { [`no${object.kind}`]: 2 });
    const complaints = unknownFields([...first.values()]);
    assert.deepEqual(
      [...first.keys()].filter((kind) => !complaints.includes(`"no${kind}"`)),
      [],
      complaints,
    );
  });

  it('notices a field that does not exist deep inside', () => {
    const object = deployment();
    Object.assign(at(object, 'spec', 'template', 'spec', 'containers', 0, 'readinessProbe') as object, { periodSecond: 2 });
    assert.match(unknownFields([object]), /periodSecond/);
  });

  it('notices a key that neither the values nor the chart have', () => {
    assert.throws(() => render({ values: needed, chart: { name: null } }), /Name/);
  });
});

function kinds(objects: readonly KubernetesObject[]): Set<string> {
  return new Set(objects.map(({ kind }) => kind));
}
