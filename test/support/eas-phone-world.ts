import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapFlow } from 'imapflow';
import type { Dovecot } from '../../src/demo/dovecot.js';
import type { Submission } from '../../src/demo/submission.js';
import { onEnd } from './cleanup.js';
import { freshDatabase } from './cluster.js';
import { CAL, CARD, D, DavClient } from './dav-client.js';
import { PASSWORD, startTestDovecot, startTestSubmission } from './dovecot.js';
import { EasPhone } from './eas-phone.js';
import type { PhoneIdentity } from './eas-phone-wire.js';
import { type Gateway, type GatewayOptions, startGateway } from './gateway.js';
import { findAll } from './xml-tree.js';

/** A gateway process with the mail server and the database behind it, and clients for all its faces. */
export interface World {
  readonly dovecot: Dovecot;
  readonly submission: Submission;
  readonly databaseUrl: string;
  gateway: Gateway;
  /** Another process on the same database and mail server. */
  secondGateway(env?: GatewayOptions['env']): Promise<Gateway>;
  /** A phone of `user@example.test`, provisioned and with its folders known unless `fresh`. */
  phone(user: string, identity?: Partial<PhoneIdentity>, how?: { fresh?: boolean }): Promise<EasPhone>;
  dav(user: string, gateway?: Gateway): Promise<DavHome>;
  /** A bare IMAP connection, closed at the end. */
  imap(user: string): Promise<ImapFlow>;
}

export interface WorldOptions {
  readonly dovecot?: Parameters<typeof startTestDovecot>[0];
  readonly submission?: Parameters<typeof startTestSubmission>[1];
  /** More of the gateway's configuration. */
  readonly env?: GatewayOptions['env'];
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const [dovecot, databaseUrl] = await Promise.all([startTestDovecot(options.dovecot), freshDatabase()]);
  const submission = await startTestSubmission(dovecot, options.submission);
  const settings = { databaseUrl, imapUrl: dovecot.url, smtpUrl: submission.url };
  const { managesieve } = dovecot.ports;
  const env = { ...(managesieve && { SIEVE_URL: `sieve://127.0.0.1:${managesieve}?tls=off` }), ...options.env };
  const world: World = {
    dovecot,
    submission,
    databaseUrl,
    gateway: await startGateway({ ...settings, env }),
    secondGateway: (other = env) => startGateway({ ...settings, env: other }),
    phone: (user, identity, how) => connectPhone(world, user, identity, how),
    dav: (user, gateway = world.gateway) => findHome(gateway.url, address(user)),
    imap: (user) => connectImap(dovecot, address(user)),
  };
  return world;
}

export function address(user: string): string {
  return `${user}@example.test`;
}

async function connectPhone(
  world: World,
  user: string,
  identity: Partial<PhoneIdentity> = {},
  how: { fresh?: boolean } = {},
): Promise<EasPhone> {
  const phone = new EasPhone({ url: world.gateway.url, user: address(user), password: PASSWORD, ...identity });
  onEnd(() => phone.close());
  if (how.fresh) return phone;
  await phone.provision();
  await phone.folderSync();
  return phone;
}

async function connectImap(dovecot: Dovecot, user: string): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: dovecot.ports.imap,
    secure: false,
    doSTARTTLS: false,
    auth: { user, pass: PASSWORD },
    logger: false,
  });
  client.on('error', () => {});
  await client.connect();
  onEnd(() => client.close());
  return client;
}

/** One user's calendar and address book, found the way a DAV client finds them. */
export interface DavHome {
  readonly client: DavClient;
  /** Path of the default calendar, with a slash at its end. */
  readonly calendar: string;
  readonly contacts: string;
  /** All objects of a collection by path. */
  list(collection: string): Promise<Map<string, { etag: string; text: string }>>;
  put(path: string, text: string, etag?: string): Promise<void>;
  remove(path: string): Promise<void>;
}

const MEDIA = { ics: 'text/calendar; charset=utf-8', vcf: 'text/vcard; charset=utf-8' };

async function findHome(url: string, user: string): Promise<DavHome> {
  const client = new DavClient({ url, user, password: PASSWORD });
  onEnd(() => client.close());
  const principal = await hrefOf(client, '/dav/', D('current-user-principal'));
  const calendars = await hrefOf(client, principal, CAL('calendar-home-set'));
  const books = await hrefOf(client, principal, CARD('addressbook-home-set'));
  return {
    client,
    calendar: await collectionOf(client, calendars, 'calendar', 'VEVENT'),
    contacts: await collectionOf(client, books, 'addressbook'),
    list: (collection) => listObjects(client, collection),
    put: (path, text, etag) => putObject(client, path, text, etag),
    remove: async (path) => expectStatus(`DELETE ${path}`, await client.request('DELETE', path), [204]),
  };
}

