import { C, CARD, type ClarkName, D } from '../../formats/xml/names.js';
import { childOf, elementsOf, parseXml, textOf, type XmlElement, XmlError } from '../../formats/xml/read.js';
import { document, element, textElement } from '../../formats/xml/write.js';
import { type Check, Refusal } from '../engine.js';
import { type Answer, unpacked } from '../exchange.js';
import { type Found, found } from '../findings.js';
import { redirectOf, refusalOf } from '../phone.js';
import type { Visit } from '../visit.js';

export const dav: readonly Check[] = [
  { id: 'well-known', title: 'Calendar and contacts by the host name', after: ['http'], run: checkWellKnown },
  { id: 'dav', title: 'CalDAV and CardDAV (OPTIONS)', after: ['http'], run: checkOptions },
  { id: 'principal', title: 'DAV login (PROPFIND)', after: ['dav'], run: checkPrincipal },
  { id: 'collections', title: 'Calendars and address books', after: ['principal'], run: checkCollections },
  { id: 'report', title: 'Synchronisation (REPORT)', after: ['collections'], run: checkReport },
];

/** RFC 6764 §5: both addresses lead to the context path, by a redirect or by being it. */
async function checkWellKnown(visit: Visit): Promise<readonly Found[] | string> {
  const faults: Found[] = [];
  for (const name of ['caldav', 'carddav'] as const) {
    const path = `/.well-known/${name}`;
    const { status, headers } = await visit.ask(path, { method: 'GET' });
    const location = String(headers.location ?? '');
    const redirect = status >= 300 && status < 400;
    if (redirect && /^http:/i.test(location) && visit.patient.url.protocol === 'https:')
      faults.push(redirectOf(location, status));
    else if (redirect && location) visit.dav.context = new URL(location, visit.patient.url).pathname;
    else if (status !== 401 && status !== 207) faults.push(found('well-known-missing', `${path} is answered with ${status}`));
  }
  return faults.length > 0 ? faults : `leads to ${visit.dav.context}`;
}

async function checkOptions(visit: Visit): Promise<readonly Found[] | string> {
  const answer = await visit.askAsUser(visit.dav.context, { method: 'OPTIONS' });
  const { status, headers } = answer;
  if (status === 401) return [found('password-wrong', 'the server answers 401 to name and password')];
  if (status >= 500) throw new Refusal(refusalOf(answer) as Found);
  const classes = String(headers.dav ?? '');
  const missing = ['calendar-access', 'addressbook'].filter((name) => !classes.includes(name));
  if (status >= 300 || missing.length > 0)
    return [
      found(
        'dav-missing',
        `OPTIONS of ${visit.dav.context} is answered with ${status}${classes ? `, DAV: ${classes}` : ' and no DAV header'}`,
      ),
    ];
  return '';
}

async function checkPrincipal(visit: Visit): Promise<readonly Found[] | string> {
  const root = await propfind(visit, visit.dav.context, '0', [D('current-user-principal')]);
  const principal = hrefsOf(root, D('current-user-principal'))[0];
  if (!principal) return [found('dav-broken', 'the answer names no current-user-principal')];
  visit.dav.principal = principal;
  const names = [C('calendar-home-set'), CARD('addressbook-home-set')] as const;
  const answer = await propfind(visit, principal, '0', names);
  visit.dav.homes = names.flatMap((name) => hrefsOf(answer, name));
  return visit.dav.homes.length >= names.length
    ? principal
    : [found('dav-broken', `${principal} has no homes for calendars and contacts`)];
}

async function checkCollections(visit: Visit): Promise<readonly Found[] | string> {
  const counts = { calendar: 0, addressbook: 0 };
  for (const home of visit.dav.homes) {
    for (const response of elementsOf(await propfind(visit, home, '1', [D('resourcetype')]), D('response'))) {
      const kinds = descendants(response).map(({ name }) => name);
      const href = childOf(response, D('href'));
      if (kinds.includes(C('calendar'))) counts.calendar++;
      if (kinds.includes(CARD('addressbook'))) counts.addressbook++;
      if (kinds.includes(C('calendar')) && href) visit.dav.collection ??= textOf(href).trim();
    }
  }
  const missing = Object.entries(counts).filter(([, count]) => count === 0);
  if (missing.length === 0) return `${counts.calendar} and ${counts.addressbook}`;
  return missing.map(([kind]) => found('collections-missing', `there is no ${kind}`));
}

/** RFC 6578: how current clients learn of changes; proxies that know GET and POST only stop it. */
async function checkReport(visit: Visit): Promise<readonly Found[] | string> {
  if (!visit.dav.collection) return 'there is no calendar to ask';
  const prop = element(D('prop'), element(D('getetag')));
  const limit = element(D('limit'), textElement(D('nresults'), '1'));
  const body = document(D('sync-collection'), element(D('sync-token')), textElement(D('sync-level'), '1'), limit, prop);
  await multistatus(visit, 'REPORT', visit.dav.collection, '0', body);
  return '';
}

function propfind(visit: Visit, path: string, depth: string, names: readonly ClarkName[]): Promise<XmlElement> {
  const body = document(D('propfind'), element(D('prop'), ...names.map((name) => element(name))));
  return multistatus(visit, 'PROPFIND', path, depth, body);
}

async function multistatus(visit: Visit, method: string, path: string, depth: string, body: string): Promise<XmlElement> {
  const headers = { Depth: depth, 'Content-Type': 'application/xml; charset=utf-8' };
  const answer = await visit.askAsUser(path, { method, headers, body });
  const { status } = answer;
  if (status === 403 || status === 405 || status === 501)
    throw new Refusal(found('dav-method-blocked', `${method} is answered with ${status}`));
  if (status === 401) throw new Refusal(found('password-wrong', `${method} is answered with 401`));
  if (status !== 207) throw new Refusal(refusalOf(answer) ?? found('dav-broken', `${method} is answered with ${status}`));
  return readXml(answer);
}

function readXml(answer: Answer): XmlElement {
  const body = unpacked(answer);
  if (!Buffer.isBuffer(body)) throw new Refusal(body);
  try {
    return parseXml(body);
  } catch (error) {
    if (error instanceof XmlError) throw new Refusal(found('dav-broken', `the answer is no XML: ${error.message}`));
    throw error;
  }
}

function hrefsOf(root: XmlElement, property: ClarkName): string[] {
  return descendants(root)
    .filter(({ name }) => name === property)
    .flatMap((holder) => elementsOf(holder, D('href')).map((href) => textOf(href).trim()));
}

function descendants(element: XmlElement): XmlElement[] {
  return [element, ...elementsOf(element).flatMap(descendants)];
}
