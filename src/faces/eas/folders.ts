import { isDomainError } from '../../domain/errors.js';
import type { FolderRole, MailFolder } from '../../domain/mail/model.js';
import type { Collection, PimKind } from '../../domain/pim/model.js';
import type { Id } from '../../domain/types.js';
import type { EasContext } from './context.js';
import { folderOfNotebook, notebookId, sortFolders } from './notebooks.js';
import { type EasVersion, has } from './versions.js';

/** A folder as a device knows it (MS-ASCMD FolderSync). */
export interface FolderEntry {
  readonly id: Id;
  /** `0` at the root. */
  readonly parent: Id;
  readonly name: string;
  readonly type: number;
}

export const ROOT: Id = '0';

/** MS-ASCMD Type (FolderSync). */
export const FOLDER_TYPE = {
  generic: 1,
  inbox: 2,
  drafts: 3,
  trash: 4,
  sent: 5,
  outbox: 6,
  userMail: 12,
} as const;

const MAIL_TYPES: Readonly<Record<FolderRole, number>> = {
  inbox: FOLDER_TYPE.inbox,
  drafts: FOLDER_TYPE.drafts,
  sent: FOLDER_TYPE.sent,
  trash: FOLDER_TYPE.trash,
  junk: FOLDER_TYPE.userMail,
  archive: FOLDER_TYPE.userMail,
};

/** Types of the default collection of a kind, and of the others. */
export const PIM_TYPES: Readonly<Record<PimKind, { readonly primary: number; readonly other: number }>> = {
  tasks: { primary: 7, other: 15 },
  calendar: { primary: 8, other: 13 },
  contacts: { primary: 9, other: 14 },
  notes: { primary: 10, other: 17 },
};

/** Folders a phone can't do without; where the mailbox has none, an empty one stands for it. */
const EXPECTED: readonly { readonly id: Id; readonly type: number; readonly name: string }[] = [
  { id: 'virtual-drafts', type: FOLDER_TYPE.drafts, name: 'Drafts' },
  { id: 'virtual-trash', type: FOLDER_TYPE.trash, name: 'Trash' },
  { id: 'virtual-sent', type: FOLDER_TYPE.sent, name: 'Sent' },
  { id: 'virtual-outbox', type: FOLDER_TYPE.outbox, name: 'Outbox' },
];

/** Whether the id names a folder that stands for one the mailbox does not have. */
export function isVirtual(id: Id): boolean {
  return EXPECTED.some((folder) => folder.id === id);
}

/** The chosen folders and all below them. */
export function withDescendants(all: readonly MailFolder[], chosen: readonly MailFolder[]): readonly MailFolder[] {
  const taken = new Set(chosen.map(({ id }) => id));
  for (let before = -1; before !== taken.size; ) {
    before = taken.size;
    for (const { id, parent } of all) if (parent !== null && taken.has(parent)) taken.add(id);
  }
  return all.filter(({ id }) => taken.has(id));
}

/** Names longer than this are cut (MS-ASCMD DisplayName: 256). */
const MAX_NAME = 256;

/**
 * The hierarchy as the device shall see it. When the mail server can't be asked, the mail folders of `last` stay: a failed
 * call never makes folders disappear. @throws when there is nothing to fall back to
 */
export async function listFolders(context: EasContext, last: readonly FolderEntry[] | null): Promise<readonly FolderEntry[]> {
  const [mail, pim] = await Promise.all([mailEntries(context, last), context.services.pim.collections(context.session)]);
  return parentsFirst(uniqueNames([...mail, ...pimEntries(pim, context.version)]));
}

async function mailEntries(context: EasContext, last: readonly FolderEntry[] | null): Promise<readonly FolderEntry[]> {
  try {
    const folders = await context.services.mail.folders(context.session);
    if (folders.length === 0) throw new Error('the mail server listed no folder');
    const { mail, notebooks } = await sortFolders(context, folders, new Set(last?.map(({ id }) => id)));
    return [...withExpected(entriesOf(mail)), ...notebookEntries(notebooks)];
  } catch (error) {
    if (last === null || isDomainError(error, 'unauthenticated')) throw error;
    context.log.warn({ err: error }, 'mail folders could not be listed, the last known ones stay');
    return last.filter(({ id, type }) => isMailType(type) || folderOfNotebook(id) !== null);
  }
}

