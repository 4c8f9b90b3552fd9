#!/usr/bin/env node
import { ConfigError, readConfig, serversFor } from './config.js';
import { devicesCommand, traceCommand } from './devices.js';
import { firstCollections } from './domain/accounts/sessions.js';
import { DomainError } from './domain/errors.js';
import { isRule, readRules, ruleWords } from './domain/itip/room-rules.js';
import type { Collection } from './domain/pim/model.js';
import { PimService } from './domain/pim/pim.js';
import type { AccountKind, Session } from './domain/types.js';
import { dnsRecords, zoneLines } from './faces/autodiscover/dns.js';
import { ianaZone } from './formats/zones/iana.js';
import { PostgresBus } from './infra/bus/postgres.js';
import { PostgresAccountStore } from './infra/db/account-store.js';
import { migrate, openDatabase, poolOf } from './infra/db/data-source.js';
import { PostgresPimStore } from './infra/db/pim-store.js';
import { createLog } from './log.js';

interface Verb {
  readonly help: string;
  run(args: readonly string[]): Promise<void>;
}

/** What `gateway VERB` does. */
const VERBS: Readonly<Record<string, Verb>> = {
  serve: {
    help: 'run the gateway, configured by the environment',
    run: async () => {
      await import('./main.js');
    },
  },
  migrate: {
    help: 'bring the schema of DATABASE_URL up to date and end',
    run: async () => {
      const database = await openDatabase(databaseUrl(), { poolSize: 2 });
      await migrate(database);
      await database.destroy();
    },
  },
  check: {
    help: 'ADDRESS --url URL: act as a phone and a DAV client against any server and say what is wrong (--help)',
    run: async (args) => {
      const { check } = await import('./doctor/command.js');
      process.exitCode = await check(args);
    },
  },
  room: {
    help: 'ADDRESS [room|resource|individual] [NAME] [ZONE] [RULE=VALUE ...]: an account that answers invitations itself; made where missing. Rules: window=DAYS, series=roll|bounded|none, longest=HOURS|any, external=yes|no',
    run: room,
  },
  dns: {
    help: 'DOMAIN: print the DNS records by which phones and programs find everything, as lines of a zone file',
    run: async ([domain = '']) => {
      const config = readConfig(process.env);
      const servers = serversFor(config, `someone@${domain}`);
      if (!/^[a-z0-9.-]+$/i.test(domain) || !servers) throw new DomainError('invalid', `no domain that is served: ${domain}`);
      const records = dnsRecords(domain.toLowerCase(), { publicUrl: config.publicUrl, ...servers });
      for (const line of zoneLines(records)) console.log(line);
    },
  },
  devices: {
    help: 'ADDRESS [DEVICE [wipe | wipe-account | block | allow | trace on [--minutes N] | trace off]]: list phones and what they could not be given, or order something',
    run: async (args) => {
      for (const line of await devicesCommand(databaseUrl(), args)) console.log(line);
    },
  },
  trace: {
    help: 'ADDRESS [on [--minutes N] | off]: write what the CalDAV and CardDAV programs of an account ask into the log, redacted',
    run: async (args) => {
      for (const line of await traceCommand(databaseUrl(), args)) console.log(line);
    },
  },
  undo: {
    help: 'ADDRESS [COLLECTION [since COUNTER | item ITEM COUNTER]]: list or bring back what was deleted or overwritten',
    run: undo,
  },
};

function databaseUrl(): string {
  const { databaseUrl: url } = readConfig(process.env);
  if (url === null) throw new ConfigError(['DATABASE_URL: missing']);
  return url;
}

const ACCOUNT_KINDS: readonly AccountKind[] = ['room', 'resource', 'individual'];

