import type { LeanClient, LeanRequest } from './lean-http.js';

/** DAV requests as clients send them, and the least reading of their answers. */

const NAMESPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="urn:ietf:params:xml:ns:carddav"';

export interface Rows {
  readonly rows: number;
  readonly bytes: number;
  readonly token: string;
}

/** PROPFIND Depth 1 for the ETags: the first listing of Thunderbird, Evolution and all that know no sync-collection. */
export function listing(client: LeanClient, path: string): Promise<Rows> {
  return rowsOf(client, 'PROPFIND', path, {
    depth: '1',
    body: `<D:propfind ${NAMESPACES}><D:prop><D:getetag/><D:getcontenttype/><D:resourcetype/></D:prop></D:propfind>`,
  });
}

/** REPORT sync-collection (RFC 6578) for the ETags; without a token the first listing of iOS and DAVx5. */
export function syncCollection(
  client: LeanClient,
  path: string,
  token = '',
  { data, ...how }: LeanRequest & { readonly data?: boolean } = {},
): Promise<Rows> {
  const body =
    `<D:sync-collection ${NAMESPACES}><D:sync-token>${token}</D:sync-token><D:sync-level>1</D:sync-level>` +
    `<D:prop><D:getetag/>${data ? '<C:calendar-data/>' : ''}</D:prop></D:sync-collection>`;
  return rowsOf(client, 'REPORT', path, { depth: '0', body, ...how });
}

/** calendar-multiget or addressbook-multiget of ETags and data. */
export function multiget(
  client: LeanClient,
  path: string,
  kind: 'calendar' | 'book',
  names: readonly string[],
  how: LeanRequest = {},
): Promise<Rows> {
  const hrefs = names.map((name) => `<D:href>${path}${name}</D:href>`).join('');
  const [report, data] =
    kind === 'calendar' ? ['C:calendar-multiget', 'C:calendar-data'] : ['A:addressbook-multiget', 'A:address-data'];
  const body = `<${report} ${NAMESPACES}><D:prop><D:getetag/><${data}/></D:prop>${hrefs}</${report}>`;
  return rowsOf(client, 'REPORT', path, { depth: '0', body, ...how });
}

/** calendar-query of all events that overlap a time, with their data. */
export async function timeRange(client: LeanClient, path: string, start: string, end: string): Promise<Buffer> {
  const body =
    `<C:calendar-query ${NAMESPACES}><D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR">` +
    `<C:comp-filter name="VEVENT"><C:time-range start="${start}" end="${end}"/></C:comp-filter></C:comp-filter></C:filter>` +
    '</C:calendar-query>';
  return (await client.expect(207, 'REPORT', path, { depth: '1', body })).body;
}

/** The href of each row. */
export function hrefsIn(body: Buffer): string[] {
  const rows = body.toString('latin1').matchAll(/<(?:\w+:)?response[\s>][\s\S]*?<(?:\w+:)?href[^>]*>([^<]*)</g);
  return [...rows].map(([, href]) => (href as string).trim());
}

async function rowsOf(client: LeanClient, method: string, path: string, how: LeanRequest): Promise<Rows> {
  const { body, bytes } = await client.expect(207, method, path, how);
  // Node's own search for bytes; an expression over megabytes of text would be part of what is measured.
  let rows = 0;
  const end = rowEnd(body);
  for (let at = body.indexOf(end); at >= 0; at = body.indexOf(end, at + end.length)) rows++;
  const tail = body.subarray(-2_000).toString('latin1') + body.subarray(0, 2_000).toString('latin1');
  return { rows, bytes, token: /<(?:\w+:)?sync-token[^>]*>([^<]*)</.exec(tail)?.[1] ?? '' };
}

/** `</D:response>` under the prefix of this answer. */
function rowEnd(body: Buffer): string {
  const prefix = /<(\w+:)?multistatus[\s>]/.exec(body.subarray(0, 1_000).toString('latin1'))?.[1] ?? '';
  return `</${prefix}response>`;
}
