import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import express from 'express';
import { shapesFor } from '../../../src/http/shapes.js';

test("requests and responses have Express's prototypes from the beginning, and all it gives them", async () => {
  const app = express();
  let changed = false;
  app.use((req, res) => {
    assert.equal(req.app, app);
    assert.equal(Object.getPrototypeOf(req), app.request);
    assert.deepEqual(res.locals, {});
    res.status(201).set('X-Type', String(req.get('accept'))).send(req.path); // biome-ignore format: one line
  });
  const shapes = shapesFor(app);
  const server = http.createServer(shapes, (req, res) => {
    changed = Object.getPrototypeOf(req) !== app.request || Object.getPrototypeOf(res) !== app.response;
    app(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a/b`;
    const answer = await fetch(url, { headers: { accept: 'text/x' } });
    assert.deepEqual([answer.status, answer.headers.get('x-type'), await answer.text()], [201, 'text/x', '/a/b']);
    assert.equal(changed, false);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
