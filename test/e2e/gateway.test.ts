import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { freePorts } from '../../src/demo/ports.js';
import { temporaryFolder } from '../support/cleanup.js';
import { freshDatabase } from '../support/cluster.js';
import { event as calendarEvent } from '../support/dav-data.js';
import { startTestDovecot } from '../support/dovecot.js';
import type { EasPhone } from '../support/eas-phone.js';
import { eventually, startWorld } from '../support/eas-phone-world.js';
import { startGateway, statusOf } from '../support/gateway.js';

describe('the gateway as a process', () => {
  it('refuses to start with a bad configuration and lists every problem', async () => {
    const gateway = await startGateway({ databaseUrl: 'mysql://x', env: { TLS_CERT: '/nowhere' }, wait: false });
    assert.equal(await gateway.ended, 1);
    for (const name of ['DATABASE_URL:', 'IMAP_URL:', 'TLS_CERT and TLS_KEY:']) assert.ok(gateway.logs().includes(name), name);
  });

  it('tells its health and its metrics, and says no on /readyz while it drains', async () => {
    const world = await startWorld();
    const { gateway } = world;
    assert.equal(await statusOf(`${gateway.url}/healthz`), 200);
    assert.equal(await statusOf(`${gateway.url}/readyz`), 200);
    await (await world.dav('alice')).client.propfind('/dav/', ['{DAV:}resourcetype']);
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    assert.match(metrics, /gateway_requests_total\{face="dav",method="PROPFIND",status="207"\} \d/);
    assert.match(metrics, /gateway_waiting_requests 0/);
    assert.equal(await statusOf(`${gateway.url}/nothing/here`), 401);
  });

  it('answers a waiting phone when it is told to stop, and ends by itself', async () => {
    const world = await startWorld();
    const phone = await world.phone('alice');
    const calendar = phone.folder(8);
    await phone.syncAll(calendar);
    const ping = phone.ping([calendar], 300);
    await sleep(500);
    const started = Date.now();
    await world.gateway.kill('SIGTERM');
    assert.ok(['1', '2'].includes((await ping).status));
    assert.ok(Date.now() - started < 30_000);
    assert.equal(await world.gateway.ended, 0);
  });

  it('shares its port among workers, replaces one that dies, and adds up their metrics', async () => {
    const [metricsPort] = await freePorts(1);
    const world = await startWorld({ env: { WORKERS: '2', METRICS_PORT: String(metricsPort) } });
    const { gateway } = world;
    const alice = await world.dav('alice');
    const metrics = async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    assert.match(await metrics(), /gateway_requests_total\{face="dav",method="PROPFIND",status="207"\} \d/);
    assert.match(await metrics(), /^process_start_time_seconds \d{10}$/m);
    assert.equal(await statusOf(`${gateway.url}/metrics`), 401);
    const workers = execFileSync('pgrep', ['-P', String(gateway.pid)])
      .toString()
      .trim()
      .split('\n');
    assert.equal(workers.length, 2);
    process.kill(Number(workers[0]), 'SIGKILL');
    for (let n = 0; n < 30; n++) {
      const answer = await alice.client.request('OPTIONS', '/dav/').catch(() => undefined);
      if (n > 10) assert.equal(answer?.status, 200);
      await sleep(100);
    }
    await gateway.kill('SIGTERM');
    assert.equal(await gateway.ended, 0);
  });

  it('is replaced without a phone noticing more than the end of its wait: workers drain, states go on elsewhere', async () => {
    const [metricsPort] = await freePorts(1);
    const world = await startWorld({ env: { WORKERS: '2', METRICS_PORT: String(metricsPort) } });
    const metrics = async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    // One after the other: the first to come finds the mailbox's folders, and a hierarchy that grows would end the others' waits.
    const phones: EasPhone[] = [];
    for (const version of ['16.1', '14.1', '16.1', '14.1', '12.1', '2.5'])
      phones.push(await world.phone('alice', { deviceId: `phone${phones.length}`, version }));
    for (const phone of phones) await phone.syncAll(phone.folder(8));
    const waits = phones.map((phone) => phone.ping([phone.folder(8)], 900));
    await eventually(
      'all wait',
      async () => Number(/^gateway_waiting_requests (\d+)/m.exec(await metrics())?.[1]),
      (waiting) => waiting === phones.length,
      60_000,
    );
    const keys = phones.map((phone) => phone.folder(8).syncKey);
    const next = await world.secondGateway({});
    await world.gateway.kill('SIGTERM');
    assert.deepEqual(
      [...new Set((await Promise.all(waits)).map(({ status }) => status))],
      ['1'],
      'nobody is cut off or sent to fetch',
    );
    assert.equal(await world.gateway.ended, 0);
    const home = await world.dav('alice', next);
    for (const phone of phones) Object.assign(phone.wire.identity, { url: next.url });
    const again = phones.map((phone) => phone.ping([phone.folder(8)], 900));
    await home.put(`${home.calendar}new.ics`, calendarEvent('new'));
    for (const answer of again) assert.equal((await answer).status, '2');
    for (const [n, phone] of phones.entries()) {
      assert.equal(phone.folder(8).syncKey, keys[n]);
      assert.equal((await phone.syncAll(phone.folder(8))).added.length, 1, 'no resync: one new event and nothing else');
    }
  });

  it('serves HTTPS and takes a new certificate without a restart', async () => {
    const dir = await temporaryFolder('gw-tls');
    const file = (name: string) => path.join(dir, name);
    await certificate(dir, 'one');
    await rename(file('one.pem'), file('cert.pem'));
    await rename(file('one.key'), file('key.pem'));
    const gateway = await startGateway({
      databaseUrl: await freshDatabase(),
      imapUrl: (await startTestDovecot()).url,
      env: { TLS_CERT: file('cert.pem'), TLS_KEY: file('key.pem') },
    });
    assert.equal(await commonName(gateway.port), 'one.example.test');
    await certificate(dir, 'two');
    await rename(file('two.key'), file('key.pem'));
    await rename(file('two.pem'), file('cert.pem'));
    for (let tries = 0; (await commonName(gateway.port)) !== 'two.example.test'; tries++) {
      assert.ok(tries < 50, 'the new certificate is served');
      await sleep(200);
    }
    await writeFile(file('cert.pem'), 'nonsense');
    await sleep(1_000);
    assert.equal(await commonName(gateway.port), 'two.example.test');
  });
});

async function certificate(dir: string, name: string): Promise<void> {
  const files = ['-keyout', path.join(dir, `${name}.key`), '-out', path.join(dir, `${name}.pem`)];
  const subject = ['-subj', `/CN=${name}.example.test`, '-days', '2'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', ...files, ...subject],
    {
      stdio: 'ignore',
    },
  );
}

function commonName(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      const { CN } = socket.getPeerCertificate().subject;
      resolve(String(CN));
      socket.end();
    });
    socket.on('error', reject);
  });
}
