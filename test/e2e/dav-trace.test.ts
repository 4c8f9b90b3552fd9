import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { D } from '../support/dav-client.js';
import { PASSWORD } from '../support/dovecot.js';
import { address, eventually, startWorld } from '../support/eas-phone-world.js';
import type { Gateway } from '../support/gateway.js';
import { builtPath } from '../support/paths.js';

interface TraceLine {
  readonly direction: 'request' | 'answer';
  readonly method: string;
  readonly http?: number;
  readonly at: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly document?: object;
}

const SECRET = 'zwetschgendatschi';

function linesOf(gateway: Gateway): TraceLine[] {
  return gateway
    .logs()
    .split('\n')
    .filter((line) => line.includes('"trace":true'))
    .map((line) => JSON.parse(line) as TraceLine);
}

test('what the programs of an account ask is in the log of every process while an operator wants it, without what people wrote', async () => {
  const world = await startWorld();
  const other = await world.secondGateway();
  const env = { PATH: process.env.PATH, DATABASE_URL: world.databaseUrl, IMAP_URL: world.dovecot.url };
  const order = async (...words: string[]) =>
    (await promisify(execFile)(process.execPath, [builtPath('src', 'cli.js'), 'trace', address('alice'), ...words], { env }))
      .stdout;
  const [desk, there, stranger] = [await world.dav('alice'), await world.dav('alice', other), await world.dav('bob')];
  assert.deepEqual([...linesOf(world.gateway), ...linesOf(other)], []);

  assert.match(await order('on', '--minutes', '5'), /\ttraced until 20/);
  const ask = async () => {
    await desk.client.propfind(desk.contacts, [D('displayname')]);
    await there.client.propfind(there.contacts, [D('displayname')]);
    return [linesOf(world.gateway), linesOf(other)] as const;
  };
  await eventually('both processes hear of it', ask, ([one, two]) => one.length > 0 && two.length > 0);
  const card = `BEGIN:VCARD\r\nVERSION:3.0\r\nUID:${SECRET}\r\nN:${SECRET};;;;\r\nFN:${SECRET}\r\nEND:VCARD\r\n`;
  await desk.put(`${desk.contacts}${SECRET}.vcf`, card);
  await desk.client.syncCollection(desk.contacts, '', [D('getetag')]);
  await stranger.list(stranger.contacts);

  const answered = (lines: readonly TraceLine[]) =>
    lines.some(({ method, direction }) => method === 'REPORT' && direction === 'answer');
  const lines = await eventually('the lines', async () => linesOf(world.gateway), answered);
  const of = (method: string) => lines.filter((line) => line.method === method);
  assert.deepEqual(of('PUT').map(({ direction, http }) => [direction, http]), [['request', undefined], ['answer', 201]]); // biome-ignore format: one line
  assert.equal(of('PUT')[0]?.headers?.['content-type'], 'text/vcard');
  const [report] = of('REPORT');
  assert.match(JSON.stringify(report?.document), /^\{"D:sync-collection":\[.*\{"D:prop":\[\{"D:getetag":null\}\]\}/);
  assert.equal(of('PROPFIND')[0]?.headers?.depth, '0');
  for (const gateway of [world.gateway, other]) {
    const text = gateway.logs().split('\n').filter((line) => line.includes('"trace":true')).join('\n'); // biome-ignore format: one line
    for (const secret of [SECRET, PASSWORD, 'uthorization', 'example.test', '/dav/']) assert.ok(!text.includes(secret), secret);
  }

  assert.match(await order('off'), /\tnot traced/);
  assert.match(await order(), /\tnot traced/);
  const before = (await ask())[0].length;
  const quiet = async () => (await ask())[0].length;
  let last = before;
  await eventually('silence', quiet, (count) => {
    const silent = count === last;
    last = count;
    return silent;
  });
});
