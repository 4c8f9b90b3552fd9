import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { before, test } from 'node:test';
import { onEnd } from '../support/cleanup.js';
import { HttpFault } from '../support/eas-phone.js';
import { address, eventually, message, startWorld, type World } from '../support/eas-phone-world.js';
import { size } from './sizes.js';

const SECRET = 'a-secret-of-the-tests';
const INBOX = 2;
let world: World;
before(async () => {
  // Damping of repeated requests has tests of its own.
  world = await startWorld({ env: { PUSH_SECRET: SECRET, EAS_DAMPING: 'off' } });
});

async function resident(): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${world.gateway.pid}/status`, 'utf8'))?.[1]) / 1024;
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${world.gateway.url}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? ([\\d.]+)`, 'm').exec(text)?.[1] ?? 0);
}

test('a phone that sends Pings all the time: one waits at most, it is told to stay away, and may come again', async (context) => {
  const phone = await world.phone('eager', { deviceId: 'eager' });
  await phone.syncAll(phone.folder(INBOX));
  const pings = size(120, 1_000);
  const outcomes = new Map<string, number>();
  const count = (what: string) => outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
  const cut = new AbortController();
  let most = 0;
  const all = Array.from({ length: pings }, () =>
    phone.ping([phone.folder(INBOX)], 600, { signal: cut.signal }).then(
      ({ status }) => count(`Status ${status}`),
      (error: unknown) =>
        count(
          error instanceof HttpFault ? `HTTP ${error.answer.status}, Retry-After ${error.answer.headers['retry-after']}` : 'cut',
        ),
    ),
  );
  await eventually(
    'all but one are answered',
    async () => {
      most = Math.max(most, await metric('gateway_waiting_requests'));
      return [...outcomes.values()].reduce((sum, n) => sum + n, 0);
    },
    (answered) => answered >= pings - 1,
  );
  assert.ok((await metric('gateway_waiting_requests')) <= 1);
  cut.abort();
  await Promise.all(all);
  context.diagnostic(
    `${pings} Pings at once: ${[...outcomes].map(([what, n]) => `${n} × ${what}`).join('; ')}; seen waiting at most ${most}`,
  );
  assert.ok(
    [...outcomes.keys()].some((what) => /^HTTP 503, Retry-After \d+$/.test(what)),
    'told to stay away',
  );
  assert.ok(
    [...outcomes.keys()].every((what) => /^(Status [12]|HTTP 503|cut)/.test(what)),
    [...outcomes.keys()].join(),
  );
  const again = async () => phone.ping([phone.folder(INBOX)], 60, { timeout: 60_000 });
  await world.dovecot.deliver(address('eager'), message({ subject: 'after the flood', text: 'x' }));
  const { status } = await eventually(
    'it may wait again',
    () => again().catch(() => ({ status: 'refused' })),
    (answer) => answer.status !== 'refused',
    60_000,
  );
  assert.equal(status, '2');
});

test('the push endpoint without its secret reads nothing, with it bears a flood, and still wakes phones', async (context) => {
  const floods = size(500, 10_000);
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });
  onEnd(() => agent.destroy());
  const earlier = await resident();
  const large = JSON.stringify({ user: 'x'.repeat(200_000), folder: 'INBOX' });
  const refused = await flood(agent, floods, () => ({ secret: 'wrong-secret-wrong', body: large }));
  assert.deepEqual(
    [...refused.keys()].filter((status) => status !== 401 && status !== 0),
    [],
    'nothing but 401 or a closed line',
  );
  assert.ok((refused.get(401) ?? 0) > 0);
  const strangers = await flood(agent, floods, (n) => ({
    secret: SECRET,
    body: JSON.stringify({ user: `nobody${n}@example.test`, folder: 'INBOX' }),
  }));
  assert.deepEqual(
    [...strangers.keys()].filter((status) => status !== 204 && status !== 503),
    [],
  );
  const grown = (await resident()) - earlier;
  context.diagnostic(
    `${floods} pushes of 200 KB without the secret and as many for strangers with it: ${told(refused)}; ${told(strangers)}; ${grown.toFixed(0)} MB more`,
  );
  assert.ok(grown < 300, `${grown} MB`);
  const phone = await world.phone('pushed', { deviceId: 'pushed' });
  await phone.syncAll(phone.folder(INBOX));
  const waiting = phone.ping([phone.folder(INBOX)], 120);
  await eventually(
    'it waits',
    () => metric('gateway_waiting_requests'),
    (n) => n === 1,
  );
  await world.dovecot.deliver(address('pushed'), message({ subject: 'pushed', text: 'x' }));
  await flood(agent, 1, () => ({ secret: SECRET, body: JSON.stringify({ user: address('pushed'), folder: 'INBOX' }) }));
  assert.equal((await waiting).status, '2');
});

const told = (statuses: ReadonlyMap<number, number>) =>
  [...statuses].map(([status, n]) => `${n} × ${status || 'closed'}`).join(', ');

async function flood(
  agent: Agent,
  count: number,
  event: (n: number) => { secret: string; body: string },
): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < count; n = next++) {
      const status = await push(agent, event(n));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 50 }, worker));
  return statuses;
}

/** HTTP status; 0 where the gateway closed the line before it had read everything. */
function push(agent: Agent, { secret, body }: { secret: string; body: string }): Promise<number> {
  return new Promise((resolve) => {
    const headers = {
      authorization: `Bearer ${secret}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const asked = request(`${world.gateway.url}/push/mail`, { method: 'POST', agent, headers }, (answer) => {
      answer.resume().on('error', () => {});
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', () => resolve(0));
    asked.end(body);
  });
}
