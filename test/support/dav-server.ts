import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { DataSource } from 'typeorm';
import { Directory } from '../../src/domain/accounts/directory.js';
import { Attachments } from '../../src/domain/attachments/attachments.js';
import { DomainError } from '../../src/domain/errors.js';
import { LocalHub } from '../../src/domain/notify/local-hub.js';
import { KINDS } from '../../src/domain/pim/kinds.js';
import type { PimKind } from '../../src/domain/pim/model.js';
import { PimService } from '../../src/domain/pim/pim.js';
import type { PushTransport } from '../../src/domain/push/model.js';
import { Push } from '../../src/domain/push/push.js';
import { Availability } from '../../src/domain/scheduling/availability.js';
import { Scheduling } from '../../src/domain/scheduling/scheduling.js';
import type { Services } from '../../src/domain/services.js';
import type { Logger, Session } from '../../src/domain/types.js';
import { attachmentOwner, attachmentUrl } from '../../src/faces/dav/attachments/url.js';
import { davRouter } from '../../src/faces/dav/endpoint.js';
import { pushMessage } from '../../src/faces/dav/push/message.js';
import { PostgresAccountStore } from '../../src/infra/db/account-store.js';
import { PostgresAttachments } from '../../src/infra/db/attachment-store.js';
import { PostgresAvailability } from '../../src/infra/db/availability-store.js';
import { migrate, openDatabase, poolOf } from '../../src/infra/db/data-source.js';
import { PostgresDeviceStore } from '../../src/infra/db/device-store.js';
import { PostgresFiles } from '../../src/infra/db/file-store.js';
import { PostgresLockStore } from '../../src/infra/db/lock-store.js';
import { PostgresSchedulingStore } from '../../src/infra/db/outbox-store.js';
import { PostgresPimStore } from '../../src/infra/db/pim-store.js';
import { PostgresPushStore } from '../../src/infra/db/push-store.js';
import { freshDatabase } from './cluster.js';
import { DavClient } from './dav-client.js';

export interface Pushed {
  readonly resource: string;
  readonly message: string;
}

/** The DAV face alone, over a real database and behind a login that knows its users by name and takes any password. */
export interface DavServer {
  readonly url: string;
  readonly services: Services;
  readonly database: DataSource;
  /** Log lines at level error. */
  readonly errors: readonly string[];
  /** Push messages sent. */
  readonly pushed: readonly Pushed[];
  /** The session of a user, made with the default collections when it is new. */
  session(address: string): Promise<Session>;
  client(address: string): Promise<DavClient>;
  close(): Promise<void>;
}

/** `aliases` by address: further addresses of a user. */
export async function startDavServer(aliases: Readonly<Record<string, readonly string[]>> = {}): Promise<DavServer> {
  const database = await openDatabase(await freshDatabase());
  await migrate(database);
  const errors: string[] = [];
  const pushed: Pushed[] = [];
  const services = servicesOver(database, { errors, pushed });
  const accounts = new PostgresAccountStore(database);
  const sessions = new Map<string, Promise<Session>>();
  const session = (address: string): Promise<Session> => {
    const known = sessions.get(address) ?? open(accounts, address, aliases[address] ?? []);
    sessions.set(address, known);
    return known;
  };
  const server = createServer(application(services, session));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clients: DavClient[] = [];
  return {
    url,
    services,
    database,
    errors,
    pushed,
    session,
    client: async (address) => {
      await session(address);
      const client = new DavClient({ url, user: address, password: 'secret' });
      clients.push(client);
      return client;
    },
    close: async () => {
      for (const client of clients) client.close();
      server.closeAllConnections();
      server.close();
      await database.destroy();
    },
  };
}

function servicesOver(database: DataSource, parts: { errors: string[]; pushed: Pushed[] }): Services {
  const pool = poolOf(database);
  const plain = (_: string, value: unknown) => (value instanceof Error ? value.stack : value);
  const log: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (fields, message) => void parts.errors.push(`${message} ${JSON.stringify(fields, plain)}`),
  };
  const clock = { now: () => new Date() };
  const hub = new LocalHub({ send: () => undefined, listen: () => undefined });
  const transport: PushTransport = {
    makeKeys: () => ({ publicKey: 'public', privateKey: 'private' }),
    send: async (subscription, message) => {
      parts.pushed.push({ resource: subscription.resource, message });
      return 'ok';
    },
  };
  const push = new Push({ store: new PostgresPushStore(pool), transport, clock, log, message: pushMessage });
  hub.onPublish((account, collection, by) => push.changed(account, collection, by));
  // This face does not ask for mail; what is to be sent to others waits.
  const mail = { send: () => Promise.reject(new DomainError('unavailable', 'no mail here')) } as unknown as Services['mail'];
  const pimStore = new PostgresPimStore(pool);
  const scheduling = new Scheduling({ store: new PostgresSchedulingStore(pool), pim: pimStore, mail, hub, clock, log });
  const pim = new PimService(pimStore, hub, clock, undefined, scheduling.planner);
  const directory = new Directory(new PostgresAccountStore(database));
  const stores = { files: new PostgresFiles(pool), locks: new PostgresLockStore(pool), devices: new PostgresDeviceStore(pool) };
  const availability = new Availability({ pim, directory, store: new PostgresAvailability(pool) });
  const attachments = new Attachments({
    store: new PostgresAttachments(pool),
    pim,
    url: attachmentUrl('http://gateway.test'),
    ownerIn: attachmentOwner('http://gateway.test'),
  });
  // The services that this face uses; further ones are other faces'.
  const used = {
    pim,
    mail,
    directory,
    availability,
    attachments,
    scheduling,
    ...stores,
    push,
    hub,
    clock,
    log,
    publicUrl: 'http://gateway.test',
  };
  return used as Partial<Services> as Services;
}

async function open(accounts: PostgresAccountStore, address: string, aliases: readonly string[]): Promise<Session> {
  const first = (Object.keys(KINDS) as PimKind[]).map((kind) => ({
    kind,
    slug: KINDS[kind].first.slug ?? kind,
    name: KINDS[kind].first.name,
    primary: true,
    components: KINDS[kind].components,
    properties: {},
  }));
  const displayName = address.split('@')[0] ?? '';
  const user = await accounts.create({ address, aliases, displayName, zone: 'Europe/Berlin' }, first);
  return { account: user.id, origin: 'dav:test', user };
}

function application(services: Services, session: (address: string) => Promise<Session>): express.Express {
  const app = express();
  app.disable('etag');
  app.use(express.raw({ type: () => true, limit: '16mb' }), async (req, res, next) => {
    if (!Buffer.isBuffer(req.body)) req.body = Buffer.alloc(0);
    const login = /^Basic (.*)$/.exec(req.headers.authorization ?? '')?.[1];
    const address = Buffer.from(login ?? '', 'base64')
      .toString()
      .split(':')[0];
    if (address) res.locals.session = await session(address);
    res.locals.log = services.log;
    next();
  });
  app.use(davRouter(services));
  app.use((_req, res) => void res.status(404).end());
  return app;
}
