import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { createMetrics } from '../../src/http/metrics.js';
import { repositoryRoot } from '../support/paths.js';
import { cases } from './cases.js';
import { at, chartFolder, only, type RenderJob, render, type Tree } from './chart.js';

const rule = only(render(cases['everything on'] as RenderJob), 'PrometheusRule');
const rules = at(rule, 'spec', 'groups', 0, 'rules') as Tree[];
const dashboard = JSON.parse(readFileSync(join(chartFolder, 'dashboards/gateway.json'), 'utf8')) as {
  panels: Tree[];
  templating: Tree;
};
const panels = dashboard.panels.filter((panel) => panel.type !== 'row');
const queries = [
  ...panels.flatMap((panel) => (panel.targets as Tree[]).map((target) => target.expr)),
  ...rules.map((r) => r.expr),
] as string[];

/** Series that Prometheus itself makes for each target. */
const OF_PROMETHEUS = ['up'];
const known = new Set(OF_PROMETHEUS);

before(async () => {
  for (const name of await exposedMetrics()) known.add(name);
});

describe('alerts and dashboard', () => {
  it('ask for series that the gateway has', () => {
    const asked = new Set(queries.flatMap((query) => [...query.matchAll(/([a-z0-9_]+)\{/g)].map(([, name]) => name as string)));
    assert.ok(asked.size > 8);
    assert.deepEqual(
      [...asked].filter((name) => !known.has(name)),
      [],
    );
  });

  it('ask for one release only, and by labels that the series have', () => {
    const labels = new Set(['namespace', 'job', 'pod', 'face', 'method', 'status', 'class']);
    for (const query of queries) {
      for (const [, , selector = ''] of query.matchAll(/([a-z0-9_]+)\{([^}]*)\}/g)) {
        const used = selector.split(', ').map((part) => part.replace(/[=!~].*/, ''));
        assert.ok(used.includes('namespace') && used.includes('job'), query);
        assert.deepEqual(
          used.filter((label) => !labels.has(label)),
          [],
          query,
        );
      }
    }
  });

  it('have balanced brackets', () => {
    for (const query of queries) {
      for (const [open, close] of ['()', '{}', '[]'])
        assert.equal(query.split(open as string).length, query.split(close as string).length, query);
    }
  });
});

describe('each alert', () => {
  for (const alert of rules.filter((r) => r.alert !== 'Own')) {
    it(`${alert.alert} has a severity, the labels given, a summary and advice`, () => {
      assert.match(at(alert, 'labels', 'severity') as string, /^(warning|critical)$/);
      assert.equal(at(alert, 'labels', 'team'), 'mail');
      for (const text of ['summary', 'description']) assert.match(at(alert, 'annotations', text) as string, /^[A-Z{]/);
    });
  }
});

describe('the dashboard', () => {
  it('has panels with names, numbers and places of their own', () => {
    for (const key of ['id', 'title'])
      assert.equal(new Set(dashboard.panels.map((panel) => panel[key])).size, dashboard.panels.length, key);
    const cells = dashboard.panels.flatMap(({ gridPos }) => {
      const { x, y, w, h } = gridPos as { x: number; y: number; w: number; h: number };
      return Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`);
    });
    assert.equal(new Set(cells).size, cells.length);
    assert.ok(cells.every((cell) => Number.parseInt(cell, 10) < 24));
  });

  it('reaches the ConfigMap unchanged', () => {
    const map = only(render({ files: ['values-large.yaml'] }), 'ConfigMap', 'gateway');
    assert.ok(map.data);
    const boards = render({ files: ['values-large.yaml'] }).objects.filter(
      ({ metadata }) => metadata.labels?.grafana_dashboard === '1',
    );
    assert.equal(boards.length, 1);
    assert.deepEqual(JSON.parse(Object.values(boards[0]?.data as Record<string, string>)[0] as string), dashboard);
  });
});

/** What /metrics offers: the default ones with the histogram's parts, and every gateway_… that the sources name. */
async function exposedMetrics(): Promise<string[]> {
  const text = await new Promise<string>((resolve) => {
    const response = { type: () => response, send: (body: string) => resolve(body) };
    const { handler, observe } = createMetrics();
    observe({ face: 'eas', method: 'Sync', status: 200, seconds: 1 });
    void handler({} as never, response as never, () => undefined);
  });
  const served = [...text.matchAll(/^([a-z0-9_]+)[{ ]/gm)].map(([, name]) => name as string);
  // Counted by the collector of each kind, which may not have run yet in this process.
  return [...served, 'nodejs_gc_duration_seconds_sum', ...(await namedInSources())];
}

async function namedInSources(): Promise<string[]> {
  const folder = join(repositoryRoot, 'src');
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts'));
  return files.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/'(gateway_[a-z_]+)'/g)].map(([, name]) => name as string),
  );
}