async function hrefOf(client: DavClient, path: string, property: string): Promise<string> {
  const { responses } = await client.propfind(path, [property]);
  const href = findAll(responses[0]!.props.get(property)!, D('href'))[0]?.text;
  if (!href) throw new Error(`${path} has no ${property}`);
  return href;
}

async function collectionOf(client: DavClient, home: string, type: string, component?: string): Promise<string> {
  const components = CAL('supported-calendar-component-set');
  const { responses } = await client.propfind(home, [D('resourcetype'), components], 1);
  const found = responses.find(({ props }) => {
    const types = props.get(D('resourcetype'))?.children.map(({ name }) => name) ?? [];
    const names = props.get(components)?.children.map(({ attributes }) => attributes.name) ?? [];
    return types.includes(type === 'calendar' ? CAL(type) : CARD(type)) && (!component || names.includes(component));
  });
  if (!found) throw new Error(`no ${type} in ${home}`);
  return found.href;
}

async function listObjects(client: DavClient, collection: string): Promise<Map<string, { etag: string; text: string }>> {
  const { responses } = await client.propfind(collection, [D('getetag')], 1);
  const paths = responses.map(({ href }) => href).filter((href) => !href.endsWith('/'));
  const objects = new Map<string, { etag: string; text: string }>();
  for (const path of paths) {
    const { status, headers, text } = await client.request('GET', path);
    if (status === 200) objects.set(path, { etag: String(headers.etag), text });
  }
  return objects;
}

async function putObject(client: DavClient, path: string, text: string, etag?: string): Promise<void> {
  const type = MEDIA[path.slice(path.lastIndexOf('.') + 1) as keyof typeof MEDIA];
  const condition: Record<string, string> = etag ? { 'if-match': etag } : {};
  const answer = await client.request('PUT', path, { body: text, headers: { 'content-type': type, ...condition } });
  expectStatus(`PUT ${path}`, answer, [201, 204]);
}

function expectStatus(what: string, answer: { status: number; text: string }, allowed: readonly number[]): void {
  if (!allowed.includes(answer.status)) throw new Error(`${what}: ${answer.status} ${answer.text.slice(0, 300)}`);
}

export interface MessageParts {
  readonly from?: string;
  readonly to?: string;
  readonly subject: string;
  readonly text?: string;
  readonly html?: string;
  readonly attachment?: { readonly name: string; readonly type: string; readonly data: Buffer };
  readonly messageId?: string;
}

/** A raw message with CRLF line ends. */
export function message(parts: MessageParts): string {
  const boundary = 'bnd-0f3a';
  const head = [
    `From: ${parts.from ?? 'Carol <carol@example.test>'}`,
    `To: ${parts.to ?? 'alice@example.test'}`,
    `Subject: ${parts.subject}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${parts.messageId ?? randomBytes(8).toString('hex')}@example.test>`,
    'MIME-Version: 1.0',
  ];
  const body = textPart(parts);
  if (!parts.attachment) return [...head, ...body, ''].join('\r\n');
  const { name, type, data } = parts.attachment;
  const encoded = data.toString('base64').replace(/.{76}/g, '$&\r\n');
  return [
    ...head,
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    ...body,
    `--${boundary}`,
    `Content-Type: ${type}; name="${name}"`,
    `Content-Disposition: attachment; filename="${name}"`,
    'Content-Transfer-Encoding: base64',
    '',
    encoded,
    `--${boundary}--`,
    '',
  ].join('\r\n');
}

function textPart({ text, html }: MessageParts): string[] {
  const type = html === undefined ? 'text/plain' : 'text/html';
  return [`Content-Type: ${type}; charset=utf-8`, 'Content-Transfer-Encoding: 8bit', '', html ?? text ?? ''];
}

/** Asks again until the answer satisfies, or fails with the last one. */
export async function eventually<T>(what: string, ask: () => Promise<T>, done: (value: T) => boolean, ms = 60_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await ask();
    if (done(value)) return value;
    if (Date.now() > end) throw new Error(`${what}: still ${JSON.stringify(value)?.slice(0, 500)}`);
    await sleep(50);
  }
}
