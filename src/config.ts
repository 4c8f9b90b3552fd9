import { readFileSync } from 'node:fs';
import path from 'node:path';
import { OPEN_POLICIES, type PolicyBook, PolicyProblems, readPolicies } from './domain/devices/policies.js';
import type { RoomLogin } from './domain/scheduling/room-mail.js';
import { parseImapUrl, type ServerUrl } from './infra/imap/url.js';
import { parseSieveUrl } from './infra/sieve/url.js';
import { parseSmtpUrl } from './infra/smtp/url.js';
import { type MailServers, readMailServers } from './mail-servers.js';

export type { MailServers };

/** The gateway's configuration, read from the environment. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Processes of this machine that share the port. */
  readonly workers: number;
  /** A port of its own for `/metrics`; null: beside the faces, of one process only. */
  readonly metricsPort: number | null;
  /** Base URL under which clients reach the gateway, without a trailing slash. */
  readonly publicUrl: string;
  /** Null: an embedded PostgreSQL in `dataDir`. */
  readonly databaseUrl: string | null;
  readonly databasePool: number;
  /** Carries change signals between processes; null: PostgreSQL does. */
  readonly redisUrl: string | null;
  readonly dataDir: string;
  /** Servers by mail domain; the entry `*` serves all others. */
  readonly domains: ReadonlyMap<string, MailServers>;
  /** Added to a login name without a domain. */
  readonly mailDomain: string | null;
  readonly tls: { readonly certificate: string; readonly key: string } | null;
  /** Set: the mail server pushes changes to `/push/mail` with this secret, and no IMAP connection waits. */
  readonly pushSecret: string | null;
  /** How mailboxes of rooms are opened; null: nobody elsewhere can invite a room. */
  readonly rooms: RoomLogin | null;
  /** Hosts that WebDAV-Push messages may go to; without a list every public one. */
  readonly webPush: { readonly hosts?: readonly string[] };
  /** What is asked of ActiveSync devices, and which protocol versions they are offered. */
  readonly easPolicies: PolicyBook;
  /** Whether devices that repeat the same request over and over are slowed down. */
  readonly easDamping: boolean;
  /** More items removed by one device within a minute leave a restore point. */
  readonly massRemoval: number;
  /** PEM text of roots for S/MIME besides those of the system; empty for none. */
  readonly smimeAuthorities: string;
  readonly logLevel: LogLevel;
  /** Where spans go; null: nothing is traced, and nothing of OpenTelemetry is loaded. */
  readonly otel: OtelConfig | null;
  /** Express's `trust proxy`: hops, or addresses of proxies. */
  readonly trustProxy: boolean | number | string;
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Every problem of the environment at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(`the configuration can't be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/** Reads the configuration. @throws ConfigError that lists every problem */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const problems: string[] = [];
  const read = <T>(name: string, parse: (value: string) => T, fallback: T): T => {
    const value = env[name]?.trim();
    if (value === undefined || value === '') return fallback;
    try {
      return parse(value);
    } catch (error) {
      problems.push(`${name}: ${error instanceof Error ? error.message : 'not usable'}`);
      return fallback;
    }
  };

  const host = read('HOST', (value) => value, '0.0.0.0');
  const port = read('PORT', portNumber, 8080);
  const tls = readTls(env, problems);
  const imap = read<ServerUrl | null>('IMAP_URL', parseImapUrl, null);
  const ownServers = read('MAIL_SERVERS', readMailServers, new Map<string, MailServers>());
  const named = [env.IMAP_URL, env.MAIL_SERVERS].some((value) => value?.trim());
  if (!named) problems.push('IMAP_URL: missing, for example imaps://mail.example.com');
  const smtp = read<ServerUrl | null>('SMTP_URL', parseSmtpUrl, null);
  const sieve = read<ServerUrl | null>('SIEVE_URL', parseSieveUrl, null);
  const scheme = tls ? 'https' : 'http';
  const config: Config = {
    host,
    port,
    publicUrl: read('PUBLIC_URL', publicUrl, `${scheme}://${host === '0.0.0.0' ? 'localhost' : host}:${port}`),
    workers: read('WORKERS', positive, 1),
    metricsPort: read<number | null>('METRICS_PORT', portNumber, null),
    databaseUrl: read<string | null>('DATABASE_URL', databaseUrl, null),
    databasePool: read('DATABASE_POOL', positive, 10),
    redisUrl: read<string | null>('REDIS_URL', redisUrl, null),
    dataDir: path.resolve(read('DATA_DIR', (value) => value, '.data')),
    domains: new Map([...(imap ? [['*', { imap, smtp, sieve }] as const] : []), ...ownServers]),
    mailDomain: read<string | null>('MAIL_DOMAIN', domainName, null),
    tls,
    pushSecret: read<string | null>('PUSH_SECRET', pushSecret, null),
    rooms: readRooms(env, problems),
    webPush: read<Config['webPush']>('WEBPUSH_HOSTS', (value) => ({ hosts: value.split(/[\s,]+/).filter(Boolean) }), {}),
    easPolicies: policies(env, problems),
    easDamping: read('EAS_DAMPING', onOff, true),
    massRemoval: read('MASS_REMOVAL_LIMIT', positive, 50),
    smimeAuthorities: read('SMIME_CA', certificates, ''),
    logLevel: read<LogLevel>('LOG_LEVEL', logLevel, 'info'),
    otel: otel(read),
    trustProxy: read<boolean | number | string>('TRUST_PROXY', trustProxy, false),
  };
  if (config.port === 0 && config.workers > 1) problems.push('PORT: workers need a fixed one');
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** The servers of an address's domain. */
export function serversFor(config: Pick<Config, 'domains'>, address: string): MailServers | undefined {
  // What follows an asterisk names a master user of the mail server.
  const domain = address
    .slice(address.lastIndexOf('@') + 1)
    .replace(/\*.*$/, '')
    .toLowerCase();
  return config.domains.get(domain) ?? config.domains.get('*');
}

