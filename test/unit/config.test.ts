import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ConfigError, readConfig, serversFor } from '../../src/config.js';

const good = { IMAP_URL: 'imaps://mail.example.com' };

describe('readConfig', () => {
  it('has defaults for everything but the mail server', () => {
    const config = readConfig(good);
    assert.deepEqual(
      [config.host, config.port, config.publicUrl, config.databaseUrl, config.tls, config.logLevel, config.trustProxy],
      ['0.0.0.0', 8080, 'http://localhost:8080', null, null, 'info', false],
    );
    assert.equal(serversFor(config, 'someone@anywhere.test')?.imap.host, 'mail.example.com');
  });

  it('takes every name of the contract', () => {
    const config = readConfig({
      ...good,
      HOST: '127.0.0.1',
      PORT: '9000',
      PUBLIC_URL: 'https://sync.example.com/',
      DATABASE_URL: 'postgres://u:p@db/gateway',
      SMTP_URL: 'smtp://mail.example.com:587',
      MAIL_DOMAIN: 'Example.com',
      LOG_LEVEL: 'debug',
      TRUST_PROXY: '1',
    });
    assert.deepEqual(
      [config.port, config.publicUrl, config.databaseUrl, config.mailDomain, config.logLevel, config.trustProxy],
      [9000, 'https://sync.example.com', 'postgres://u:p@db/gateway', 'example.com', 'debug', 1],
    );
  });

  it('reads how mailboxes of rooms are opened; a master user is of the domain before the asterisk', () => {
    assert.equal(readConfig(good).rooms, null);
    const given = { ...good, ROOM_LOGIN: '{address}*gateway', ROOM_PASSWORD: 'secret' };
    assert.deepEqual(readConfig(given).rooms, { user: '{address}*gateway', password: 'secret' });
    assert.throws(() => readConfig({ ...given, ROOM_PASSWORD: '' }), /ROOM_LOGIN and ROOM_PASSWORD/);
    const own = readConfig({ MAIL_SERVERS: '{"own.example": {"imap": "imaps://own.example"}}' });
    assert.equal(serversFor(own, 'hall@OWN.example*gateway')?.imap.host, 'own.example');
  });

  it('finds ManageSieve and further authorities for S/MIME', () => {
    const none = readConfig(good);
    assert.deepEqual([serversFor(none, 'a@b.test')?.sieve, none.smimeAuthorities], [null, '']);
    const { sieve } = serversFor(readConfig({ ...good, SIEVE_URL: 'sieve://mail.example.com' }), 'a@b.test') ?? assert.fail();
    assert.deepEqual(sieve, { host: 'mail.example.com', port: 4190, security: 'starttls', verifyCertificate: true });
    for (const wrong of [{ SIEVE_URL: 'imap://mail.example.com' }, { SMIME_CA: '/nowhere.pem' }])
      assert.throws(() => readConfig({ ...good, ...wrong }), ConfigError);
  });

  it('finds the servers of each domain, from text or a file', async () => {
    const table = { 'Own.example': { imap: 'imap://mail.own.example', sieve: 'sieve://mail.own.example' } };
    const file = join(await mkdtemp(join(tmpdir(), 'gw-config-')), 'servers.json');
    await writeFile(file, JSON.stringify(table));
    for (const MAIL_SERVERS of [JSON.stringify(table), file]) {
      const config = readConfig({ ...good, MAIL_SERVERS });
      const own = serversFor(config, 'a@OWN.example') ?? assert.fail();
      assert.deepEqual([own.imap.host, own.smtp, own.sieve?.port], ['mail.own.example', null, 4190]);
      assert.equal(serversFor(config, 'a@other.example')?.imap.host, 'mail.example.com');
      assert.equal(serversFor(readConfig({ MAIL_SERVERS }), 'a@other.example'), undefined);
    }
  });

  it('reads the policies of devices, from text or a file, and tells every problem of them', async () => {
    const table = { families: [{ name: 'pads', devices: ['iPad'], policy: { AllowCamera: false } }] };
    const file = join(await mkdtemp(join(tmpdir(), 'gw-config-')), 'policies.json');
    await writeFile(file, JSON.stringify(table));
    const pad = { type: 'iPad', userAgent: '', address: '' };
    for (const EAS_POLICIES of [JSON.stringify(table), file])
      assert.equal(readConfig({ ...good, EAS_POLICIES }).easPolicies.for(pad).name, 'pads');
    assert.equal(readConfig(good).easPolicies.for(pad).name, 'open');
    const wrong = { families: [{ name: 'x', partial: 'no', policy: { AllowCamera: 2 } }] };
    for (const [EAS_POLICIES, count] of [
      [JSON.stringify(wrong), 2],
      ['{', 1],
      ['/nowhere.json', 1],
    ] as const)
      assert.throws(
        () => readConfig({ ...good, EAS_POLICIES, PORT: 'x' }),
        (error: ConfigError) =>
          error.problems.filter((problem) => problem.startsWith('EAS_POLICIES: ')).length === count &&
          error.problems.length === count + 1,
      );
  });

  it('tells what is wrong with the table of domains, all of it', () => {
    const text =
      '{"a.example": {"imap": "ftp://x"}, "b.example": {"smtp": "smtps://x"}, "c.example": {"pop": "x"}, "d e": {"imap": "imap://x"}}';
    const problems =
      /^MAIL_SERVERS: a\.example: imap must look like.*; b\.example: imap is missing; c\.example: .*pop; d e: is not a domain/m;
    for (const [MAIL_SERVERS, sentence] of [
      [text, problems],
      ['{', /MAIL_SERVERS: is not JSON/],
      ['/nowhere.json', /MAIL_SERVERS: .*nowhere/],
      ['{"a.example": 5}', /a\.example: an entry must be a JSON object/],
    ] as const)
      assert.throws(
        () => readConfig({ MAIL_SERVERS }),
        (error: unknown) =>
          error instanceof ConfigError && error.problems.length === 1 && sentence.test(error.problems[0] as string),
      );
  });

  it('lists every problem at once', () => {
    const bad = {
      PORT: '99999',
      PUBLIC_URL: 'ftp://x',
      DATABASE_URL: 'mysql://x',
      LOG_LEVEL: 'loud',
      TLS_CERT: '/nowhere.pem',
      MAIL_DOMAIN: 'a b',
    };
    assert.throws(
      () => readConfig(bad),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError);
        for (const name of [
          'PORT',
          'PUBLIC_URL',
          'DATABASE_URL',
          'LOG_LEVEL',
          'TLS_CERT and TLS_KEY',
          'MAIL_DOMAIN',
          'IMAP_URL',
        ]) {
          assert.ok(
            error.problems.some((problem) => problem.startsWith(`${name}:`)),
            name,
          );
        }
        return true;
      },
    );
  });

  it('knows where spans go by the names of OpenTelemetry, and traces nothing without an endpoint', () => {
    const base = { IMAP_URL: 'imaps://mail.example.com' };
    assert.equal(readConfig({ ...base, OTEL_SERVICE_NAME: 'x' }).otel, null);
    assert.deepEqual(readConfig({ ...base, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' }).otel, {
      endpoint: 'http://collector:4318',
      service: 'mobile-sync-gateway',
      ratio: 1,
      delay: 5_000,
    });
    const wrong = { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318', OTEL_TRACES_SAMPLER_ARG: '10%' };
    assert.throws(() => readConfig({ ...base, ...wrong }), (error: ConfigError) => error.problems.length === 2); // biome-ignore format: one line
  });
});
