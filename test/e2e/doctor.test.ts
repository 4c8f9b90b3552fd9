import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { CHECKS } from '../../src/doctor/checks.js';
import { examine } from '../../src/doctor/engine.js';
import type { Code } from '../../src/doctor/findings.js';
import { exitStatus } from '../../src/doctor/report.js';
import { type Patient, Visit } from '../../src/doctor/visit.js';
import { AUTHORITY, type CertificateFacts, certificateMaker, forHost, type TestCertificate } from '../support/certificates.js';
import { PASSWORD } from '../support/dovecot.js';
import { address, message, startWorld, type World } from '../support/eas-phone-world.js';
import { type FaultyProxy, type Mischief, startFaultyProxy } from '../support/faulty-proxy.js';
import { builtPath } from '../support/paths.js';

const USER = address('patient');
let world: World;
let proxy: FaultyProxy;
let authority: TestCertificate;
let good: TestCertificate;
let make: Awaited<ReturnType<typeof certificateMaker>>;

before(async () => {
  make = await certificateMaker();
  authority = await make({ name: 'Authority of a test', extensions: AUTHORITY });
  good = await make({ name: 'good', by: authority, extensions: forHost('localhost') });
  proxy = await startFaultyProxy(good);
  world = await startWorld({ env: { PUBLIC_URL: proxy.url } });
  proxy.target = world.gateway.url;
  await world.dovecot.deliver(USER, message({ to: USER, subject: 'Hello' }));
});

/** All codes found, each once. */
async function diagnose(patient: Partial<Patient> = {}): Promise<Code[]> {
  const visit = new Visit({
    address: USER,
    login: USER,
    password: PASSWORD,
    url: new URL(proxy.url),
    hold: 0.1,
    body: 3e6,
    timeout: 30,
    ca: authority.pem,
    insecure: false,
    ...patient,
  });
  const outcomes = await examine(CHECKS, visit);
  const codes = outcomes.flatMap(({ findings }) => findings).map(({ code }) => code);
  const levels = outcomes.flatMap(({ findings }) => findings).map(({ level }) => level);
  assert.equal(exitStatus(outcomes), levels.includes('fault') ? 2 : levels.includes('warning') ? 1 : 0);
  return [...new Set(codes)].sort();
}

const isEas = ({ url = '' }: IncomingMessage) => url.startsWith('/Microsoft-Server-ActiveSync');
const at = (pattern: RegExp, status: number, headers: Record<string, string> = {}): Mischief => ({
  before: (req, res) => {
    const hit = pattern.test(`${req.method} ${req.url}`);
    if (hit) res.writeHead(status, headers).end();
    return hit;
  },
});
/** Sets a header of answers, or takes it away. */
const header = (
  name: string,
  value: string | undefined,
  when: (req: IncomingMessage, body: Buffer) => boolean = () => true,
): Mischief => ({
  answer: ({ headers, body }, req) => {
    if (when(req, body)) headers[name] = value;
  },
});
const withoutLogin = (when: (req: IncomingMessage) => boolean): Mischief => ({
  request: (headers, req) => {
    if (when(req)) delete headers.authorization;
  },
});
const webSite: Mischief = {
  answer: (answer, { url = '' }) => {
    if (!url.endsWith('.xml')) return;
    answer.body = Buffer.from('<html></html>');
    answer.headers['content-length'] = String(answer.body.length);
  },
};
const packing: Mischief = {
  answer: (answer, req) => {
    if (isEas(req) && answer.body.length > 0) pack(answer);
  },
};
const packable = (req: IncomingMessage) => isEas(req) && req.headers['accept-encoding'] !== undefined;
const hourAgo = new Date(Date.now() - 3_600_000).toUTCString();

