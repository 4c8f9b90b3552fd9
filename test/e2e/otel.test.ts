import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { PASSWORD } from '../support/dovecot.js';
import { contact } from '../support/eas-phone-items.js';
import { address, eventually, message, startWorld, type World } from '../support/eas-phone-world.js';
import { type CollectedSpan, type Collector, startCollector } from '../support/otlp-collector.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const SECRET = 'zwetschgendatschi';

let world: World;
let collector: Collector;
before(async () => {
  collector = await startCollector();
  world = await startWorld({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_SERVICE_NAME: 'gateway-test', OTEL_BSP_SCHEDULE_DELAY: '200' },
  });
});

/** Waits until spans have come for which `found` gives something. */
const collected = <T>(what: string, found: (spans: readonly CollectedSpan[]) => T | undefined): Promise<T> =>
  eventually(
    what,
    async () => found(collector.spans),
    (value) => value !== undefined,
  ) as Promise<T>;

const named = (name: string, facts: Readonly<Record<string, unknown>> = {}) =>
  collected(name, (spans) =>
    spans.find((span) => span.name === name && Object.entries(facts).every(([key, value]) => span.facts[key] === value)),
  );

/** The parts of a span, whatever their depth. */
function within(root: CollectedSpan): CollectedSpan[] {
  return collector.spans.filter(({ traceId, spanId }) => traceId === root.traceId && spanId !== root.spanId);
}

describe('OpenTelemetry', { concurrency: false }, () => {
  test('a request is part of its caller’s trace, and what it asks of database and mail server is part of it', async () => {
    await world.dovecot.deliver(address('alice'), message({ subject: SECRET, text: SECRET }));
    const phone = await world.phone('alice', {
      deviceId: 'otelphone',
      headers: { traceparent: `00-${TRACE}-${CALLER}-01` },
    });
    await phone.syncAll(phone.folder(2));
    assert.equal(await phone.sendMail(message({ to: address('bob'), subject: SECRET, text: SECRET })), '1');
    const sync = await named('eas Sync', { 'gateway.device': 'otelphone' });
    assert.deepEqual([sync.traceId, sync.parentSpanId, sync.service], [TRACE, CALLER, 'gateway-test']);
    assert.equal(Number(sync.facts['http.response.status_code']), 200);
    assert.match(String(sync.facts['gateway.request_id']), /^[0-9a-f-]{36}$/);
    const parts = await collected('the parts', () => {
      const names = new Set(within(sync).map(({ name }) => name));
      return names.has('SQL open_device') && names.has('IMAP select') && names.has('SMTP send') ? names : undefined;
    });
    assert.ok(parts.has('eas SendMail'));
    const query = collector.spans.find(({ name }) => name === 'SQL open_device');
    assert.equal(query?.facts['db.system.name'], 'postgresql');
    assert.ok(collector.spans.some(({ spanId }) => spanId === query?.parentSpanId), 'its request is there too'); // biome-ignore format: one line
  });

  test('a phone that waits holds no span: the wake-up and the answer are spans of their own, linked to the request', async () => {
    const phone = await world.phone('wanda', { deviceId: 'otelwaits' });
    const [inbox, contacts] = [phone.folder(2), phone.folder(9)];
    await phone.syncAll(contacts);
    await phone.syncAll(inbox);
    const waiting = phone.ping([contacts], 900);
    const asked = await named('eas Ping', { 'gateway.device': 'otelwaits', 'gateway.parked': true });
    const desk = await world.phone('wanda', { deviceId: 'oteldesk' });
    await desk.syncAll(desk.folder(9));
    desk.add(desk.folder(9), ...contact({ first: 'Neu', last: SECRET }));
    await desk.sync([desk.folder(9)]);
    assert.equal((await waiting).status, '2');
    const answered = await named('eas Ping', { 'gateway.device': 'otelwaits', 'gateway.resumed': true });
    assert.deepEqual(answered.links?.map(({ traceId, spanId }) => [traceId, spanId]), [[asked.traceId, asked.spanId]]); // biome-ignore format: one line
    assert.ok(Number((await named('wake')).facts['gateway.bus_lag_seconds']) >= 0);
  });

  test('a DAV request is named by its method', async () => {
    const desk = await world.dav('alice');
    await desk.put(
      `${desk.contacts}${SECRET}.vcf`,
      `BEGIN:VCARD\r\nVERSION:3.0\r\nUID:${SECRET}\r\nN:${SECRET};;;;\r\nFN:${SECRET}\r\nEND:VCARD\r\n`,
    );
    const put = await named('dav PUT');
    assert.equal(Number(put.facts['http.response.status_code']), 201);
    await collected('its statements', () => within(put).find(({ name }) => name.startsWith('SQL ')));
  });

  test('nothing of what people wrote is in a span, and health checks have none', () => {
    const text = collector.text();
    for (const secret of [SECRET, PASSWORD, 'example.test', '/dav/', '/healthz', '/readyz']) {
      assert.ok(!text.includes(secret), `${secret} in the spans`);
    }
    assert.ok(!collector.spans.some(({ name }) => name.startsWith('other ')));
  });

  test('a collector that is away costs nothing but spans', async () => {
    const other = await world.secondGateway({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    const phone = await world.phone('alice', { deviceId: 'otelaway', url: other.url });
    await phone.syncAll(phone.folder(8));
    await other.stop();
    assert.equal(await other.ended, 0);
  });

  test('what is left is sent at the end', async () => {
    const phone = await world.phone('zoe', { deviceId: 'otellast' });
    await phone.syncAll(phone.folder(8));
    await world.gateway.stop();
    assert.ok(collector.spans.some(({ facts }) => facts['gateway.device'] === 'otellast'));
  });
});