/** Only one folder can have each special type. */
function entriesOf(folders: readonly MailFolder[]): FolderEntry[] {
  const ids = new Set(folders.map((folder) => folder.id));
  const taken = new Set<number>();
  return folders.map((folder) => {
    const special = folder.role === null ? FOLDER_TYPE.userMail : MAIL_TYPES[folder.role];
    const free = special === FOLDER_TYPE.userMail || !taken.has(special);
    taken.add(special);
    const type = folder.selectable ? (free ? special : FOLDER_TYPE.userMail) : FOLDER_TYPE.generic;
    const parent = folder.parent !== null && ids.has(folder.parent) ? folder.parent : ROOT;
    return { id: folder.id, parent, name: named(folder.name), type };
  });
}

/** Never the default folder, which is that of calendars and address books: a mailbox may lose its notes any time. */
function notebookEntries(notebooks: readonly MailFolder[]): FolderEntry[] {
  const ids = new Set(notebooks.map(({ id }) => id));
  return notebooks.map(({ id, parent, name }) => {
    const isBelow = parent !== null && ids.has(parent);
    const shown = isBelow ? name : `${name} (mailbox)`;
    return { id: notebookId(id), parent: isBelow ? notebookId(parent) : ROOT, name: named(shown), type: PIM_TYPES.notes.other };
  });
}

function withExpected(entries: readonly FolderEntry[]): FolderEntry[] {
  const types = new Set(entries.map((entry) => entry.type));
  const missing = EXPECTED.filter((folder) => !types.has(folder.type));
  return [...entries, ...missing.map((folder) => ({ ...folder, parent: ROOT }))];
}

function pimEntries(collections: readonly Collection[], version: EasVersion): FolderEntry[] {
  const taken = new Set<PimKind>();
  return collections
    .filter((collection) => collection.kind !== 'notes' || has(version, 'notes'))
    .map((collection) => {
      const first = collection.primary && !taken.has(collection.kind);
      if (first) taken.add(collection.kind);
      const { primary, other } = PIM_TYPES[collection.kind];
      return { id: collection.id, parent: ROOT, name: named(collection.name), type: first ? primary : other };
    });
}

function named(name: string): string {
  return name.slice(0, MAX_NAME) || '?';
}

/**
 * Folders of the same name under the same parent get a number, since phones tell them apart by nothing else. Who gets it does
 * not hang on the order of the server's list, which may change from one time to the next.
 */
function uniqueNames(entries: readonly FolderEntry[]): FolderEntry[] {
  const taken = new Set<string>();
  const names = new Map<Id, string>();
  for (const entry of [...entries].sort((a, b) => rank(a) - rank(b) || compareIds(a.id, b.id))) {
    const place = (name: string) => JSON.stringify([entry.parent, classOf(entry.type), name.toLowerCase()]);
    let name = entry.name;
    for (let copy = 2; taken.has(place(name)); copy++) name = `${entry.name} (${copy})`;
    taken.add(place(name));
    names.set(entry.id, name);
  }
  return entries.map((entry) => ({ ...entry, name: names.get(entry.id) ?? entry.name }));
}

function compareIds(a: Id, b: Id): number {
  return a.length - b.length || (a < b ? -1 : 1);
}

function classOf(type: number): string {
  if (isMailType(type)) return 'mail';
  const kind = Object.entries(PIM_TYPES).find(([, { primary, other }]) => type === primary || type === other);
  return kind?.[0] ?? 'other';
}

export function isMailType(type: number): boolean {
  return (type >= FOLDER_TYPE.generic && type <= FOLDER_TYPE.outbox) || type === FOLDER_TYPE.userMail;
}

/** Outlook gives up on a folder whose parent comes later. */
function parentsFirst(entries: readonly FolderEntry[]): FolderEntry[] {
  const sorted: FolderEntry[] = [];
  const placed = new Set<Id>([ROOT]);
  let rest = [...entries].sort((a, b) => rank(a) - rank(b));
  while (rest.length > 0) {
    const ready = rest.filter((entry) => placed.has(entry.parent));
    // A ring of parents can't be placed: its members go to the root.
    const next = ready.length > 0 ? ready : rest.map((entry) => ({ ...entry, parent: ROOT }));
    for (const entry of next) placed.add(entry.id);
    sorted.push(...next);
    rest = rest.filter((entry) => !placed.has(entry.id));
  }
  return sorted;
}

/** Inbox first, then the other special folders, then the rest as the server lists them. */
function rank(entry: FolderEntry): number {
  if (entry.type === FOLDER_TYPE.inbox) return 0;
  return entry.type >= 3 && entry.type <= 10 ? entry.type : 20;
}
