import { randomUUID } from 'node:crypto';
import express from 'express';
import type { DataSource } from 'typeorm';
import { type Config, type MailServers, serversFor } from './config.js';
import { CertificateCheck } from './domain/accounts/certificates.js';
import { Directory } from './domain/accounts/directory.js';
import { OutOfOfficeService } from './domain/accounts/out-of-office.js';
import { Sessions } from './domain/accounts/sessions.js';
import { Attachments } from './domain/attachments/attachments.js';
import { DomainError } from './domain/errors.js';
import type { MailBackend } from './domain/mail/backend.js';
import { createMail } from './domain/mail/mail.js';
import { Notebooks } from './domain/mail/notebooks.js';
import { ACCOUNT, type ChangeHub } from './domain/notify/hub.js';
import { WATCH } from './domain/notify/leases.js';
import { LocalHub, type WatchMail } from './domain/notify/local-hub.js';
import { MailPush } from './domain/notify/mail-push.js';
import { MailSignals } from './domain/notify/mail-signals.js';
import { Sweep } from './domain/notify/sweep.js';
import { BusTurns } from './domain/notify/turns.js';
import { MailWatcher } from './domain/notify/watch.js';
import { PimService } from './domain/pim/pim.js';
import { Retention } from './domain/pim/retention.js';
import { Push } from './domain/push/push.js';
import { Availability } from './domain/scheduling/availability.js';
import { Scheduling } from './domain/scheduling/scheduling.js';
import type { Services } from './domain/services.js';
import type { Clock, Id, Logger } from './domain/types.js';
import { autodiscoverRouter, isAutodiscoverPath } from './faces/autodiscover/endpoint.js';
import { attachmentOwner, attachmentUrl } from './faces/dav/attachments/url.js';
import { davRouter } from './faces/dav/endpoint.js';
import { pushMessage } from './faces/dav/push/message.js';
import { easRouter } from './faces/eas/endpoint.js';
import { mailPushGuard, mailPushRouter } from './faces/mail-push/endpoint.js';
import { webRouter } from './faces/web/endpoint.js';
import { createHealth } from './http/health.js';
import { atMost, mostConnections, openFileLimit } from './http/limits.js';
import { type Listening, listen } from './http/listen.js';
import { createMetrics, type Metrics } from './http/metrics.js';
import { createServerApp, type Mount } from './http/server.js';
import { PostgresBus } from './infra/bus/postgres.js';
import { RedisBus } from './infra/bus/redis.js';
import { PostgresAccountStore } from './infra/db/account-store.js';
import { PostgresAttachments } from './infra/db/attachment-store.js';
import { PostgresAvailability } from './infra/db/availability-store.js';
import { isMigrated, migrate, openDatabase, poolOf } from './infra/db/data-source.js';
import { PostgresDeviceOrder } from './infra/db/device-order.js';
import { PostgresDeviceStore } from './infra/db/device-store.js';
import { PostgresFiles } from './infra/db/file-store.js';
import { PostgresLockStore } from './infra/db/lock-store.js';
import { PostgresMailFolderStore } from './infra/db/mail-folder-store.js';
import { PostgresMailNotes } from './infra/db/mail-notes.js';
import { PostgresMailSignals } from './infra/db/mail-signal-store.js';
import { PostgresSchedulingStore } from './infra/db/outbox-store.js';
import { PostgresPimStore } from './infra/db/pim-store.js';
import { guardPool } from './infra/db/pool-guard.js';
import { PostgresPushStore } from './infra/db/push-store.js';
import { PostgresWatchLeases } from './infra/db/watch-leases.js';
import { createImapBackend } from './infra/imap/backend.js';
import type { ImapClient } from './infra/imap/client.js';
import { ManageSieveServer } from './infra/sieve/filter-server.js';
import { WebPush } from './infra/webpush/transport.js';

