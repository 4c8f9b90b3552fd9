import pg from 'pg';
import { onEnd } from '../../test/support/cleanup.js';
import { DavClient } from '../../test/support/dav-client.js';
import { PASSWORD } from '../../test/support/dovecot.js';
import { address, startWorld, type World } from '../../test/support/eas-phone-world.js';
import { fillGateway } from './fill.js';

let world: Promise<World> | undefined;

/** One gateway process on a real Dovecot and PostgreSQL, shared by the measures of a run. */
export function rig(): Promise<World> {
  world ??= startWorld({ env: { LOG_LEVEL: 'warn' } });
  return world;
}

export function davClient(url: string, user: string): DavClient {
  const client = new DavClient({ url, user: address(user), password: PASSWORD });
  onEnd(() => client.close());
  return client;
}

/** A bare connection to the database of the rig. */
export async function rawDatabase(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: (await rig()).databaseUrl });
  await client.connect();
  onEnd(() => client.end());
  return client;
}

/**
 * A calendar of a user with that many events, put there past the network. Returns its path.
 */
export async function calendarOf(user: string, slug: string, events: number): Promise<string> {
  const { gateway, databaseUrl } = await rig();
  const client = davClient(gateway.url, user);
  const path = `/dav/calendars/${address(user)}/${slug}/`;
  const made = await client.request('MKCALENDAR', path);
  if (made.status !== 201) throw new Error(`MKCALENDAR: ${made.status} ${made.text}`);
  await fillGateway(databaseUrl, address(user), { kind: 'calendar', slug }, events);
  return path;
}
