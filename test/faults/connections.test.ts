import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import { hangUpOnStall, openFileLimit } from '../../src/http/limits.js';
import { listen } from '../../src/http/listen.js';
import { onEnd } from '../support/cleanup.js';
import { eventually, startWorld, type World } from '../support/eas-phone-world.js';
import { size } from './sizes.js';

const SILENT_LOG = { debug() {}, info() {}, warn() {}, error() {} };
let world: World;
before(async () => {
  world = await startWorld();
});

async function resident(pid: number): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function open(port: number, count: number, then: (socket: Socket) => void = () => {}): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let n = 0; n < count; n++) {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => {});
    sockets.push(socket);
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()).once('error', () => resolve()));
    then(socket);
  }
  onEnd(() => {
    for (const socket of sockets) socket.destroy();
  });
  return sockets;
}

test('connections that send nothing cost little, keep nobody out, and are closed', async (context) => {
  const wanted = size(500, 10_000);
  const limit = openFileLimit() ?? wanted * 2;
  const count = Math.min(wanted, Math.floor(limit / 2) - 1_000);
  const earlier = await resident(world.gateway.pid);
  const sockets = await open(world.gateway.port, count, (socket) => socket.resume());
  const phone = await world.phone('visitor', { deviceId: 'visitor' });
  await phone.syncAll(phone.folder(8));
  const now = await resident(world.gateway.pid);
  context.diagnostic(`${count} silent connections (${wanted} wanted): ${((now - earlier) / count).toFixed(1)} KB each`);
  await eventually(
    'all are closed',
    async () => sockets.filter((socket) => !socket.readableEnded && !socket.destroyed).length,
    (left) => left === 0,
    120_000,
  );
});

test('phones that close their half of the line while they wait are forgotten', async (context) => {
  const phones = size(20, 100); // of one account, which may have 120 requests at a time
  const phone = await world.phone('half', { deviceId: 'half' });
  const waiting: Promise<unknown>[] = [];
  const cuts: AbortController[] = [];
  for (let n = 0; n < phones; n++) {
    const cut = new AbortController();
    cuts.push(cut);
    const one = await world.phone('half', { deviceId: `half${n}` });
    waiting.push(one.ping([one.folder(8)], 600, { signal: cut.signal }).catch(() => {}));
  }
  await eventually(
    'all wait',
    () => gauge('gateway_waiting_requests'),
    (n) => n === phones,
  );
  for (const cut of cuts) cut.abort();
  await Promise.all(waiting);
  await eventually(
    'nobody waits',
    () => gauge('gateway_waiting_requests'),
    (n) => n === 0,
  );
  // The same by a bare FIN: the other half stays open, as behind a proxy that lost its client.
  const request = `POST /Microsoft-Server-ActiveSync?Cmd=Ping HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n`;
  const halves = await open(world.gateway.port, phones, (socket) => {
    socket.end(request);
    socket.resume();
  });
  await eventually(
    'half-closed lines are closed',
    async () => halves.filter((socket) => !socket.readableEnded && !socket.destroyed).length,
    (left) => left === 0,
  );
  context.diagnostic(`${phones} waiting phones hung up, ${phones} lines half closed: none is left`);
  await phone.folderSync();
});

test('a client that does not read its answer is hung up on, and its answer is not collected in memory', async (context) => {
  const clients = size(20, 200);
  const chunk = Buffer.alloc(64 * 1024, 'x');
  let produced = 0;
  const app = express().use(hangUpOnStall(500));
  app.get('/', (_req, res) => {
    res.writeHead(200, { 'Content-Length': String(64 * 1024 * 1024) });
    const more = () => {
      while (!res.destroyed && !res.writableEnded) {
        produced += chunk.length;
        if (!res.write(chunk)) return;
      }
    };
    res.on('drain', more);
    more();
  });
  const listening = await listen(app, { host: '127.0.0.1', port: 0, tls: null, log: SILENT_LOG });
  onEnd(() => listening.close(0));
  const sockets = await open(listening.port, clients, (socket) => {
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  });
  await eventually(
    'all are hung up on',
    () => connectionsTo(listening.port),
    (left) => left === 0,
  );
  const each = produced / clients / 1024 / 1024;
  context.diagnostic(
    `${clients} clients that read nothing: ${each.toFixed(1)} MB of 64 MB made for each, most of it in the kernel`,
  );
  assert.ok(each < 32, 'the answer waited for its reader');
  for (const socket of sockets) socket.destroy();
});

/** Connections that the server still holds: seen by their states, because the clients read nothing. */
async function connectionsTo(port: number): Promise<number> {
  await sleep(100);
  const table = await readFile('/proc/net/tcp', 'utf8');
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').filter((line) => {
    const [, address, , state] = line.trim().split(/\s+/);
    return address === local && state === '01';
  }).length;
}

async function gauge(name: string): Promise<number> {
  const text = await (await fetch(`${world.gateway.url}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)`, 'm').exec(text)?.[1]);
}
