import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { onEnd, temporaryFolder } from '../support/cleanup.js';
import { address, eventually, message, startWorld, type World } from '../support/eas-phone-world.js';
import { repositoryRoot } from '../support/paths.js';

const SECRET = 'a-secret-of-the-tests';
const INBOX = 2;

/** What stands in contrib/, for the addresses of this test. */
async function shipped(name: string, replace: Readonly<Record<string, string>>): Promise<string> {
  let text = await readFile(join(repositoryRoot, 'contrib', 'dovecot', name), 'utf8');
  for (const [from, to] of Object.entries(replace)) {
    assert.ok(text.includes(from), `${name} names ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

interface Relay {
  readonly port: number;
  /** What Dovecot posted: user and folder of each event. */
  readonly events: { readonly user: string; readonly folder: string }[];
  target: string;
}

/** Stands where Dovecot pushes to, so that its port is known before the gateway's; hands everything on. */
async function startRelay(): Promise<Relay> {
  const relay = { port: 0, events: [] as Relay['events'], target: '' };
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      relay.events.push(...[JSON.parse(body.toString('utf8'))].flat());
      const { method, headers } = incoming;
      const asked = request(`${relay.target}/push/mail`, { method, headers, agent: false }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500).end();
        answer.resume();
      });
      asked.on('error', () => outgoing.writeHead(502).end());
      asked.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  relay.port = (server.address() as AddressInfo).port;
  return relay;
}

async function pushWorld(configuration: (relay: Relay) => Promise<string>): Promise<{ world: World; relay: Relay }> {
  const relay = await startRelay();
  const world = await startWorld({ dovecot: { extra: await configuration(relay) }, env: { PUSH_SECRET: SECRET } });
  relay.target = world.gateway.url;
  return { world, relay };
}

const places = (relay: Relay) => [...new Set(relay.events.splice(0).map(({ user, folder }) => `${user} ${folder}`))].sort();

/** Waits until all of these were told, whatever else was. */
async function told(relay: Relay, ...wanted: readonly string[]): Promise<void> {
  const heard = new Set<string>();
  await eventually(
    `told of ${wanted.join(' and ')}`,
    async () => {
      for (const place of places(relay)) heard.add(place);
      return wanted.filter((place) => !heard.has(place));
    },
    (missing) => missing.length === 0,
    30_000,
  );
}

async function wakes({ world }: { world: World }, user: string, change: () => Promise<unknown>): Promise<void> {
  const phone = await world.phone(user, { deviceId: `push${user}` });
  await phone.syncAll(phone.folder(INBOX));
  const waiting = phone.ping([phone.folder(INBOX)], 120);
  await eventually(
    'the phone waits',
    () => gauge(world, 'gateway_waiting_requests'),
    (n) => n === 1,
  );
  assert.equal(await gauge(world, 'gateway_watched_accounts'), 0, 'no IMAP connection waits');
  await change();
  assert.equal((await waiting).status, '2');
}

async function gauge(world: World, name: string): Promise<number> {
  const text = await (await fetch(`${world.gateway.url}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)`, 'm').exec(text)?.[1]);
}

describe('the Lua script', () => {
  test('tells of delivery, append, copy, move, flags and expunge, and a phone wakes without an IMAP connection', async () => {
    const { world, relay } = await pushWorld(async ({ port }) => {
      const folder = await temporaryFolder('gw-lua');
      await chmod(folder, 0o755);
      const script = join(folder, 'gateway-push.lua');
      await writeFile(script, await shipped('gateway-push.lua', {}), { mode: 0o644 });
      return shipped('push-lua.conf', {
        '/etc/dovecot/gateway-push.lua': script,
        'http://gateway.internal:8080': `http://127.0.0.1:${port}`,
        'change-me-change-me': SECRET,
      });
    });
    const user = address('lua');
    await wakes({ world }, 'lua', () => world.dovecot.deliver(user, message({ to: user, subject: 'delivered', text: 'x' })));
    await told(relay, `${user} INBOX`);
    const imap = await world.imap('lua');
    await imap.append('INBOX', message({ to: user, subject: 'appended', text: 'x' }));
    await told(relay, `${user} INBOX`);
    await imap.mailboxOpen('INBOX');
    await imap.messageFlagsAdd('1', ['\\Seen', '\\Flagged']);
    await told(relay, `${user} INBOX`);
    await imap.messageFlagsRemove('1', ['\\Flagged']);
    await told(relay, `${user} INBOX`);
    await imap.messageCopy('1', 'Archive');
    await told(relay, `${user} Archive`);
    await imap.messageMove('1', 'Trash');
    await told(relay, `${user} INBOX`, `${user} Trash`);
    await imap.messageDelete('1');
    await told(relay, `${user} INBOX`);
    await imap.mailboxCreate('Ordner "ü"');
    await imap.append('Ordner "ü"', message({ to: user, subject: 'elsewhere', text: 'x' }));
    await told(relay, `${user} Ordner "ü"`);
  });
});

describe('the OX driver', () => {
  test('tells of deliveries to users who have the metadata entry', async () => {
    const { world, relay } = await pushWorld(({ port }) =>
      shipped('push-ox.conf', {
        'gateway.internal:8080': `127.0.0.1:${port}`,
        'change-me-change-me': SECRET,
      }),
    );
    const user = address('ox');
    const entry = '/private/vendor/vendor.dovecot/http-notify';
    await world.imap('ox');
    await world.dovecot.doveadm('mailbox', 'metadata', 'set', '-u', user, '-s', '', entry, `user=${user}`);
    await wakes({ world }, 'ox', () => world.dovecot.deliver(user, message({ to: user, subject: 'delivered', text: 'x' })));
    await told(relay, `${user} INBOX`);
  });
});
