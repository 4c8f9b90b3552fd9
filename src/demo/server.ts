import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { type OwnCertificate, ownAddresses, ownCertificate } from './certificate.js';
import { startGatewayProcess } from './gateway-process.js';
import { startHttpsFront } from './https-front.js';
import { instructions } from './instructions.js';
import { DEMO_DOMAIN, DEMO_PASSWORD, DEMO_USERS, type DemoMail, startDemoMail } from './mail-servers.js';
import { isFree } from './ports.js';
import { seedOnce } from './seed.js';

/**
 * The program behind script/server: the gateway, and those parts of the demo that the environment does not name
 * (IMAP_URL: no mail servers and no demo accounts; DATABASE_URL: no embedded database; TLS_CERT: no HTTPS front).
 * Everything it starts ends with it.
 */
const { env } = process;
const dataDir = resolve(env.DATA_DIR || '.data');
const host = env.HOST || '0.0.0.0';
const port = portOf('PORT', 8080);
const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
const localUrl = `${env.TLS_CERT ? 'https' : 'http'}://${reachable}:${port}`;
const stops: (() => Promise<void>)[] = [];
let leaving = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void leave(0));
try {
  await start();
} catch (error) {
  if (!leaving) {
    say((error as Error).message);
    await leave(1);
  }
}

async function start(): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const mail = env.IMAP_URL ? undefined : await startMail();
  const secure = await prepareHttps();
  await startGateway(mail, secure !== null);
  if (mail && (await seedOnce(dataDir, mail.dovecot.ports.imap, localUrl))) say('The demo accounts are filled.');
  const httpsPort = secure ? await startFront(secure) : undefined;
  if (leaving) return;
  console.log(
    instructions({
      hosts: ownAddresses(),
      port,
      dataDir,
      secure: env.TLS_CERT !== undefined,
      ...(secure && httpsPort ? { https: { port: httpsPort, certificate: secure.file } } : {}),
      ...(mail ? { demo: demoOf(mail) } : {}),
    }),
  );
}

async function startMail(): Promise<DemoMail> {
  const mail = await startDemoMail(dataDir, { imap: portOf('IMAP_PORT', 1143), smtp: portOf('SMTP_PORT', 1587) }, say);
  stops.push(mail.stop);
  void mail.dovecot.ended.then(() => endedItself('the demo Dovecot', mail.dovecot.logs().slice(-1000)));
  return mail;
}

async function startGateway(mail: DemoMail | undefined, behindFront: boolean): Promise<void> {
  const sieve = mail?.sieveUrl ? { SIEVE_URL: mail.sieveUrl } : {};
  const servers = mail ? { IMAP_URL: mail.dovecot.url, SMTP_URL: mail.submission.url, ...sieve, MAIL_DOMAIN: DEMO_DOMAIN } : {};
  const trust = behindFront && !env.TRUST_PROXY ? { TRUST_PROXY: 'loopback' } : {};
  const named =
    behindFront && !env.PUBLIC_URL
      ? { PUBLIC_URL: `https://${ownAddresses()[0] ?? 'localhost'}:${portOf('HTTPS_PORT', 8443)}` }
      : {};
  const gateway = await startGatewayProcess({
    env: { ...env, ...servers, ...trust, ...named, HOST: host, PORT: String(port), DATA_DIR: dataDir },
    dataDir,
    host,
    port,
    url: localUrl,
  });
  stops.push(gateway.stop);
  void gateway.ended.then((how) => endedItself('the gateway', how));
}

/** The self-made certificate for HTTPS on a second port, or null where that is not wanted or not possible. */
async function prepareHttps(): Promise<OwnCertificate | null> {
  if (env.TLS_CERT || env.HTTPS_PORT === '0') return null;
  const own = await ownCertificate(join(dataDir), ['localhost', hostname(), '127.0.0.1', ...ownAddresses()]);
  if (!own) say('openssl is not installed: no HTTPS with a self-made certificate');
  return own;
}

async function startFront(own: OwnCertificate): Promise<number | undefined> {
  const wanted = portOf('HTTPS_PORT', 8443);
  if (!(await isFree(wanted, host))) {
    say(`port ${wanted} is taken: no HTTPS; set HTTPS_PORT to another one`);
    return undefined;
  }
  const front = await startHttpsFront(own, host, wanted, { host: reachable, port });
  stops.push(front.stop);
  return front.port;
}

function demoOf({ dovecot, submission }: DemoMail) {
  return { users: DEMO_USERS, password: DEMO_PASSWORD, imapPort: dovecot.ports.imap, smtpPort: submission.port };
}

function endedItself(what: string, how: string): void {
  if (leaving) return;
  say(`${what} ended: ${how}`);
  void leave(1);
}

/** Stops everything in the reverse order of its start; a second Ctrl-C does not wait. */
async function leave(code: number): Promise<void> {
  if (leaving) process.exit(130);
  leaving = true;
  for (const stop of stops.reverse()) await stop().catch((error: Error) => say(error.message));
  process.exit(code);
}

function portOf(name: string, fallback: number): number {
  const value = Number(env[name] || fallback);
  if (Number.isInteger(value) && value >= 0 && value < 65536) return value;
  console.error(`${name} is no port number: ${env[name]}`);
  process.exit(1);
}

function say(line: string): void {
  console.error(line);
}
