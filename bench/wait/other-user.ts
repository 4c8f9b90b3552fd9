import { PASSWORD } from '../../test/support/dovecot.js';
import { LeanClient } from '../support/lean-http.js';
import { LeanPhone } from '../support/lean-phone.js';
import type { Report } from '../support/report.js';
import { p95, percentiles } from './latency.js';
import type { Stage } from './stage.js';

const USER = 'other@example.test';
const ROUNDS = 300;
const PROPFIND = '<propfind xmlns="DAV:"><prop><displayname/><resourcetype/><sync-token/></prop></propfind>';

export interface Times {
  readonly propfind: readonly number[];
  readonly folderSync: readonly number[];
}

export interface OtherUser {
  measure(): Promise<Times>;
  compare(how: string, quiet: Times, busy: Times): Report[];
}

/** Somebody who waits for nothing, and works while others wait. */
export async function otherUser(stage: Pick<Stage, 'gateways'>): Promise<OtherUser> {
  const { url } = stage.gateways[0] as { url: string };
  const client = new LeanClient(url, USER, PASSWORD);
  const phone = new LeanPhone({ url, user: USER, password: PASSWORD, deviceId: 'other' });
  await phone.setUp();
  const works = {
    propfind: () => client.expect(207, 'PROPFIND', `/dav/calendars/${USER}/`, { body: PROPFIND, depth: '1' }),
    folderSync: () => phone.folderSync(),
  };
  const times = async (work: () => Promise<unknown>): Promise<number[]> => {
    const taken: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const started = performance.now();
      await work();
      taken.push(performance.now() - started);
    }
    return taken;
  };
  const measure = async (): Promise<Times> => ({
    propfind: await times(works.propfind),
    folderSync: await times(works.folderSync),
  });
  await measure(); // the first round is about warm code
  return { measure, compare };
}

function compare(how: string, quiet: Times, busy: Times): Report[] {
  return (['propfind', 'folderSync'] as const).map((what) => ({
    name: `another user's ${what === 'propfind' ? 'PROPFIND' : 'FolderSync'} while phones wait ${how}, p95 against idle`,
    value: p95(busy[what]) / p95(quiet[what]),
    unit: '×',
    aim: { operator: '<=', value: 1.5 },
    detail: `idle ${percentiles(quiet[what])}; beside the phones ${percentiles(busy[what])}`,
  }));
}
