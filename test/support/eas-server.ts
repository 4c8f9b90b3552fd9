import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { CertificateCheck } from '../../src/domain/accounts/certificates.js';
import { Directory } from '../../src/domain/accounts/directory.js';
import { Attachments } from '../../src/domain/attachments/attachments.js';
import { DomainError } from '../../src/domain/errors.js';
import { Notebooks } from '../../src/domain/mail/notebooks.js';
import { type ChangeBus, LocalHub } from '../../src/domain/notify/local-hub.js';
import { KINDS } from '../../src/domain/pim/kinds.js';
import type { PimKind } from '../../src/domain/pim/model.js';
import { PimService } from '../../src/domain/pim/pim.js';
import type { Services } from '../../src/domain/services.js';
import type { Id, Logger, Session } from '../../src/domain/types.js';
import { attachmentOwner, attachmentUrl } from '../../src/faces/dav/attachments/url.js';
import { type EasOptions, easRouter } from '../../src/faces/eas/endpoint.js';
import { PostgresAccountStore } from '../../src/infra/db/account-store.js';
import { PostgresAttachments } from '../../src/infra/db/attachment-store.js';
import { migrate, openDatabase, poolOf } from '../../src/infra/db/data-source.js';
import { PostgresDeviceStore } from '../../src/infra/db/device-store.js';
import { PostgresMailNotes } from '../../src/infra/db/mail-notes.js';
import { PostgresPimStore } from '../../src/infra/db/pim-store.js';
import { freshDatabase } from './cluster.js';
import { EasPhone } from './eas-phone.js';
import type { PhoneIdentity } from './eas-phone-wire.js';
import { MemoryMail } from './memory-mail.js';

/** The ActiveSync face alone: a real database, a mailbox in memory, one user who is logged in. */
export interface EasServer {
  readonly url: string;
  readonly services: Services;
  readonly mail: MemoryMail;
  readonly session: Session;
  /** Log lines at level error. */
  readonly errors: string[];
  /** SQL statements since the last call, by name or beginning. */
  statements(): string[];
  /** Stands for time going by. */
  clock: { now(): Date };
  phone(identity?: Partial<PhoneIdentity>): EasPhone;
  /** A phone that is provisioned and knows the folders. */
  ready(identity?: Partial<PhoneIdentity>): Promise<EasPhone>;
  close(): Promise<void>;
}

export async function startEasServer(options: EasOptions = {}): Promise<EasServer> {
  const database = await openDatabase(await freshDatabase());
  await migrate(database);
  const pool = poolOf(database);
  const errors: string[] = [];
  const statements: string[] = [];
  spyOn(pool, statements);
  const hub = new LocalHub(new LoopbackBus());
  const mail = new MemoryMail();
  const clock = { now: () => new Date() };
  const log = logger(errors);
  const accounts = new PostgresAccountStore(database);
  const pim = new PimService(new PostgresPimStore(pool), hub, { now: () => new Date() });
  const attachments = new Attachments({
    store: new PostgresAttachments(pool),
    pim,
    url: attachmentUrl('http://gateway.test'),
    ownerIn: attachmentOwner('http://gateway.test'),
  });
  const services = {
    directory: new Directory(accounts),
    pim,
    attachments,
    mail,
    mailNotes: new PostgresMailNotes(pool),
    notebooks: new Notebooks(mail, clock),
    devices: new PostgresDeviceStore(pool),
    outOfOffice: { isAvailable: () => false },
    certificates: new CertificateCheck('', { now: () => clock.now() }),
    scheduling: {
      sentMail: { isRepeated: async () => false, note: async () => undefined },
      respond: () => Promise.reject(new DomainError('invalid', 'there are no meetings here')),
    },
    hub,
    clock: { now: () => clock.now() },
    log,
    publicUrl: 'http://gateway.test',
  } as unknown as Services;
  const session = await logIn(accounts);
  mail.onChange = (folder) => hub.publish(session.account, folder);
  const app = express().use(
    '/Microsoft-Server-ActiveSync',
    express.raw({ type: () => true, limit: '64mb' }),
    (req, res, next) => {
      if (!Buffer.isBuffer(req.body)) req.body = Buffer.alloc(0);
      Object.assign(res.locals, { session, log });
      easRouterOf(req, res, next);
    },
  );
  const easRouterOf = easRouter(services, options);
  const server = createServer(app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const phones: EasPhone[] = [];
  const phone = (identity: Partial<PhoneIdentity> = {}) => {
    const made = new EasPhone({ url, user: 'alice@example.test', password: 'secret', ...identity });
    phones.push(made);
    return made;
  };
  return {
    url,
    services,
    mail,
    session,
    errors,
    clock,
    statements: () => statements.splice(0),
    phone,
    ready: async (identity) => {
      const made = phone(identity);
      await made.provision();
      await made.folderSync();
      return made;
    },
    close: async () => {
      for (const made of phones) made.close();
      hub.drain();
      server.closeAllConnections();
      server.close();
      await database.destroy();
    },
  };
}

class LoopbackBus implements ChangeBus {
  #heard: (account: Id, collection: Id) => void = () => {};

  send(account: Id, collection: Id): void {
    setImmediate(() => this.#heard(account, collection));
  }

  listen(heard: (account: Id, collection: Id) => void): void {
    this.#heard = heard;
  }
}

interface Queries {
  query(...args: unknown[]): unknown;
}

/** Notes each statement that goes through the pool, or through a client taken from it. */
function spyOn(pool: object, statements: string[]): void {
  const note = (first: unknown) => {
    const { name, text } = (typeof first === 'string' ? { name: undefined, text: first } : first) as {
      name?: string;
      text: string;
    };
    statements.push(name ?? text.trim().slice(0, 40));
  };
  const wrap = (target: Queries) => {
    const original = target.query.bind(target);
    target.query = (...args) => {
      note(args[0]);
      return original(...args);
    };
  };
  const seen = new WeakSet<object>();
  (pool as { on(event: string, listener: (client: Queries) => void): void }).on('acquire', (client) => {
    if (seen.has(client)) return;
    seen.add(client);
    wrap(client);
  });
}

async function logIn(accounts: PostgresAccountStore): Promise<Session> {
  const first = (Object.keys(KINDS) as PimKind[]).map((kind) => ({
    kind,
    slug: KINDS[kind].first.slug ?? kind,
    name: KINDS[kind].first.name,
    primary: true,
    components: KINDS[kind].components,
    properties: {},
  }));
  const facts = {
    address: 'alice@example.test',
    aliases: ['a.liddell@example.test'],
    displayName: 'Alice',
    zone: 'Europe/Berlin',
  };
  const user = await accounts.create(facts, first);
  return { account: user.id, origin: 'test', user };
}

function logger(errors: string[]): Logger {
  const show = (_key: string, value: unknown) => (value instanceof Error ? value.stack : value);
  return {
    debug: () => undefined,
    info: (fields, message) => void (process.env.EAS_LOG && console.log(message, JSON.stringify(fields, show))),
    warn: (fields, message) => void (process.env.EAS_LOG && console.log(message, JSON.stringify(fields, show))),
    error: (fields, message) => void errors.push(`${message} ${JSON.stringify(fields, show)}`),
  };
}