const MEGABYTE = 1024 * 1024;
/** How often lost change signals are made good, in milliseconds. */
const SWEEP = 60_000;
/** Queries that wait for a connection of the pool; more are refused with 503. A rush of some thousand phones fits in: it takes seconds. */
const DATABASE_QUEUE = 5_000;
/** Requests of the mail server at a time: each is short, and what is refused is made good by the next. */
const PUSHES = 100;
/** Below it a process runs out of files before it runs out of memory. */
const FEW_FILES = 65_536;

export interface Gateway {
  readonly port: number;
  /** Answers everybody who waits, finishes what is under way, closes all connections. */
  stop(grace: number): Promise<void>;
}

/** Joins all parts and starts to listen. The only place that knows them all. */
export async function startGateway(
  config: Config,
  databaseUrl: string,
  log: Logger & { child(fields: object): Logger },
): Promise<Gateway> {
  const database = await openDatabase(databaseUrl, { poolSize: config.databasePool });
  await migrate(database);
  const bus = config.redisUrl === null ? new PostgresBus(databaseUrl, log) : new RedisBus(config.redisUrl, log);
  await bus.start();

  const clock: Clock = { now: () => new Date() };
  const pool = poolOf(database);
  const guard = guardPool(pool, DATABASE_QUEUE);
  const tracing = config.otel && (await startOtel(config.otel, pool, log));
  const metrics = createMetrics();
  const backend = createImapBackend({ servers: (address) => mailServers(config, address), log, opened: tracing?.opened });
  tracing?.sending(backend);
  const folders = new PostgresMailFolderStore(pool);
  const accounts = new PostgresAccountStore(database);
  const mail = createMail({ backend, folders, log });
  const leases = new PostgresWatchLeases(pool);
  const hear = (heard: (account: Id, collection: Id) => void) =>
    bus.listen((account, collection) => {
      heard(account, collection);
      scheduling.heard(account, collection);
    });
  const mailSignalStore = new PostgresMailSignals(pool);
  const mailSignals = new MailSignals(mailSignalStore, log);
  const watcher = new MailWatcher({
    mail,
    backend,
    leases,
    publish: (account, collection) => {
      bus.send(account, collection);
      mailSignals.note(account, collection);
    },
    log,
    process: randomUUID(),
  });
  // Where the mail server pushes, no connection has to wait.
  const watchMail: WatchMail = (s, folders) => {
    const ends = [config.pushSecret === null ? watcher.watch(s, folders) : undefined, scheduling.waiting(s, folders)];
    return () => {
      for (const end of ends) end?.();
    };
  };
  const hub = new LocalHub(
    { send: (account, collection) => bus.send(account, collection), listen: hear },
    watchMail,
    (seconds) => {
      metrics.woken(seconds);
      tracing?.woken(seconds, bus.lagSeconds);
    },
  );
  const pimStore = new PostgresPimStore(pool);
  const rooms = config.rooms ? { login: config.rooms, watch: watchMail } : undefined;
  const scheduling = new Scheduling({ store: new PostgresSchedulingStore(pool), pim: pimStore, mail, hub, clock, log, rooms });
  scheduling.start();
  hub.onSignal(WATCH, (account) => watcher.leaseChanged(account));
  await watcher.start();
  const sweep = new Sweep(hub, pimStore, log, mailSignalStore);
  sweep.start(SWEEP);
  const transport = new WebPush({ log, subject: pushSubject(config.publicUrl), ...config.webPush });
  const push = new Push({ store: new PostgresPushStore(pool), transport, clock, log, message: pushMessage });
  hub.onPublish((account, collection, by) => push.changed(account, collection, by));
  const retention = new Retention(pimStore, clock, log);
  retention.start();
  const pim = new PimService(pimStore, hub, clock, config.massRemoval, scheduling.planner);
  const directory = new Directory(accounts);
  const filters = new ManageSieveServer((username) => serversFor(config, username)?.sieve ?? null);
  const order = new PostgresDeviceOrder(databaseUrl);
  const services: Services = {
    pim,
    mail,
    mailNotes: new PostgresMailNotes(pool),
    notebooks: new Notebooks(mail, clock),
    directory,
    outOfOffice: new OutOfOfficeService(filters, pim, clock),
    certificates: new CertificateCheck(config.smimeAuthorities, clock),
    availability: new Availability({ pim, directory, store: new PostgresAvailability(pool) }),
    scheduling,
    attachments: new Attachments({
      store: new PostgresAttachments(pool),
      pim,
      url: attachmentUrl(config.publicUrl),
      ownerIn: attachmentOwner(config.publicUrl),
    }),
    files: new PostgresFiles(pool),
    locks: new PostgresLockStore(pool),
    devices: new PostgresDeviceStore(pool),
    order,
    turns: new BusTurns(hub),
    push,
    meter: metrics.meter,
    hub,
    clock,
    log,
    publicUrl: config.publicUrl,
  };
  const sessions = new Sessions({
    accounts,
    verify: (credentials) => backend.verify(credentials),
    clock: clock,
    mailDomain: config.mailDomain ?? undefined,
  });

  hub.onSignal(ACCOUNT, (id) => sessions.forget({ id }));

  metrics.gauge('gateway_waiting_requests', 'Requests that wait for a change', () => hub.waiting);
  metrics.gauge('gateway_watched_accounts', 'Accounts with a mail watch', () => watcher.size);
  metrics.gauge('gateway_imap_connections', 'IMAP connections of requests, without watches', () => backend.connections);
  metrics.gauge('gateway_imap_watches', 'IMAP connections that watch an account', () => backend.watching);
  metrics.gauge('gateway_mail_servers_away', 'IMAP and SMTP servers that do not answer', () => backend.away);
  metrics.gauge('gateway_database_connections', 'Database connections of the pool', () => pool.totalCount);
  metrics.gauge('gateway_database_idle', 'Those of them that are free', () => pool.idleCount);
  metrics.gauge('gateway_database_waiting', 'Queries that wait for one', () => pool.waitingCount);
  metrics.gauge('gateway_database_away', '1 while the database does not answer', () => Number(guard.away));
  metrics.gauge('gateway_bus_lag_seconds', 'Time of the last change signal over the bus and back', () => bus.lagSeconds);
  const pushed: Pick<ChangeHub, 'publish'> = {
    publish: (account, folder) => {
      hub.publish(account, folder);
      mailSignals.note(account, folder);
    },
  };
  const health = createHealth(() => isReady(database));
  const app = createServerApp({
    mounts: [
      ...mailPushMounts(config, new MailPush({ accounts, folders, hub: pushed, clock: clock })),
      ...mounts(config, services),
    ],
    openSession: async (username, password, address) => {
      const session = await sessions.open(username, password, address);
      scheduling.seen(session);
      return session;
    },
    health,
    metrics,
    publicMetrics: config.metricsPort === null,
    log,
    trustProxy: config.trustProxy,
    trace: tracing?.requests,
  });
  const files = openFileLimit();
  if (files !== null && files < FEW_FILES)
    log.warn(
      { files, phones: Math.floor(files * (config.pushSecret === null ? 0.45 : 0.9)) },
      'few open files are allowed: this process can hold so many waiting phones',
    );
  const listening = await listen(app, { ...config, log, maxConnections: mostConnections(files) });
  metrics.gauge('gateway_open_files_limit', 'Files that the process may open; 0: not known', () => files ?? 0);
  // A worker's metrics are added up in the primary.
  const metricsServer = config.metricsPort === null || config.workers > 1 ? null : await listenMetrics(config, metrics, log);
  return {
    port: listening.port,
    stop: (grace) =>
      stop(
        {
          health,
          metricsServer,
          hub,
          sweep,
          retention,
          scheduling,
          listening,
          watcher,
          mailSignals,
          tracing,
          backend,
          order,
          bus,
          database,
        },
        grace,
      ),
  };
}

