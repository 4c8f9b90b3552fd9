import { D } from '../../../formats/xml/names.js';
import type { XmlSink } from '../../../formats/xml/write.js';
import { conditionError, DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { type DavReply, depthOf } from '../message.js';
import { multistatus } from '../multistatus.js';
import { CONTEXT, filesPath, homesPath, principalsPath } from '../paths.js';
import { ALLPROP, askedIn, Planner } from '../props/plan.js';
import type { Resource, ResourceKind } from '../resource.js';

/** Below these a listing of everything would be endless: whole homes. */
const UNBOUNDED: ReadonlySet<ResourceKind> = new Set(['root', 'calendar-home', 'addressbook-home']);

/** PROPFIND (RFC 4918 §9.1). Clients that leave out Depth mean the resource itself. */
export async function propfind(x: Exchange): Promise<DavReply> {
  const depth = depthOf(x.request, '0');
  if (depth === undefined) throw new DavError(400);
  const body = x.xml(D('propfind'));
  const planner = new Planner(x, body === null ? ALLPROP : askedIn(body));
  const target = await x.resolve(x.request.place);
  x.target = target;
  if (depth === 'infinity' && UNBOUNDED.has(target.kind)) throw conditionError(403, D('propfind-finite-depth'));
  const itself = x.preferences.depthNoroot && depth !== '0' ? '' : await planner.row(target);
  return multistatus(async (sink) => {
    sink.add(itself);
    if (depth !== '0') await members(x, target, planner, sink, depth === 'infinity');
  }, applied(x));
}

/** RFC 7240 §3: which preference was honoured. */
function applied(x: Exchange): Record<string, string> {
  return x.preferences.return === 'minimal' ? { 'Preference-Applied': 'return=minimal' } : {};
}

async function members(x: Exchange, target: Resource, planner: Planner, sink: XmlSink, deep: boolean): Promise<void> {
  if (target.file?.isFolder) return files(x, target.file.path, planner, sink, deep);
  if (target.collection !== null && target.item === null) return items(x, target, planner, sink);
  for (const member of await children(x, target)) if (sink.add(await planner.row(member))) await sink.flush();
}

/** What lies directly in a resource that is no collection of items. */
async function children(x: Exchange, target: Resource): Promise<readonly Resource[]> {
  switch (target.kind) {
    case 'calendar-home':
      return [
        ...(await x.collectionsOf('calendars')).map((collection) => x.collectionResource(collection)),
        x.inbox(),
        x.outbox(),
      ];
    case 'addressbook-home':
      return (await x.collectionsOf('addressbooks')).map((collection) => x.collectionResource(collection));
    case 'inbox':
      return (await x.services.scheduling.inbox(x.session)).map((message) => x.messageResource(message));
    case 'principal':
      return target.person === null ? [] : [x.proxy(target.person, 'read'), x.proxy(target.person, 'write')];
    case 'root':
      return inside(x, target.href);
    default:
      return [];
  }
}

function inside(x: Exchange, href: string): readonly Resource[] | Promise<readonly Resource[]> {
  if (href === CONTEXT) return [x.principal(), x.home('calendars'), x.home('addressbooks')];
  if (href === principalsPath) return [x.principal()];
  if (href === homesPath('calendars')) return [x.home('calendars')];
  if (href === homesPath('addressbooks')) return [x.home('addressbooks')];
  if (href === filesPath)
    return x.services.files.head(x.session, '').then((area) => (area === null ? [] : [x.fileResource(area)]));
  return [];
}

/** Files and folders in a folder, or all beneath it: an account's area is bounded. */
async function files(x: Exchange, path: string, planner: Planner, sink: XmlSink, deep: boolean): Promise<void> {
  for (const file of await x.services.files.members(x.session, path, deep)) {
    if (sink.add(await planner.row(x.fileResource(file)))) await sink.flush();
  }
}

/** Every item of a collection, as the store reads them. */
async function items(x: Exchange, parent: Resource, planner: Planner, sink: XmlSink): Promise<void> {
  if (parent.collection === null) return;
  const plan = await planner.plan(parent.kind === 'addressbook' ? 'card' : 'event');
  const { pim } = x.services;
  if (plan.needs !== 'head') {
    const pages =
      plan.needs === 'text' ? pim.searchBatches(x.session, parent.collection, {}) : pim.briefs(x.session, parent.collection);
    for await (const page of pages)
      for (const item of page) if (sink.add(plan.itemRow(x.itemResource(parent, item)))) await sink.flush();
    return;
  }
  for await (const item of pim.heads(x.session, parent.collection))
    if (sink.add(plan.itemRow(x.itemResource(parent, item)))) await sink.flush();
}
