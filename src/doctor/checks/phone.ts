import { encode } from '../../formats/wbxml/encode.js';
import { child, children, childText, type Element, el, text } from '../../formats/wbxml/tree.js';
import { type Check, Refusal } from '../engine.js';
import { type Answer, LineFault } from '../exchange.js';
import { type Found, found } from '../findings.js';
import { type How, readDocument, refusalOf } from '../phone.js';
import type { Visit } from '../visit.js';

export const phone: readonly Check[] = [
  { id: 'provision', title: 'Policies (Provision)', after: ['options'], run: checkProvision },
  { id: 'folders', title: 'Folders (FolderSync)', after: ['provision'], run: checkFolders },
  { id: 'sync', title: 'Mail (Sync)', after: ['folders'], run: checkSync },
  { id: 'base64', title: 'Queries in base64', after: ['folders'], run: checkBase64 },
  { id: 'gzip', title: 'Packed answers', after: ['folders'], run: checkGzip },
  { id: 'body', title: 'Large requests', after: ['folders'], run: checkBody },
];

const POLICY_TYPE = el('Provision:PolicyType', 'MS-EAS-Provisioning-WBXML');

/** Both phases (MS-ASPROV §3.1.5), the device's description in the first. */
async function checkProvision({ phone }: Visit): Promise<readonly Found[] | string> {
  const facts = { Model: 'Check', FriendlyName: 'gateway check', OS: 'Node.js', OSLanguage: 'en' } as const;
  const set = Object.entries(facts).map(([name, value]) => el(`Settings:${name as keyof typeof facts}`, value));
  const about = Number(phone.version) >= 14.1 ? el('Settings:DeviceInformation', el('Settings:Set', set)) : undefined;
  const offer = await phone.command('Provision', provision(about, el('Provision:Policy', POLICY_TYPE)));
  if (child(offer, 'Provision:RemoteWipe') || child(offer, 'Provision:AccountOnlyRemoteWipe'))
    return [found('wipe-pending', 'the answer orders a wipe')];
  const policy = policyOf(offer);
  if (childText(policy, 'Provision:Status') === '2') return 'no policy';
  phone.policyKey = keyOf(offer);
  const accepted = el('Provision:Policy', POLICY_TYPE, el('Provision:PolicyKey', phone.policyKey), el('Provision:Status', 1));
  phone.policyKey = keyOf(await phone.command('Provision', provision(undefined, accepted)));
  return demandsOf(child(child(policy, 'Provision:Data'), 'Provision:EASProvisionDoc'));
}

function provision(about: Element | undefined, policy: Element): Element {
  return el('Provision:Provision', about, el('Provision:Policies', policy));
}

const policyOf = (answer: Element | undefined) => child(child(answer, 'Provision:Policies'), 'Provision:Policy');

function keyOf(answer: Element | undefined): number {
  const key = Number(childText(policyOf(answer), 'Provision:PolicyKey'));
  if (key > 0) return key;
  const status = childText(answer, 'Provision:Status') ?? 'none';
  throw new Refusal(
    found('policy-refused', `Status ${status}, policy ${childText(policyOf(answer), 'Provision:Status') ?? 'none'}`),
  );
}

function demandsOf(policy: Element | undefined): string {
  const demands = [
    ['Provision:DevicePasswordEnabled', 'a device password'],
    ['Provision:RequireDeviceEncryption', 'an encrypted device'],
  ] as const;
  const asked = demands.filter(([tag]) => childText(policy, tag) === '1').map(([, what]) => what);
  return asked.length > 0 ? `asks for ${asked.join(' and ')}` : 'asks for nothing of the device';
}

const hierarchy = (key: string) => el('FolderHierarchy:FolderSync', el('FolderHierarchy:SyncKey', key));

async function checkFolders({ phone }: Visit): Promise<readonly Found[] | string> {
  const answer = await phone.command('FolderSync', hierarchy('0'));
  const status = childText(answer, 'FolderHierarchy:Status') ?? 'none';
  if (status !== '1') return [found('hierarchy-refused', `FolderSync has Status ${status}`)];
  const folders = children(child(answer, 'FolderHierarchy:Changes'), 'FolderHierarchy:Add');
  const inbox = folders.find((folder) => childText(folder, 'FolderHierarchy:Type') === '2');
  if (!inbox) return [found('inbox-missing', `none of ${folders.length} folders is the Inbox`)];
  phone.inbox = { id: childText(inbox, 'FolderHierarchy:ServerId') ?? '', key: '0' };
  return `${folders.length} folders`;
}

