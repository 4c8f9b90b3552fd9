import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SeedResource } from './seeds/calendar.js';

/** A gateway and a login there. */
export interface GatewayLogin {
  /** e.g. `http://127.0.0.1:8080`. */
  url: string;
  address: string;
  password: string;
}

export type SeedKind = 'events' | 'tasks' | 'contacts';

interface Collection {
  href: string;
  kind: SeedKind;
}

const HOMES = `<propfind xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:a="urn:ietf:params:xml:ns:carddav"><prop><c:calendar-home-set/><a:addressbook-home-set/></prop></propfind>`;
const MEMBERS = `<propfind xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><prop><resourcetype/><c:supported-calendar-component-set/></prop></propfind>`;
const PRINCIPAL = `<propfind xmlns="DAV:"><prop><current-user-principal/></prop></propfind>`;
const TYPES: Readonly<Record<SeedKind, string>> = {
  events: 'text/calendar; charset=utf-8',
  tasks: 'text/calendar; charset=utf-8',
  contacts: 'text/vcard; charset=utf-8',
};

/** Puts the resources into the account's default collections over the gateway's own CalDAV and CardDAV. Repeating it changes nothing. */
export async function seedPim(login: GatewayLogin, seeds: Readonly<Record<SeedKind, readonly SeedResource[]>>): Promise<void> {
  const collections = await discover(login);
  for (const kind of Object.keys(TYPES) as SeedKind[]) {
    if (seeds[kind].length === 0) continue;
    const target = collections.find((collection) => collection.kind === kind);
    if (!target) throw new Error(`${login.address} has no collection for ${kind}`);
    for (const { name, text } of seeds[kind]) await put(login, `${target.href}${name}`, text, TYPES[kind]);
  }
}

/** As a client that knows nothing: well-known, principal, homes, collections (RFC 6764 §6). */
async function discover(login: GatewayLogin): Promise<Collection[]> {
  const principal = hrefIn(await propfind(login, '/.well-known/caldav', PRINCIPAL, 0), 'current-user-principal')!;
  const homes = await propfind(login, principal, HOMES, 0);
  const calendars = await propfind(login, hrefIn(homes, 'calendar-home-set')!, MEMBERS, 1);
  const books = await propfind(login, hrefIn(homes, 'addressbook-home-set')!, MEMBERS, 1);
  return [calendars, books].flatMap((xml) =>
    xml
      .split(/<(?:\w+:)?response[ >]/)
      .slice(1)
      .flatMap(collectionOf),
  );
}

function collectionOf(response: string): Collection[] {
  const href = /<(?:\w+:)?href>([^<]+)</.exec(response)?.[1];
  const kind = kindOf(response);
  return href && kind ? [{ href, kind }] : [];
}

function kindOf(response: string): SeedKind | undefined {
  if (/<(?:\w+:)?addressbook\s*\/>/.test(response)) return 'contacts';
  if (!/<(?:\w+:)?calendar\s*\/>/.test(response)) return undefined;
  if (response.includes('"VEVENT"')) return 'events';
  return response.includes('"VTODO"') ? 'tasks' : undefined;
}

/** The href inside that property. */
function hrefIn(xml: string, property: string): string | undefined {
  return new RegExp(`<(?:\\w+:)?${property}[^>]*>\\s*<(?:\\w+:)?href[^>]*>([^<]+)<`).exec(xml)?.[1];
}

async function propfind(login: GatewayLogin, path: string, body: string, depth: number): Promise<string> {
  const answer = await request(login, 'PROPFIND', path, body, { depth: String(depth), 'content-type': 'application/xml' });
  if (answer.status !== 207) throw new Error(`PROPFIND ${path}: ${answer.status}`);
  return answer.text;
}

async function put(login: GatewayLogin, path: string, text: string, type: string): Promise<void> {
  const answer = await request(login, 'PUT', path, text, { 'content-type': type });
  if (answer.status > 299) throw new Error(`PUT ${path}: ${answer.status} ${answer.text.slice(0, 300)}`);
}

interface Answer {
  status: number;
  location?: string | undefined;
  text: string;
}

/** Follows the few redirects by hand: method and body stay. */
async function request(
  login: GatewayLogin,
  method: string,
  path: string,
  body: string,
  headers: Record<string, string>,
  tries = 4,
): Promise<Answer> {
  const answer = await send(login, method, path, body, headers);
  if (tries === 1) return answer;
  if (answer.status === 503) {
    await sleep(500);
    return request(login, method, path, body, headers, tries - 1);
  }
  const moved = answer.status >= 300 && answer.status < 400 && answer.location;
  return moved ? request(login, method, new URL(moved, login.url).pathname, body, headers, tries - 1) : answer;
}

/** The gateway is on this machine, so a self-made certificate of its own is no reason to stop. */
function send(login: GatewayLogin, method: string, path: string, body: string, headers: Record<string, string>): Promise<Answer> {
  const authorization = `Basic ${Buffer.from(`${login.address}:${login.password}`).toString('base64')}`;
  const url = new URL(path, login.url);
  const open = url.protocol === 'https:' ? requestSecure : requestPlain;
  return new Promise((done, fail) => {
    const options = { method, headers: { ...headers, authorization }, rejectUnauthorized: false, timeout: 60_000 };
    const asked = open(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        done({ status: response.statusCode ?? 0, location: response.headers.location, text });
      });
    });
    asked.on('timeout', () => asked.destroy(new Error(`${method} ${path}: no answer`)));
    asked.on('error', fail);
    asked.end(body);
  });
}