/** Puts spans between the parts. OpenTelemetry is loaded here and nowhere else: it takes memory that most do without. */
async function startOtel(config: NonNullable<Config['otel']>, pool: ReturnType<typeof poolOf>, log: Logger) {
  const { startTracing } = await import('./infra/otel/tracing.js');
  const { tracedImap, traceSending } = await import('./infra/otel/joins.js');
  const { traceStatements } = await import('./infra/db/traced-pool.js');
  const { traceRequests } = await import('./http/tracing.js');
  const tracing = startTracing(config, log);
  traceStatements(pool, tracing);
  return {
    requests: traceRequests(tracing),
    opened: (client: ImapClient) => tracedImap(client, tracing),
    sending: (backend: MailBackend) => traceSending(backend, tracing),
    woken: (seconds: number, lag: number) => tracing.note('wake', seconds, { 'gateway.bus_lag_seconds': lag }),
    stop: () => tracing.stop(),
  };
}

/** Which face answers where; bodies larger than the limit are refused before they are read. */
function mounts(config: Config, services: Services): Mount[] {
  const autodiscover = autodiscoverRouter((address) => {
    const servers = serversFor(config, address);
    return servers && { publicUrl: config.publicUrl, ...servers };
  });
  return [
    {
      face: 'autodiscover',
      path: '/',
      owns: isAutodiscoverPath,
      router: autodiscover,
      maxBody: MEGABYTE,
      anonymous: 'all',
    },
    { face: 'web', path: '/api/v1', router: webRouter(services), maxBody: MEGABYTE, anonymous: () => false },
    {
      face: 'eas',
      path: '/Microsoft-Server-ActiveSync',
      router: easRouter(services, { policies: config.easPolicies, ...(!config.easDamping && { damping: null }) }),
      maxBody: 60 * MEGABYTE,
      anonymous: () => false,
    },
    {
      face: 'dav',
      path: '/',
      router: davRouter(services),
      maxBody: 16 * MEGABYTE,
      // Discovery starts without credentials: what a server can do is no secret (RFC 4791 §5.1).
      anonymous: (req) => req.method === 'OPTIONS',
    },
  ];
}

