import { HIERARCHY } from '../../../domain/notify/hub.js';
import type { Id } from '../../../domain/types.js';
import type { TagName } from '../../../formats/wbxml/pages.js';
import { type Element, elements, text } from '../../../formats/wbxml/tree.js';
import type { EasAnswer, EasContext, Parked } from '../context.js';
import { atLeast, type EasVersion, has } from '../versions.js';
import { find } from './find.js';
import { folderCreate, folderDelete, folderUpdate } from './folder-change.js';
import { folderSync } from './folder-sync.js';
import { getAttachment } from './get-attachment.js';
import { getHierarchy } from './get-hierarchy.js';
import { getItemEstimate } from './get-item-estimate.js';
import { itemOperations } from './item-operations.js';
import { meetingResponse } from './meeting-response.js';
import { moveItems } from './move-items.js';
import { ping } from './ping.js';
import { provision } from './provision.js';
import { resolveRecipients } from './resolve-recipients.js';
import { search } from './search.js';
import { sendMail } from './send-mail.js';
import { settings } from './settings.js';
import { smartForward, smartReply } from './smart-compose.js';
import { sync } from './sync.js';
import { validateCert } from './validate-cert.js';

/** Which sync states a command needs, read from its document; `hint` is what the last full Sync was about. */
type CollectionsOf = (body: Element | null, hint: readonly Id[]) => readonly Id[];

/** A row of the command table. */
export interface Command {
  /** First and last version that has the command; absent: all. */
  readonly since?: EasVersion;
  readonly until?: EasVersion;
  /** Root element of request and answer. */
  readonly root: TagName;
  /** Element of the answer that holds the Status of the whole command. */
  readonly status: TagName;
  /** Whether the current policy key must come with it (MS-ASPROV 3.1.5.1). */
  readonly needsPolicy: boolean;
  /** Versions in which the body is no WBXML document. */
  opaqueBody?(version: EasVersion): boolean;
  readonly collections: CollectionsOf;
  /** The answer is always a document, and may take long: the device gets signs of life while it is made. */
  readonly pulse?: boolean;
  run(context: EasContext): Promise<EasAnswer | Parked>;
}

const none: CollectionsOf = () => [];
const hierarchy: CollectionsOf = () => [HIERARCHY];

/** All texts of an element anywhere in the document, at most 1,000, without repetition. */
const named =
  (tag: TagName): CollectionsOf =>
  (body, hint) =>
    body ? [...new Set(textsOf(body, tag))].slice(0, 1000) : hint;

const syncCollections: CollectionsOf = (body, hint) => {
  const listed = named('AirSync:CollectionId')(body, hint);
  return [...new Set([...listed, ...hint])];
};

const pingCollections: CollectionsOf = (body, hint) => [...named('Ping:Id')(body, hint), HIERARCHY];

type ServedOptions = Partial<Pick<Command, 'collections' | 'status' | 'since' | 'until' | 'opaqueBody' | 'pulse'>> & {
  open?: boolean;
};

function served(root: TagName, run: Command['run'], options: ServedOptions = {}): Command {
  return {
    root,
    status: options.status ?? (`${root.split(':')[0]}:Status` as TagName),
    needsPolicy: !options.open,
    collections: options.collections ?? none,
    ...(options.opaqueBody && { opaqueBody: options.opaqueBody }),
    ...(options.since && { since: options.since }),
    ...(options.until && { until: options.until }),
    ...(options.pulse && { pulse: true }),
    run,
  };
}

/** Up to 12.1 the body of SendMail and its kin is the message itself. */
const isMessage = (version: EasVersion) => !has(version, 'composeMail');

/** Every command of MS-ASCMD 2.2.1 by the name in the query. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['Sync', served('AirSync:Sync', sync, { collections: syncCollections, pulse: true })],
  ['SendMail', served('ComposeMail:SendMail', sendMail, { opaqueBody: isMessage })],
  ['SmartForward', served('ComposeMail:SmartForward', smartForward, { opaqueBody: isMessage })],
  ['SmartReply', served('ComposeMail:SmartReply', smartReply, { opaqueBody: isMessage })],
  ['FolderSync', served('FolderHierarchy:FolderSync', folderSync, { collections: hierarchy, pulse: true })],
  ['FolderCreate', served('FolderHierarchy:FolderCreate', folderCreate, { collections: hierarchy })],
  ['FolderDelete', served('FolderHierarchy:FolderDelete', folderDelete, { collections: hierarchy })],
  ['FolderUpdate', served('FolderHierarchy:FolderUpdate', folderUpdate, { collections: hierarchy })],
  ['MoveItems', served('Move:MoveItems', moveItems, { collections: named('Move:SrcFldId'), pulse: true })],
  [
    'GetItemEstimate',
    served('GetItemEstimate:GetItemEstimate', getItemEstimate, {
      collections: named('GetItemEstimate:CollectionId'),
      pulse: true,
    }),
  ],
  ['Settings', served('Settings:Settings', settings, { since: '12.0' })],
  ['Ping', served('Ping:Ping', ping, { collections: pingCollections, open: true })],
  ['ItemOperations', served('ItemOperations:ItemOperations', itemOperations, { since: '12.0', pulse: true })],
  ['GetAttachment', served('ItemOperations:Fetch', getAttachment, { until: '12.1', opaqueBody: () => true })],
  ['GetHierarchy', served('FolderHierarchy:Folders', getHierarchy, { until: '12.1' })],
  ['Provision', served('Provision:Provision', provision, { open: true })],
  ['MeetingResponse', served('MeetingResponse:MeetingResponse', meetingResponse)],
  ['Search', served('Search:Search', search, { pulse: true })],
  ['Find', served('Find:Find', find, { pulse: true })],
  ['ResolveRecipients', served('ResolveRecipients:ResolveRecipients', resolveRecipients, { pulse: true })],
  ['ValidateCert', served('ValidateCert:ValidateCert', validateCert)],
]);

/** Commands announced by OPTIONS, whatever version the client will speak. */
export const SERVED_COMMANDS: readonly string[] = [...COMMANDS.keys()];

/** Whether a version has the command. */
export function isIn({ since, until }: Command, version: EasVersion): boolean {
  return (!since || atLeast(version, since)) && (!until || atLeast(until, version));
}

function* textsOf(element: Element, tag: TagName): Generator<string> {
  for (const inner of elements(element)) {
    if (inner.tag === tag) yield text(inner) ?? '';
    else yield* textsOf(inner, tag);
  }
}
