import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { DomainError } from '../../../../src/domain/errors.js';
import { SieveClient } from '../../../../src/infra/sieve/client.js';
import { parseSieveUrl } from '../../../../src/infra/sieve/url.js';

const GREETING = '"IMPLEMENTATION" "Test"\r\n"SASL" "PLAIN"\r\n"SIEVE" "vacation Include"\r\nOK\r\n';
const me = { username: 'me@example.test', password: 'pä"ss' };

/** A server that says its lines one after the other, each after the client has said something. */
async function scripted(lines: readonly string[], work: (url: string, heard: string[]) => Promise<void>): Promise<void> {
  const heard: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    const rest = [...lines];
    socket.on('error', () => undefined);
    socket.write(rest.shift() ?? '');
    socket.on('data', (data) => {
      heard.push(data.toString());
      const next = rest.shift();
      if (next === 'CLOSE') socket.destroy();
      else if (next !== undefined) socket.write(next);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  try {
    await work(`sieve://127.0.0.1:${port}?tls=off`, heard);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

const connect = (url: string) => SieveClient.connect(parseSieveUrl(url), me);
const kind = (expected: string) => (error: unknown) => error instanceof DomainError && error.kind === expected;

describe('ManageSieve (RFC 5804)', () => {
  it('logs in and reads lists and scripts, literals and quoted ones', () =>
    scripted(
      [
        GREETING,
        'OK\r\n',
        '"one"\r\n"two \\"x\\"" ACTIVE\r\n{5}\r\nthree\r\nOK "done"\r\n',
        '{11}\r\nkeep;\r\nOK\r\n\r\nOK\r\n',
        'NO (NONEXISTENT) "gone"\r\n',
        'OK (WARNINGS) "line 8"\r\n',
      ],
      async (url, heard) => {
        const client = await connect(url);
        assert.deepEqual([...client.extensions], ['vacation', 'include']);
        assert.deepEqual(await client.list(), [
          { name: 'one', active: false },
          { name: 'two "x"', active: true },
          { name: 'three', active: false },
        ]);
        assert.equal(await client.get('one'), 'keep;\r\nOK\r\n');
        assert.equal(await client.get('two'), null);
        await client.put('ü', 'keep;');
        client.close();
        const secret = Buffer.from('\0me@example.test\0pä"ss').toString('base64');
        assert.equal(heard[0], `AUTHENTICATE "PLAIN" {${secret.length}+}\r\n${secret}\r\n`);
        assert.equal(heard[4], 'PUTSCRIPT {2+}\r\nü {5+}\r\nkeep;\r\n');
      },
    ));

  it('a wrong password is unauthenticated, a refused script invalid, a full disk too large', async () => {
    await scripted([GREETING, 'NO "no"\r\n'], async (url) => assert.rejects(connect(url), kind('unauthenticated')));
    await scripted([GREETING, 'OK\r\n', 'NO "line 1: error"\r\n', 'NO (QUOTA/MAXSIZE) "x"\r\n'], async (url) => {
      const client = await connect(url);
      await assert.rejects(client.put('x', 'nonsense'), kind('invalid'));
      await assert.rejects(client.put('x', 'keep;'), kind('too-large'));
      client.close();
    });
  });

  it('a server that is away, breaks off, babbles or wants no password is unavailable', async () => {
    await assert.rejects(connect('sieve://127.0.0.1:1?tls=off'), kind('unavailable'));
    for (const lines of [
      ['BYE "busy"\r\n'],
      ['"SASL" "EXTERNAL"\r\nOK\r\n'],
      [GREETING, 'CLOSE'],
      [`${'x'.repeat(70_000)}`],
      ['{99999999}\r\n'],
      ['"SASL" "PLAIN"\r\n'.repeat(10_001)],
    ])
      await scripted(lines, async (url) => assert.rejects(connect(url), kind('unavailable'), lines[0]?.slice(0, 20)));
  });

  it('without encryption where it is wanted nobody logs in', () =>
    scripted([GREETING], async (url, heard) => {
      await assert.rejects(connect(url.replace('?tls=off', '')), kind('unavailable'));
      assert.deepEqual(heard, []);
    }));
});