/** Rounds of Sync until nothing more is announced; a check wants the latest day only. */
const MAX_ROUNDS = 20;
const ONE_DAY = 1;

async function checkSync(visit: Visit): Promise<readonly Found[] | string> {
  const count = await syncInbox(visit);
  return `${count} messages of the last day`;
}

/** Takes what the Inbox has; gives the number of changes. @throws Refusal */
export async function syncInbox({ phone }: Visit): Promise<number> {
  let count = 0;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const prime = phone.inbox.key === '0';
    const answer = collectionOf(await phone.command('Sync', syncRequest(phone.inbox, prime)));
    if (answer) phone.inbox.key = childText(answer, 'AirSync:SyncKey') ?? phone.inbox.key;
    const commands = child(answer, 'AirSync:Commands');
    count += commands?.content.length ?? 0;
    if (!prime && !child(answer, 'AirSync:MoreAvailable')) break;
  }
  return count;
}

function syncRequest({ id, key }: { id: string; key: string }, prime: boolean): Element {
  const body = el('AirSyncBase:BodyPreference', el('AirSyncBase:Type', 1), el('AirSyncBase:TruncationSize', 200));
  const options = el('AirSync:Options', el('AirSync:FilterType', ONE_DAY), body);
  const collection = el('AirSync:Collection', el('AirSync:SyncKey', key), el('AirSync:CollectionId', id));
  const more = prime ? [] : [el('AirSync:WindowSize', 100), options];
  return el('AirSync:Sync', el('AirSync:Collections', { ...collection, content: [...collection.content, ...more] }));
}

function collectionOf(answer: Element | undefined): Element | undefined {
  if (!answer) return undefined;
  const collection = child(child(answer, 'AirSync:Collections'), 'AirSync:Collection');
  const status = childText(collection, 'AirSync:Status') ?? childText(answer, 'AirSync:Status') ?? 'none';
  if (status !== '1') throw new Refusal(found('sync-refused', `Sync of the Inbox has Status ${status}`));
  return collection;
}

/** The same request in both forms must be answered in the same way. */
async function checkBase64({ phone }: Visit): Promise<readonly Found[] | string> {
  const faults = await folderSyncFails(() => phone.post('FolderSync', encode(hierarchy('0')), { base64: true }));
  return faults ? [found('base64-blocked', faults)] : '';
}

/** Why a FolderSync that went well before fails now; undefined when it doesn't. */
async function folderSyncFails(post: () => Promise<Answer>): Promise<string | undefined> {
  const answer = await post().catch((error: unknown) => {
    if (error instanceof LineFault) return error.message;
    throw error;
  });
  if (typeof answer === 'string') return answer;
  const refused = refusalOf(answer);
  if (refused) return refused.detail;
  const status = childText(readDocument(answer), 'FolderHierarchy:Status');
  return status === '1' ? undefined : `FolderSync has Status ${status ?? 'none'}`;
}

async function checkGzip({ phone }: Visit): Promise<readonly Found[] | string> {
  const how: How = { gzip: true };
  const answer = await phone.command('FolderSync', hierarchy('0'), how);
  const status = text(child(answer, 'FolderHierarchy:Status'));
  return status === '1' ? '' : [found('answer-broken', `FolderSync has Status ${status ?? 'none'} when gzip is allowed`)];
}

/** A body as large as a mail with attachments. It is no valid request: any answer of the server itself shows that it arrived. */
async function checkBody(visit: Visit): Promise<readonly Found[] | string> {
  const { body } = visit.patient;
  const megabytes = `${Math.round(body / 1e5) / 10} MB`;
  try {
    const { status } = await visit.phone.post('FolderSync', Buffer.alloc(body, 0x20));
    if (status === 413) return [found('body-limit', `a request of ${megabytes} is refused (413)`)];
    const passed = status < 500 && status !== 403;
    return passed ? `${megabytes} pass` : [found('body-limit', `a request of ${megabytes} is answered with ${status}`)];
  } catch (error) {
    if (!(error instanceof LineFault)) throw error;
    return [found('body-limit', `a request of ${megabytes}: ${error.message}`)];
  }
}
