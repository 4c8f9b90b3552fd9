import { D } from '../../../formats/xml/names.js';
import { conditionError, DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import type { DavReply } from '../message.js';
import { REPORTS } from '../reports/index.js';
import { REPORTS_ON } from '../reports/supported.js';

/** REPORT (RFC 3253 §3.6): the root element of the body says which. */
export async function report(x: Exchange): Promise<DavReply> {
  const body = x.xml();
  if (body === null) throw new DavError(400);
  const target = await x.resolve(x.request.place);
  x.target = target;
  const run = REPORTS.get(body.name);
  if (run === undefined || !REPORTS_ON.get(body.name)?.includes(target.kind)) throw conditionError(403, D('supported-report'));
  return run(x, body, target);
}