/** Makes an account a room or a resource, which accepts what it is free for, or a person again. */
async function room(given: readonly string[]): Promise<void> {
  const rules = readRules(given.filter(isRule));
  const [address = '', kind = 'room', displayName, zone] = given.filter((word) => !isRule(word));
  if (!/^[^\s@]+@[^\s@]+$/.test(address)) throw new DomainError('invalid', `no address: ${address}`);
  if (!isAccountKind(kind)) throw new DomainError('invalid', `one of ${ACCOUNT_KINDS.join(', ')}, not ${kind}`);
  if (zone !== undefined && !ianaZone(zone)) throw new DomainError('invalid', `unknown time zone ${zone}`);
  const database = await openDatabase(databaseUrl(), { poolSize: 2 });
  try {
    const accounts = new PostgresAccountStore(database);
    const fresh = { address: address.toLowerCase(), aliases: [], displayName: displayName ?? '', zone: zone ?? 'UTC' };
    const account = (await accounts.byAddress(fresh.address)) ?? (await accounts.create(fresh, firstCollections()));
    const named = { ...(displayName !== undefined && { displayName }), ...(zone !== undefined && { zone }) };
    const booking = { ...account.booking, ...rules };
    await accounts.update(account.id, { kind, ...named, booking });
    const words = kind === 'individual' ? [] : ruleWords({ ...account, booking });
    console.log([`${account.address}: ${kind}`, ...words].join(' '));
  } finally {
    await database.destroy();
  }
}

function isAccountKind(kind: string): kind is AccountKind {
  return ACCOUNT_KINDS.some((known) => known === kind);
}

/** Lists collections, restore points and earlier versions, or brings back one version or all deletions since a counter. */
async function undo([address = '', slug, verb, ...args]: readonly string[]): Promise<void> {
  const url = databaseUrl();
  const database = await openDatabase(url, { poolSize: 2 });
  const bus = new PostgresBus(url, createLog('warn'));
  await bus.start();
  try {
    const user = await new PostgresAccountStore(database).byAddress(address.toLowerCase());
    if (!user) throw new DomainError('not-found', `no account ${address}`);
    const s: Session = { account: user.id, origin: 'operator', user };
    const hub = { publish: (account: string, collection: string) => bus.send(account, collection) };
    const pim = new PimService(new PostgresPimStore(poolOf(database)), hub, { now: () => new Date() });
    const collections = await pim.collections(s);
    if (slug === undefined) return list(collections.map(({ slug: name, kind, seq }) => [name, kind, seq]));
    const collection = collections.find((found) => found.slug === slug);
    if (!collection) throw new DomainError('not-found', `no collection ${slug}`);
    await undoIn(pim, s, collection, verb, args);
  } finally {
    await bus.stop();
    await database.destroy();
  }
}

async function undoIn(
  pim: PimService,
  s: Session,
  collection: Collection,
  verb: string | undefined,
  args: readonly string[],
): Promise<void> {
  const [first = '', counter] = args;
  if (verb === undefined) {
    const points = await pim.restorePoints(s, collection);
    list(
      points.map(({ seq, removed, origin, at }) => ['restore point', seq, `${removed} removed by ${origin}`, at.toISOString()]),
    );
    const versions = await pim.versions(s, collection, { since: new Date(0) });
    list(
      versions.map((version) => [
        version.deleted ? 'deleted' : 'replaced',
        version.item,
        version.seq,
        version.name,
        version.replacedAt.toISOString(),
      ]),
    );
  } else if (verb === 'since') {
    console.log(`${await pim.restoreDeleted(s, collection, first)} brought back`);
  } else if (verb === 'item') {
    const version = (await pim.versions(s, collection, { item: first })).find(({ seq }) => seq === counter);
    if (!version) throw new DomainError('not-found', 'no such version');
    console.log(`${(await pim.restore(s, collection, version)).item.name} brought back`);
  } else throw new DomainError('invalid', `unknown word ${verb}`);
}

function list(rows: readonly (readonly string[])[]): void {
  for (const row of rows) console.log(row.join('\t'));
}

function usage(): string {
  const verbs = Object.entries(VERBS).map(([name, { help }]) => `  gateway ${name.padEnd(10)} ${help}`);
  return ['usage:', ...verbs].join('\n');
}

const [name = '', ...args] = process.argv.slice(2);
const verb = VERBS[name];
if (!verb) {
  console.error(usage());
  process.exitCode = name === 'help' || name === '--help' ? 0 : 2;
} else {
  try {
    await verb.run(args);
  } catch (error) {
    console.error(error instanceof ConfigError || error instanceof DomainError ? error.message : error);
    process.exitCode = 1;
  }
}
