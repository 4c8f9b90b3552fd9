import type { DraftChange, DraftFields, NewAttachment } from '../../../formats/mime/draft.js';
import type { TagName } from '../../../formats/wbxml/pages.js';
import { bytes, child, children, childText, type Element, elements, text } from '../../../formats/wbxml/tree.js';
import { readFileReference } from '../classes/email.js';
import { serverId } from './source.js';

/** What a phone says of a draft (MS-ASEMAIL, drafts of 16.0 and later). */
export interface DraftRequest {
  readonly change: DraftChange;
  /** ClientIds of the attachments that are added, in their order. */
  readonly added: readonly string[];
}

/** Elements of a draft's header; an empty one removes the field. */
const FIELDS: readonly [tag: TagName, field: keyof DraftFields][] = [
  ['Email:To', 'to'],
  ['Email:Cc', 'cc'],
  ['Email2:Bcc', 'bcc'],
  ['Email:ReplyTo', 'replyTo'],
  ['Email:Subject', 'subject'],
];
const CONTENT = new Set<TagName>([
  ...FIELDS.map(([tag]) => tag),
  'Email:Importance',
  'AirSyncBase:Body',
  'AirSyncBase:Attachments',
]);
const IMPORTANCE: Readonly<Record<string, 'low' | 'normal' | 'high'>> = { 0: 'low', 1: 'normal', 2: 'high' };
const MAX_ADDED = 200;
const EMBEDDED = '5';

/** Whether a Change is about more than what every message has: read, flag, categories. */
export function editsDraft(data: Element): boolean {
  return elements(data).some(({ tag }) => CONTENT.has(tag));
}

/** Reads the ApplicationData of a draft; null when a value is none that it can have. `uid` null: a new one. */
export function readDraftRequest(data: Element | null, folder: string, uid: number | null): DraftRequest | null {
  if (!data) return { change: { fields: {}, add: [], remove: new Set() }, added: [] };
  const fields = readFields(data);
  const body = readBody(child(data, 'AirSyncBase:Body'));
  const attachments = readAttachments(child(data, 'AirSyncBase:Attachments'), folder, uid);
  if (!fields || !body || !attachments) return null;
  const change = { fields, ...body, add: attachments.add, remove: attachments.remove };
  return { change, added: attachments.ids };
}

function readFields(data: Element): DraftFields | null {
  const fields: { -readonly [K in keyof DraftFields]: DraftFields[K] } = {};
  for (const [tag, field] of FIELDS) {
    const value = childText(data, tag);
    if (value !== undefined) Object.assign(fields, { [field]: value.trim() === '' ? null : value });
  }
  const importance = childText(data, 'Email:Importance')?.trim();
  if (importance === undefined || importance === '') return fields;
  const level = IMPORTANCE[importance];
  return level ? { ...fields, importance: level } : null;
}

/** Type 1 text, 2 HTML, 4 a whole message. */
function readBody(body: Element | undefined): Pick<DraftChange, 'text' | 'mime'> | null {
  if (!body) return {};
  const type = childText(body, 'AirSyncBase:Type')?.trim();
  const data = child(body, 'AirSyncBase:Data');
  if (type === '1') return { text: { kind: 'plain', text: text(data) ?? '' } };
  if (type === '2') return { text: { kind: 'html', text: text(data) ?? '' } };
  const mime = type === '4' ? bytes(data) : undefined;
  return mime && mime.length > 0 ? { mime } : null;
}

interface Attachments {
  readonly add: readonly NewAttachment[];
  readonly ids: readonly string[];
  readonly remove: ReadonlySet<string>;
}

/** Add and Delete of MS-ASAIRS Attachments; what is to be deleted must be of this very message. */
function readAttachments(element: Element | undefined, folder: string, uid: number | null): Attachments | null {
  const adds = children(element, 'AirSyncBase:Add');
  const deletes = children(element, 'AirSyncBase:Delete');
  if (adds.length > MAX_ADDED || (element && elements(element).length > 2 * MAX_ADDED)) return null;
  const remove = new Set<string>();
  for (const one of deletes) {
    const named = readFileReference(childText(one, 'AirSyncBase:FileReference') ?? '');
    if (!named || uid === null || named.serverId !== serverId(folder, uid)) return null;
    remove.add(named.section);
  }
  const add = adds.map(readAdded);
  if (add.some((one) => one === null)) return null;
  return { add: add as NewAttachment[], ids: adds.map((one) => childText(one, 'AirSyncBase:ClientId') ?? ''), remove };
}

/** An attachment that a device adds (MS-ASAIRS Add); null for one without content or ClientId. */
export function readAdded(element: Element): NewAttachment | null {
  const content = child(element, 'AirSyncBase:Content');
  const method = childText(element, 'AirSyncBase:Method')?.trim() ?? '1';
  if (!content || !childText(element, 'AirSyncBase:ClientId') || (method !== '1' && method !== EMBEDDED)) return null;
  const isInline = /^\s*(1|true)\s*$/i.test(childText(element, 'AirSyncBase:IsInline') ?? '');
  const contentId = childText(element, 'AirSyncBase:ContentId')?.trim() || null;
  return {
    name: childText(element, 'AirSyncBase:DisplayName')?.trim().slice(0, 255) || 'attachment',
    type: childText(element, 'AirSyncBase:ContentType')?.trim() ?? '',
    bytes: contentBytes(content),
    contentId,
    isInline: isInline && contentId !== null,
    isMessage: method === EMBEDDED,
  };
}

/** OPAQUE; some phones send base64 as text. */
function contentBytes(content: Element): Uint8Array {
  const isText = content.content.some((node) => typeof node === 'string');
  return isText ? Buffer.from(text(content) ?? '', 'base64') : (bytes(content) ?? new Uint8Array());
}
