import { existsSync } from 'node:fs';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { onEnd } from '../../test/support/cleanup.js';
import { type CollectionKind, objectName, objectText } from './data.js';
import { fillGateway, multiplySogo } from './fill.js';
import { LeanClient } from './lean-http.js';
import { address, type Match } from './match.js';
import { PEER_PASSWORD, type Peers } from './peers.js';

/** A collection of one of the servers that are put beside each other. Its objects are `0.ics`, `1.ics` … */
export interface Place {
  readonly user: number;
  readonly kind: CollectionKind;
  readonly slug: string;
}

/** One of the servers that are put beside each other. */
export interface Contender {
  readonly name: 'gateway' | 'SOGo' | 'Radicale' | 'Xandikos';
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
export async function putAll(contender: Contender, place: Place, from: number, count: number, parallel = 8): Promise<void> {
  const client = contender.client(place.user, parallel);
  const path = contender.path(place);
  const headers = { 'content-type': MEDIA_TYPE[place.kind] };
  let next = from;
  const worker = async () => {
    for (let n = next++; n < from + count; n = next++) {
      const body = objectText(place.kind, n);
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
  const { peers } = match;
  if (!peers) return [gateway];
  return [gateway, ...[sogo(peers), radicale(peers), xandikos(peers)].map((peer) => fillingOnce(peers, peer))];
}

/** Peers that go on running keep what they were filled with; a mark beside their data says so. */
function fillingOnce(peers: Peers, contender: Contender): Contender {
  const fill = async (place: Place, count: number) => {
    const mark = join(peers.rig, 'filled', encodeURIComponent(`${contender.name} ${contender.path(place)} ${count}`));
    if (existsSync(mark)) return;
    await contender.fill(place, count);
    await mkdir(dirname(mark), { recursive: true });
    await writeFile(mark, '');
  };
  return { ...contender, fill };
}

/** Objects that SOGo takes over HTTP; more are made from these in its tables. */
const SOGO_PUTS = 5_000;

function sogo(peers: Peers): Contender {
  const contender: Contender = {
    name: 'SOGo',
    client: (user, connections) => closed(new LeanClient(peers.sogo, address(user), PEER_PASSWORD, connections)),
    path: ({ user, kind, slug }) => `/SOGo/dav/${address(user)}/${kind === 'calendar' ? 'Calendar' : 'Contacts'}/${slug}/`,
    fill: async (place, count) => {
      const base = count > SOGO_PUTS ? 1_000 : count;
      await makeCollection(contender, place);
      await putAll(contender, place, 0, base);
      if (count <= base) return;
      const database = new pg.Client({ connectionString: peers.sogoDatabase });
      await database.connect();
      await multiplySogo(database, address(place.user), place.slug, base, count);
      await database.end();
    },
  };
  return contender;
}

function radicale(peers: Peers): Contender {
  const contender: Contender = {
    name: 'Radicale',
    client: (user, connections) => closed(new LeanClient(peers.radicale, address(user), PEER_PASSWORD, connections)),
    path: ({ user, slug }) => `/${address(user)}/${slug}/`,
    fill: async (place, count) => {
      await makeCollection(contender, place);
      const folder = join(peers.rig, 'radicale/collection-root', address(place.user), place.slug);
      await writeObjects(folder, place.kind, count);
      await peers.own(folder);
      // The first listing fills Radicale's cache of parsed items.
      await contender.client(place.user).request('PROPFIND', contender.path(place), { depth: '1', body: GETETAG, discard: true });
    },
  };
  return contender;
}
const GETETAG = '<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>';

/** Xandikos has one user only, so the slug tells collections apart. */
function xandikos(peers: Peers): Contender {
  const contender: Contender = {
    name: 'Xandikos',
    client: (_user, connections) => closed(new LeanClient(peers.xandikos, 'user', '', connections)),
    path: ({ user, kind, slug }) => `/user/${kind === 'calendar' ? 'calendars' : 'contacts'}/${slug}-${user}/`,
    fill: async (place, count) => {
      await makeCollection(contender, place);
      const folder = join(peers.rig, 'xandikos/data', contender.path(place));
      await writeObjects(folder, place.kind, count);
      await peers.own(folder);
      const git = (...args: string[]) =>
        peers.asOwner('git', '-C', folder, '-c', 'user.name=rig', '-c', 'user.email=rig@example.test', ...args);
      await git('add', '-A');
      await git('commit', '-q', '-m', 'fill');
    },
  };
  return contender;
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