function mailPushMounts(config: Config, push: MailPush): Mount[] {
  if (config.pushSecret === null) return [];
  const router = mailPushRouter(push, config.pushSecret);
  const admit = [mailPushGuard(config.pushSecret), atMost(PUSHES)];
  return [{ face: 'mail-push', path: '/push/mail', router, maxBody: MEGABYTE, anonymous: 'all', admit }];
}

function mailServers(config: Config, address: string): MailServers {
  const servers = serversFor(config, address);
  if (!servers) throw new DomainError('unauthenticated', 'no mail server for that domain');
  return servers;
}

async function isReady(database: DataSource): Promise<boolean> {
  await database.query('SELECT 1');
  return isMigrated(database);
}

function listenMetrics(config: Config, metrics: Metrics, log: Logger): Promise<Listening> {
  const app = express().get('/metrics', metrics.handler);
  return listen(app, { host: config.host, port: config.metricsPort ?? 0, tls: null, log });
}

interface Parts {
  readonly metricsServer: Listening | null;
  readonly health: { drain(): void };
  readonly hub: LocalHub;
  readonly sweep: Sweep;
  readonly retention: Retention;
  readonly scheduling: Scheduling;
  readonly listening: Listening;
  readonly watcher: MailWatcher;
  readonly mailSignals: MailSignals;
  readonly tracing: { stop(): Promise<void> } | null;
  readonly backend: { close(): Promise<void> };
  readonly order: { stop(): Promise<void> };
  readonly bus: { stop(): Promise<void> };
  readonly database: DataSource;
}

async function stop(parts: Parts, grace: number): Promise<void> {
  parts.health.drain();
  await parts.metricsServer?.close(0);
  parts.sweep.stop();
  parts.retention.stop();
  parts.hub.drain();
  await parts.listening.close(grace);
  await parts.scheduling.stop();
  await parts.watcher.close();
  await parts.mailSignals.flush();
  await parts.tracing?.stop();
  await parts.backend.close();
  await parts.order.stop();
  await parts.bus.stop();
  await parts.database.destroy();
}

/** Contact for push services, which accept no http URL (RFC 8292 §2.1). */
function pushSubject(publicUrl: string): string {
  return publicUrl.startsWith('https:') ? publicUrl : `mailto:postmaster@${new URL(publicUrl).hostname}`;
}
