import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { temporaryFolder } from '../support/cleanup.js';
import { freshDatabase } from '../support/cluster.js';
import { PASSWORD, startTestDovecot } from '../support/dovecot.js';
import { startGateway } from '../support/gateway.js';
import { repositoryRoot } from '../support/paths.js';
import { runWell } from '../support/program.js';
import { saw } from '../support/saw.js';

/** The Python library caldav (Debian's package python3-caldav), on which home automation and to-do programs stand. */
const USER = 'alice@example.test';
let url: string;

before(async () => {
  const [dovecot, databaseUrl] = await Promise.all([startTestDovecot(), freshDatabase()]);
  url = (await startGateway({ databaseUrl, imapUrl: dovecot.url })).url;
});

test('from the bare address on: calendars, events, expansion, free/busy, tasks, sync by token', async (t) => {
  const script = join(repositoryRoot, 'test', 'clients', 'python-caldav.py');
  const args = [script, `${url}/`, USER, PASSWORD];
  const output = await runWell('/usr/bin/python3', { debian: 'python3-caldav', args, env: { HOME: await temporaryFolder() } });
  const seen = JSON.parse(output.trim().split('\n').at(-1)!) as Record<string, unknown>;
  saw(t, ...Object.entries(seen).map(([what, value]) => `${what}: ${JSON.stringify(value)}`));
  const principal = `/dav/principals/${encodeURIComponent(USER)}/`;
  assert.deepEqual(seen, {
    principal,
    addresses: [`mailto:${USER}`, principal],
    calendars: ['Calendar', 'Notes', 'Tasks'],
    made: ['Made by Python', ['VEVENT', 'VTODO', 'VJOURNAL']],
    events: ['Once', 'Weekly'],
    'by uid': ['Once'],
    expanded: ['2027-01-11 12:00:00+00:00', '2027-01-18 12:00:00+00:00', '2027-01-25 12:00:00+00:00'],
    busy: 2,
    tasks: ['Buy bread', 'Buy milk'],
    left: ['Buy bread'],
    sync: [['Renamed'], 1],
    gone: 'gone',
    after: ['Calendar', 'Notes', 'Tasks'],
  });
});
