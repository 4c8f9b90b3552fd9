import type { Report } from '../support/report.js';
import { format } from '../support/report.js';
import { calendarOf, davClient, rawDatabase, rig } from '../support/rig.js';
import { interleaved } from '../support/timing.js';

const ROUNDS = 15;

/** A sync-collection that finds nothing new, on 10,000 events against 100. */
export async function noChangeSyncBySize(): Promise<Report> {
  const { gateway } = await rig();
  const client = davClient(gateway.url, 'sizes');
  const paths = [await calendarOf('sizes', 'large', 10_000), await calendarOf('sizes', 'small', 100)];
  const works: (() => Promise<void>)[] = [];
  for (const path of paths) {
    const token = (await client.syncCollection(path)).syncToken as string;
    works.push(async () => {
      for (let n = 0; n < 20; n++) await client.syncCollection(path, token);
    });
  }
  const [large = 0, small = 1] = await interleaved(works, ROUNDS);
  return {
    name: 'dav no-change sync-collection, 10,000 events / 100 events',
    value: large / small,
    unit: '×',
    aim: { operator: '<=', value: 1.5 },
    detail: `${format(large / 20)} ms and ${format(small / 20)} ms each, median of ${ROUNDS} interleaved rounds of 20`,
  };
}

/** A multiget of 5,000 events against the same rows read and concatenated straight from PostgreSQL. */
export async function multigetAgainstRows(): Promise<Report> {
  const { gateway } = await rig();
  const client = davClient(gateway.url, 'multiget');
  const path = await calendarOf('multiget', 'events', 5_000);
  const names = Array.from({ length: 5_000 }, (_, n) => `${n}.ics`);
  const body =
    '<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/><C:calendar-data/></D:prop>' +
    `${names.map((name) => `<D:href>${path}${name}</D:href>`).join('')}</C:calendar-multiget>`;
  const database = await rawDatabase();
  const statement =
    'SELECT etag, text FROM items WHERE account_id = (SELECT id FROM accounts WHERE address = $1) AND name = ANY($2)';
  let bytes = 0;
  const multiget = async () => {
    const { status, body: answer } = await client.request('REPORT', path, { body, depth: 1 });
    if (status !== 207) throw new Error(`multiget: ${status}`);
    bytes = answer.length;
  };
  const concatenate = async () => {
    const { rows } = await database.query<{ etag: string; text: string }>(statement, ['multiget@example.test', names]);
    if (rows.length !== names.length) throw new Error(`${rows.length} rows`);
    Buffer.from(rows.map(({ etag, text }) => etag + text).join(''));
  };
  const [served = 1, raw = 0] = await interleaved([multiget, concatenate], ROUNDS);
  return {
    name: 'dav multiget of 5,000 events, rate / rate of the bare rows',
    value: raw / served,
    unit: '×',
    aim: { operator: '>=', value: 1 / 3 },
    detail: `${format(served)} ms (${format(bytes / 1e6)} MB) against ${format(raw)} ms, median of ${ROUNDS} interleaved rounds`,
  };
}
