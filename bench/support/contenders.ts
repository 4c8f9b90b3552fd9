import { execFile } from 'node:child_process';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { onEnd } from '../../test/support/cleanup.js';
import type { FilePeer } from '../peers/radicale.js';
import type { SogoPeer } from '../peers/sogo.js';
import { type CollectionKind, objectName, objectText } from './data.js';
import { fillGateway, multiplySogo } from './fill.js';
import { LeanClient } from './lean-http.js';
import { address, type Match } from './match.js';
import type { PeerName } from './peers.js';

/** A collection of one of the servers that are put beside each other. Its objects are `0.ics`, `1.ics` … */
export interface Place {
  readonly user: number;
  readonly kind: CollectionKind;
  readonly slug: string;
}

/** One of the servers that are put beside each other. */
export interface Contender {
  readonly name: 'gateway' | PeerName;
  client(user: number, connections?: number): LeanClient;
  path(place: Place): string;
  /** Puts the first `count` objects into a new collection, by the shortest way that the server has. */
  fill(place: Place, count: number): Promise<void>;
}

export const MEDIA_TYPE = { calendar: 'text/calendar; charset=utf-8', book: 'text/vcard; charset=utf-8' } as const;

const MKCALENDAR =
  '<?xml version="1.0"?><C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop>' +
  '<displayname>bench</displayname></prop></set></C:mkcalendar>';
const MKCOL =
  '<?xml version="1.0"?><mkcol xmlns="DAV:" xmlns:A="urn:ietf:params:xml:ns:carddav"><set><prop><resourcetype><collection/>' +
  '<A:addressbook/></resourcetype><displayname>bench</displayname></prop></set></mkcol>';

/** MKCALENDAR, or MKCOL for an address book. */
export async function makeCollection(contender: Contender, place: Place): Promise<void> {
  const client = contender.client(place.user);
  const [method, body] = place.kind === 'calendar' ? ['MKCALENDAR', MKCALENDAR] : ['MKCOL', MKCOL];
  await client.expect(201, method, contender.path(place), { body });
}

/** PUT of objects over HTTP, so many at a time. */
export async function putAll(
  contender: Contender,
  place: Place,
  from: number,
  count: number,
  parallel = 8,
  text: (n: number) => string = (n) => objectText(place.kind, n),
): Promise<void> {
  const client = contender.client(place.user, parallel);
  const path = contender.path(place);
  const headers = { 'content-type': MEDIA_TYPE[place.kind] };
  let next = from;
  const worker = async () => {
    for (let n = next++; n < from + count; n = next++) {
      const body = text(n);
      const { status } = await client.request('PUT', `${path}${objectName(place.kind, n)}`, { body, headers });
      if (status !== 201 && status !== 204) throw new Error(`${contender.name}: PUT: ${status}`);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}

/** The gateway first, then the peers that run. */
export function contendersOf(match: Match): readonly Contender[] {
  const gateway: Contender = {
    name: 'gateway',
    client: (user, connections) => closed(new LeanClient(match.gateway.url, address(user), match.password, connections)),
    path: ({ user, kind, slug }) => `/dav/${kind === 'calendar' ? 'calendars' : 'addressbooks'}/${address(user)}/${slug}/`,
    fill: async (place, count) => {
      await makeCollection(gateway, place);
      await fillGateway(match.databaseUrl, address(place.user), place, count);
    },
  };
  const { sogo, radicale, xandikos } = match.peers;
  return [
    gateway,
    ...(sogo ? [sogoContender(match, sogo)] : []),
    ...(radicale ? [radicaleContender(match, radicale)] : []),
    ...(xandikos ? [xandikosContender(match, xandikos)] : []),
  ];
}

/** Objects that SOGo takes over HTTP; more are made from these in its tables. */
const SOGO_PUTS = 5_000;

function sogoContender(match: Match, { url, databaseUrl }: SogoPeer): Contender {
  const contender: Contender = {
    name: 'SOGo',
    client: (user, connections) => closed(new LeanClient(url, address(user), match.password, connections)),
    path: ({ user, kind, slug }) => `/SOGo/dav/${address(user)}/${kind === 'calendar' ? 'Calendar' : 'Contacts'}/${slug}/`,
    fill: async (place, count) => {
      const base = count > SOGO_PUTS ? 1_000 : count;
      await makeCollection(contender, place);
      await putAll(contender, place, 0, base);
      if (count <= base) return;
      const database = new pg.Client({ connectionString: databaseUrl });
      await database.connect();
      await multiplySogo(database, address(place.user), place.slug, base, count);
      await database.end();
    },
  };
  return contender;
}

function radicaleContender(match: Match, { url, store }: FilePeer): Contender {
  const contender: Contender = {
    name: 'Radicale',
    client: (user, connections) => closed(new LeanClient(url, address(user), match.password, connections)),
    path: ({ user, slug }) => `/${address(user)}/${slug}/`,
    fill: async (place, count) => {
      await makeCollection(contender, place);
      const folder = join(store, address(place.user), place.slug);
      await writeObjects(folder, place.kind, count);
      await own(match, folder);
      // The first listing fills Radicale's cache of parsed items.
      await contender.client(place.user).request('PROPFIND', contender.path(place), { depth: '1', body: GETETAG, discard: true });
    },
  };
  return contender;
}
const GETETAG = '<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>';

/** Xandikos has one user only, so the slug tells collections apart. */
function xandikosContender(match: Match, { url, store }: FilePeer): Contender {
  const contender: Contender = {
    name: 'Xandikos',
    client: (_user, connections) => closed(new LeanClient(url, 'user', '', connections)),
    path: ({ user, kind, slug }) => `/user/${kind === 'calendar' ? 'calendars' : 'contacts'}/${slug}-${user}/`,
    fill: async (place, count) => {
      await makeCollection(contender, place);
      const folder = join(store, contender.path(place));
      await writeObjects(folder, place.kind, count);
      await own(match, folder);
      const git = async (...args: string[]) => {
        const settings = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.test', '-c', 'safe.directory=*'];
        const [program, ...rest] = match.runner.wrap(['git', '-C', folder, ...settings, ...args]);
        await promisify(execFile)(program, rest, { env: { ...process.env, HOME: store }, maxBuffer: 64 << 20 });
      };
      await git('add', '-A');
      await git('commit', '-q', '-m', 'fill');
    },
  };
  return contender;
}

/** What was written past a server belongs to whom it runs as. */
async function own({ runner: { mode, owner } }: Match, folder: string): Promise<void> {
  if (mode === 'nobody') await promisify(execFile)('chown', ['-R', `${owner.uid}:${owner.gid}`, folder]);
}

async function writeObjects(folder: string, kind: CollectionKind, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  // A little in the past: who tells versions apart by time must see a later change.
  const time = Date.now() / 1000 - 60;
  for (let n = 0; n < count; n++) {
    const file = join(folder, objectName(kind, n));
    await writeFile(file, objectText(kind, n));
    await utimes(file, time, time);
  }
}

function closed(client: LeanClient): LeanClient {
  onEnd(() => client.close());
  return client;
}