/** Faults of a proxy, by what the doctor must say. */
const SEEDED: readonly (readonly [what: string, mischief: Mischief, codes: readonly Code[], patient?: Partial<Patient>])[] = [
  ['a time-out that is too short for waiting phones', { patience: 2000 }, ['proxy-timeout'], { hold: 30 }],
  ['Autodiscover is not passed on', at(/ \/autodiscover\//i, 404), ['autodiscover-missing', 'autodiscover-v2-missing']],
  ['Autodiscover is answered by the web site', webSite, ['autodiscover-wrong']],
  ['a small limit for bodies', { limit: 1_000_000 }, ['body-limit']],
  ['OPTIONS is answered by the proxy', at(/^OPTIONS \/Microsoft/, 204), ['options-blocked']],
  ['OPTIONS is forbidden', at(/^OPTIONS \/Microsoft/, 405), ['options-blocked']],
  ['Authorization is taken away', withoutLogin(() => true), ['authorization-stripped', 'password-wrong']],
  ['Authorization is taken away for ActiveSync', withoutLogin(isEas), ['authorization-stripped']],
  ['the well-known addresses are not passed on', at(/ \/\.well-known\//, 404), ['well-known-missing']],
  ['they lead to http', at(/ \/\.well-known\//, 301, { Location: 'http://localhost/dav/' }), ['redirect-insecure']],
  ['ActiveSync leads to http', at(/ \/Microsoft/, 301, { Location: 'http://localhost/Microsoft-Server-ActiveSync' }), ['redirect-insecure']],
  ['the versions are taken away', header('ms-asprotocolversions', undefined), ['versions-missing']],
  ['only old versions are let through', header('ms-asprotocolversions', '2.5,12.1,14.1'), ['versions-old']],
  ['the commands are taken away', header('ms-asprotocolcommands', undefined), ['header-missing']],
  ['the challenge is taken away', header('www-authenticate', undefined), ['challenge-missing']],
  ['answers are packed without a word', packing, ['gzip-mangled']],
  ['answers say gzip and are not', header('content-encoding', 'gzip', packable), ['gzip-mangled']],
  ['Content-Type is changed', header('content-type', 'application/octet-stream', (req, { length }) => isEas(req) && length > 0), ['type-changed']],
  ['PROPFIND is forbidden', at(/^PROPFIND/, 405), ['dav-method-blocked']],
  ['REPORT is forbidden', at(/^REPORT/, 403), ['dav-method-blocked']],
  ['the DAV header is taken away', header('dav', undefined), ['dav-missing']],
  ['a firewall refuses base64 queries', at(/^POST \/Microsoft[^?]*\?(?!Cmd=)/, 403), ['base64-blocked']],
  ['the clock is an hour slow', header('date', hourAgo), ['clock-skew']],
]; // biome-ignore format: a table

function pack(answer: { body: Buffer; headers: Record<string, string | string[] | undefined> }): void {
  answer.body = gzipSync(answer.body);
  answer.headers['content-length'] = String(answer.body.length);
}

/** Certificates, by what the doctor must say. The password is never sent to a server that can't be trusted. */
const CERTIFICATES: readonly (readonly [what: string, facts: Partial<CertificateFacts>, codes: readonly Code[]])[] = [
  ['has expired', { days: -1 }, ['certificate-expired']],
  ['ends within days', { days: 5 }, ['certificate-expires-soon']],
  ['is for another host', { extensions: forHost('other.example') }, ['certificate-name']],
  ['is signed by itself', { by: undefined }, ['certificate-self-signed']],
  ['has expired and is for another host', { days: -1, extensions: forHost('other.example') }, ['certificate-expired', 'certificate-name']],
]; // biome-ignore format: a table

describe('gateway check', { concurrency: false }, () => {
  test('a healthy server: nothing is found', async () => {
    proxy.mischief = {};
    assert.deepEqual(await diagnose(), []);
  });

  for (const [what, mischief, codes, patient] of SEEDED) {
    test(`${what}: ${codes.join(', ')}`, async () => {
      proxy.mischief = mischief;
      assert.deepEqual(await diagnose(patient), codes);
    });
  }

  for (const [what, facts, codes] of CERTIFICATES) {
    test(`a certificate that ${what}: ${codes.join(', ')}`, async () => {
      const passwords = watchPasswords();
      proxy.useTls(await make({ name: 'bad', by: authority, extensions: forHost('localhost'), ...facts }));
      assert.deepEqual(await diagnose(), codes);
      assert.equal(passwords() > 0, codes.includes('certificate-expires-soon'), 'the password is sent to a trusted server only');
      proxy.useTls(good);
    });
  }

  test('an intermediate certificate is not sent along: certificate-chain', async () => {
    proxy.mischief = {};
    const between = await make({ name: 'Between', by: authority, extensions: AUTHORITY });
    const leaf = await make({ name: 'leaf', by: between, extensions: forHost('localhost') });
    proxy.useTls(leaf);
    assert.deepEqual(await diagnose(), ['certificate-chain']);
    proxy.useTls(leaf, { chain: [between] });
    assert.deepEqual(await diagnose(), []);
    proxy.useTls(good);
  });

  test('TLS 1.1 is still taken, or nothing better: tls-old, tls-unusable', async () => {
    proxy.useTls(good, { minVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    assert.deepEqual(await diagnose(), ['tls-old']);
    proxy.useTls(good, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    assert.deepEqual(await diagnose(), ['tls-old', 'tls-unusable']);
    proxy.useTls(good);
  });

  test('no TLS at all, and an Autodiscover that names another address: unencrypted, autodiscover-elsewhere', async () => {
    assert.deepEqual(await diagnose({ url: new URL(world.gateway.url) }), ['autodiscover-elsewhere', 'unencrypted']);
  });

  test('a wrong password: password-wrong', async () => {
    assert.deepEqual(await diagnose({ password: 'wrong' }), ['password-wrong']);
  });

  test('the mail server is away: mail-server-down', async () => {
    const { url } = await world.secondGateway({ PUBLIC_URL: proxy.url, IMAP_URL: 'imap://127.0.0.1:1?tls=off' });
    proxy.target = url;
    assert.deepEqual(await diagnose(), ['mail-server-down']);
    proxy.target = world.gateway.url;
  });

  test('nothing listens, or the gateway behind the proxy is away: refused, mail-server-down', async () => {
    assert.deepEqual(await diagnose({ url: new URL('https://localhost:1') }), ['refused']);
    proxy.target = 'http://127.0.0.1:1';
    assert.ok((await diagnose()).includes('mail-server-down'));
    proxy.target = world.gateway.url;
  });

  test('as a command: exit status 0, 2 and 3, JSON, the password by environment or standard input', async () => {
    proxy.mischief = {};
    const args = [USER, '--url', proxy.url, '--ca', authority.file, '--hold', '0.1', '--body', '1'];
    const healthy = await command(args, { env: { CHECK_PASSWORD: PASSWORD } });
    assert.equal(healthy.status, 0, healthy.output);
    assert.match(healthy.output, /All is well/);
    const faulty = await command([...args, '--stdin', '--json'], { input: 'wrong\n' });
    assert.equal(faulty.status, 2);
    const { result, checks } = JSON.parse(faulty.output) as { result: string; checks: { findings: { code: string }[] }[] };
    assert.equal(result, 'fault');
    assert.ok(checks.some(({ findings }) => findings.some(({ code }) => code === 'password-wrong')));
    assert.ok(!faulty.output.includes('wrong\\n') && !healthy.output.includes(`"${PASSWORD}"`));
    assert.equal((await command(args, {})).status, 3, 'without a password');
    assert.equal((await command(['nobody'], {})).status, 3);
    assert.equal((await command([USER, '--password', 'x'], {})).status, 3, 'never as an argument');
  });
});

/** Counts requests with a password that reach the proxy from now on. */
function watchPasswords(): () => number {
  let seen = 0;
  proxy.mischief = { request: ({ authorization }) => void (authorization && seen++) };
  return () => seen;
}

async function command(args: string[], { env = {}, input = '' }: { env?: Record<string, string>; input?: string }) {
  const child = spawn(process.execPath, [builtPath('src', 'cli.js'), 'check', ...args], {
    env: { PATH: process.env.PATH, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk;
    });
  child.stdin.end(input);
  const [status] = await once(child, 'close');
  return { status: status as number, output };
}