function readRooms(env: NodeJS.ProcessEnv, problems: string[]): RoomLogin | null {
  const [user, password] = [env.ROOM_LOGIN?.trim(), env.ROOM_PASSWORD];
  if (!user && !password) return null;
  if (user && password) return { user, password };
  problems.push('ROOM_LOGIN and ROOM_PASSWORD: both are needed, or neither');
  return null;
}

function readTls(env: NodeJS.ProcessEnv, problems: string[]): Config['tls'] {
  const { TLS_CERT: certificate, TLS_KEY: key } = env;
  if (!certificate && !key) return null;
  if (!certificate || !key) {
    problems.push('TLS_CERT and TLS_KEY: both are needed, or neither');
    return null;
  }
  for (const [name, file] of [
    ['TLS_CERT', certificate],
    ['TLS_KEY', key],
  ] as const) {
    try {
      readFileSync(file);
    } catch {
      problems.push(`${name}: the file ${file} can't be read`);
    }
  }
  return { certificate, key };
}

/** JSON text, or the name of a file with it; each problem of the table is one of the configuration. */
function policies(env: NodeJS.ProcessEnv, problems: string[]): PolicyBook {
  const value = env.EAS_POLICIES?.trim();
  if (!value) return OPEN_POLICIES;
  try {
    return readPolicies(JSON.parse(value.startsWith('{') ? value : readFileSync(value, 'utf8')));
  } catch (error) {
    const found = error instanceof PolicyProblems ? error.problems : [(error as Error).message];
    problems.push(...found.map((problem) => `EAS_POLICIES: ${problem}`));
    return OPEN_POLICIES;
  }
}

function portNumber(value: string): number {
  const port = Number(value);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`${value} is not a port`);
  return port;
}

function onOff(value: string): boolean {
  if (value !== 'on' && value !== 'off') throw new Error('must be on or off');
  return value === 'on';
}

type Read = <T>(name: string, parse: (value: string) => T, fallback: T) => T;

/** OpenTelemetry, by its own environment variables. */
interface OtelConfig {
  /** OTEL_EXPORTER_OTLP_ENDPOINT: base URL of a collector that takes OTLP over HTTP, without `/v1/traces`. */
  readonly endpoint: string;
  /** OTEL_SERVICE_NAME. */
  readonly service: string;
  /** OTEL_TRACES_SAMPLER_ARG: the share of requests that are traced where the caller has not decided, 0 to 1. */
  readonly ratio: number;
  /** OTEL_BSP_SCHEDULE_DELAY: milliseconds in which spans are collected before they are sent. */
  readonly delay: number;
}

/** The names are OpenTelemetry's own; those of OTEL_EXPORTER_OTLP_HEADERS and the like its exporter reads itself. */
function otel(read: Read): Config['otel'] {
  const endpoint = read<string | null>('OTEL_EXPORTER_OTLP_ENDPOINT', publicUrl, null);
  const service = read('OTEL_SERVICE_NAME', (value) => value, 'mobile-sync-gateway');
  const ratio = read('OTEL_TRACES_SAMPLER_ARG', share, 1);
  const delay = read('OTEL_BSP_SCHEDULE_DELAY', positive, 5_000);
  return endpoint === null ? null : { endpoint, service, ratio, delay };
}

function share(value: string): number {
  const number = Number(value);
  if (!(number >= 0 && number <= 1)) throw new Error(`${value} is not a share between 0 and 1`);
  return number;
}

function positive(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new Error(`${value} is not a number above 0`);
  return number;
}

function publicUrl(value: string): string {
  const url = new URL(value);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Error('must start with https:// or http://');
  return url.href.replace(/\/+$/, '');
}

function databaseUrl(value: string): string {
  const { protocol } = new URL(value);
  if (protocol !== 'postgres:' && protocol !== 'postgresql:') throw new Error('must start with postgres://');
  return value;
}

function redisUrl(value: string): string {
  const { protocol } = new URL(value);
  if (protocol !== 'redis:' && protocol !== 'rediss:') throw new Error('must start with redis:// or rediss://');
  return value;
}

/** The text of a PEM file with at least one certificate. */
function certificates(file: string): string {
  const text = readFileSync(file, 'utf8');
  if (!text.includes('-----BEGIN CERTIFICATE-----')) throw new Error(`${file} holds no certificate`);
  return text;
}

function domainName(value: string): string {
  if (!/^[\p{L}\p{N}.-]+$/u.test(value)) throw new Error(`${value} is not a domain name`);
  return value.toLowerCase();
}

function pushSecret(value: string): string {
  if (value.length < 16) throw new Error('must have at least 16 characters');
  return value;
}

function logLevel(value: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === value.toLowerCase());
  if (!level) throw new Error(`must be one of ${LOG_LEVELS.join(', ')}`);
  return level;
}

function trustProxy(value: string): boolean | number | string {
  if (/^\d+$/.test(value)) return Number(value);
  if (value === 'true' || value === 'false') return value === 'true';
  return value;
}
