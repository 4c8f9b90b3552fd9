import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import jsQR from 'jsqr';
import { startWorld, type World } from '../support/eas-phone-world.js';
import { builtPath } from '../support/paths.js';

const PUBLIC_URL = 'https://sync.example.test';

let world: World;
before(async () => {
  world = await startWorld({ env: { PUBLIC_URL } });
});

const decode = jsQR as unknown as (data: Uint8ClampedArray, width: number, height: number) => { data: string } | null;

/** What a camera reads off an SVG of the page: its dark squares are drawn, four dots wide, and decoded. */
function scanned(svg: string): string | undefined {
  const size = Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1]);
  const dots = size * 4;
  const image = new Uint8ClampedArray(dots * dots * 4).fill(255);
  for (const [, x, y] of svg.matchAll(/M(\d+) (\d+)h1v1h-1z/g))
    for (let row = 0; row < 4; row++)
      for (let column = 0; column < 4; column++) {
        const at = ((Number(y) * 4 + row) * dots + Number(x) * 4 + column) * 4;
        image.fill(0, at, at + 3);
      }
  return decode(image, dots, dots)?.data;
}

describe('setting up a phone', { concurrency: false }, () => {
  test('the page shows codes that lead to the profiles and to DAVx5, for any address of the domain alike', async () => {
    const answer = await fetch(`${world.gateway.url}/setup/?email=Some.One%2Bx@example.test`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    const html = await answer.text();
    const codes = [...html.matchAll(/<svg .*?<\/svg>/g)].map(([svg]) => scanned(svg));
    const address = 'some.one%2Bx%40example.test';
    assert.deepEqual(codes, [
      `${PUBLIC_URL}/setup/exchange.mobileconfig?email=${address}`,
      `${PUBLIC_URL}/setup/internet.mobileconfig?email=${address}`,
      `davx5://${address}@sync.example.test/dav/`,
    ]);
    const profile = await fetch(codes[0]!.replace(PUBLIC_URL, world.gateway.url));
    assert.match(await profile.text(), /com\.apple\.eas\.account/);
  });

  test('without an address the page asks for one; what is no address is not repeated', async () => {
    assert.match(await (await fetch(`${world.gateway.url}/setup`)).text(), /<input name="email"/);
    const refused = await fetch(`${world.gateway.url}/setup/?email=${encodeURIComponent('"><script>x</script>')}`);
    assert.equal(refused.status, 404);
    assert.doesNotMatch(await refused.text(), /<script/);
  });

  test('gateway dns prints the records of a zone (RFC 6764, RFC 6186, RFC 8314, MS-OXDISCO)', async () => {
    const env = {
      ...process.env,
      PUBLIC_URL,
      IMAP_URL: 'imaps://imap.example.test',
      SMTP_URL: 'smtp://smtp.example.test:587',
      SIEVE_URL: 'sieve://imap.example.test',
    };
    const run = (...args: string[]) => promisify(execFile)(process.execPath, [builtPath('src', 'cli.js'), ...args], { env });
    const { stdout } = await run('dns', 'Example.test');
    const records = stdout
      .trim()
      .split('\n')
      .map((line) =>
        line
          .replace(/\t;.*/, '')
          .split('\t')
          .filter((part) => part !== 'IN' && part !== '3600')
          .join(' '),
      );
    assert.deepEqual(records, [
      'autodiscover.example.test. CNAME sync.example.test.',
      '_autodiscover._tcp.example.test. SRV 0 1 443 sync.example.test.',
      'autoconfig.example.test. CNAME sync.example.test.',
      '_caldavs._tcp.example.test. SRV 0 1 443 sync.example.test.',
      '_caldavs._tcp.example.test. TXT "path=/dav/"',
      '_carddavs._tcp.example.test. SRV 0 1 443 sync.example.test.',
      '_carddavs._tcp.example.test. TXT "path=/dav/"',
      '_imaps._tcp.example.test. SRV 0 1 993 imap.example.test.',
      '_submission._tcp.example.test. SRV 0 1 587 smtp.example.test.',
      '_sieve._tcp.example.test. SRV 0 1 4190 imap.example.test.',
    ]);
    await assert.rejects(run('dns', 'no domain'));
  });
});
