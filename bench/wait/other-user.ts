import { PASSWORD } from '../../test/support/dovecot.js';
import type { Gateway } from '../../test/support/gateway.js';
import { LeanClient } from '../support/lean-http.js';
import { LeanPhone } from '../support/lean-phone.js';
import type { Report } from '../support/report.js';
import { p95, percentiles } from './latency.js';
import type { Stage } from './stage.js';

const USER = 'other@example.test';
/** Requests of each kind at each gateway, in turns; twice as many must not yet be held back as a loop (`faces/eas/damper`). */
const ROUNDS = 200;
const PROPFIND = '<propfind xmlns="DAV:"><prop><displayname/><resourcetype/><sync-token/></prop></propfind>';

type Work = () => Promise<unknown>;
type Works = Readonly<Record<'PROPFIND' | 'FolderSync', Work>>;

/**
 * Somebody who waits for nothing, and works while others wait: beside them, and in turns with that at a gateway where nobody
 * waits, so that whatever else the machine does weighs on both.
 */
export async function otherUser({ gateways, twin }: Pick<Stage, 'gateways' | 'twin'>, how: string): Promise<Report[]> {
  const [idle, busy] = [await worksAt(twin), await worksAt(gateways[0] as Gateway)];
  const reports: Report[] = [];
  for (const what of ['PROPFIND', 'FolderSync'] as const) {
    await inTurn([idle[what], busy[what]]); // the first rounds are about warm code
    const [quiet = [], beside = []] = await inTurn([idle[what], busy[what]]);
    reports.push({
      name: `another user's ${what} while phones wait ${how}, p95 against idle`,
      value: p95(beside) / p95(quiet),
      unit: '×',
      aim: { operator: '<=', value: 1.5 },
      detail: `where nobody waits ${percentiles(quiet)}; beside the phones ${percentiles(beside)}`,
    });
  }
  return reports;
}

async function worksAt({ url }: Gateway): Promise<Works> {
  const client = new LeanClient(url, USER, PASSWORD);
  const phone = new LeanPhone({ url, user: USER, password: PASSWORD, deviceId: 'other' });
  await phone.setUp();
  return {
    PROPFIND: () => client.expect(207, 'PROPFIND', `/dav/calendars/${USER}/`, { body: PROPFIND, depth: '1' }),
    FolderSync: () => phone.folderSync(),
  };
}

/** Milliseconds of each round of each work. */
async function inTurn(works: readonly Work[]): Promise<number[][]> {
  const taken = works.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [n, work] of works.entries()) {
      const started = performance.now();
      await work();
      taken[n]?.push(performance.now() - started);
    }
  }
  return taken;
}
