import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DavClient } from '../support/dav-client.js';
import { parseScript, runScript } from '../support/dav-script.js';
import { type DavServer, startDavServer } from '../support/dav-server.js';
import { repositoryRoot } from '../support/paths.js';

const ALICE = 'alice@example.test';
const FOLDER = join(repositoryRoot, 'test', 'scripts', 'dav');
/** The user as clients spell him in paths. */
const SPELLINGS = ['alice%40example.test', ALICE, 'ALICE%40Example%2Etest'];

describe('clients set up an account, step by step (test/scripts/dav)', () => {
  let server: DavServer;
  let client: DavClient;
  let anonymous: DavClient;
  let runs = 0;

  before(async () => {
    server = await startDavServer();
    client = await server.client(ALICE);
    anonymous = new DavClient({ url: server.url });
  });
  after(async () => {
    anonymous.close();
    await server.close();
  });

  for (const file of readdirSync(FOLDER).sort()) {
    const script = parseScript(readFileSync(join(FOLDER, file), 'utf8'));
    for (const start of script.starts) {
      it(`${file} from ${start}`, async () => {
        for (const user of start.includes('{user}') ? SPELLINGS : SPELLINGS.slice(0, 1)) {
          runs += 1;
          await runScript(script, { client, anonymous }, { start: start.replace('{user}', user), run: `run-${runs}` });
        }
      });
    }
  }

  it('logged no error', () => assert.deepEqual(server.errors, []));
});
