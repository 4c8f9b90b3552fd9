import { elementsOf, parseXml, textOf, type XmlElement, XmlError } from '../../formats/xml/read.js';
import { attributeText } from '../../formats/xml/write.js';
import type { Check } from '../engine.js';
import type { Answer } from '../exchange.js';
import { type Code, type Found, found } from '../findings.js';
import { EAS_PATH, redirectOf } from '../phone.js';
import type { Visit } from '../visit.js';

const SCHEMAS = 'http://schemas.microsoft.com/exchange/autodiscover/mobilesync';

export const autodiscover: readonly Check[] = [
  { id: 'autodiscover', title: 'Autodiscover (XML)', after: ['http'], run: checkXml },
  { id: 'autodiscover-v2', title: 'Autodiscover V2 (JSON)', after: ['http'], run: checkJson },
];

/** MS-ASCMD Autodiscover: what phones and Outlook ask first. */
async function checkXml(visit: Visit): Promise<readonly Found[] | string> {
  const request =
    `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="${SCHEMAS}/requestschema/2006"><Request>` +
    `<EMailAddress>${attributeText(visit.patient.address)}</EMailAddress>` +
    `<AcceptableResponseSchema>${SCHEMAS}/responseschema/2006</AcceptableResponseSchema></Request></Autodiscover>`;
  const ask = { method: 'POST', body: request, headers: { 'Content-Type': 'text/xml; charset=utf-8' } };
  const answer = await visit.askAsUser('/autodiscover/autodiscover.xml', ask);
  const missing = missingOf(answer, 'autodiscover-missing');
  if (missing) return [missing];
  const named = urlIn(answer.body);
  return named === undefined ? [found('autodiscover-wrong', 'the answer names no ActiveSync address')] : judge(visit, named);
}

function urlIn(body: Buffer): string | undefined {
  try {
    const all = descendants(parseXml(body));
    return all.filter(({ name }) => name.endsWith('}Url')).map((element) => textOf(element).trim())[0];
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}

function descendants(element: XmlElement): XmlElement[] {
  return [element, ...elementsOf(element).flatMap(descendants)];
}

async function checkJson(visit: Visit): Promise<readonly Found[] | string> {
  const path = `/autodiscover/autodiscover.json/v1.0/${encodeURIComponent(visit.patient.address)}?Protocol=ActiveSync`;
  const answer = await visit.ask(path, { method: 'GET' });
  const missing = missingOf(answer, 'autodiscover-v2-missing');
  if (missing) return [missing];
  try {
    const { Url } = JSON.parse(answer.body.toString()) as { Url?: unknown };
    return judge(visit, String(Url ?? ''));
  } catch {
    return [found('autodiscover-wrong', 'the answer is no JSON')];
  }
}

function missingOf({ status, headers }: Answer, code: Code): Found | undefined {
  if (status === 200) return undefined;
  if (status >= 300 && status < 400 && /^http:/i.test(String(headers.location)))
    return redirectOf(String(headers.location), status);
  return found(code, `the answer is ${status}`);
}

function judge({ patient }: Visit, named: string): readonly Found[] | string {
  if (!URL.canParse(named)) return [found('autodiscover-wrong', `“${named.slice(0, 100)}” is no address`)];
  const url = new URL(named);
  if (url.protocol === 'http:' && patient.url.protocol === 'https:')
    return [found('autodiscover-insecure', `phones are sent to ${named}`)];
  if (url.host !== patient.url.host || url.pathname.replace(/\/$/, '') !== EAS_PATH)
    return [found('autodiscover-elsewhere', `phones are sent to ${named}`)];
  return named;
}
