import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type DavServer, startDavServer } from '../support/dav-server.js';

/** Runs Debian's litmus against a URL and gives back what it printed. */
async function litmus(url: string, user: string): Promise<{ code: number | null; output: string }> {
  const cwd = await mkdtemp(join(tmpdir(), 'gw-litmus-'));
  try {
    return await new Promise((done, fail) => {
      const child = spawn('litmus', ['-k', url, user, 'secret'], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      child.stdout.on('data', (chunk) => {
        output += chunk;
      });
      child.stderr.on('data', (chunk) => {
        output += chunk;
      });
      child.on('error', fail);
      child.on('close', (code) => done({ code, output }));
    });
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

describe('litmus, the WebDAV test suite (Debian package)', () => {
  let server: DavServer;

  before(async () => {
    server = await startDavServer();
    await server.session('alice@example.test');
  });
  after(() => server.close());

  it('passes completely, locks included', async () => {
    const { code, output } = await litmus(`${server.url}/dav/files/alice%40example.test/`, 'alice@example.test');
    const failed = output.split('\n').filter((line) => /FAIL|WARNING/.test(line));
    assert.deepEqual(failed, [], output);
    assert.equal(code, 0);
    assert.equal(output.match(/100\.0%/g)?.length, 5, output);
  });

  it('logged no error', () => assert.deepEqual(server.errors, []));
});
