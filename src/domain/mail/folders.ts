import type { Id } from '../types.js';
import type { Mailbox } from './backend.js';
import type { FolderFacts, FolderPlan, StoredFolder } from './folder-store.js';
import type { MailFolder } from './model.js';

/** A listed mailbox that a stored folder was recognised in. */
type Match = ReadonlyMap<Mailbox, StoredFolder>;

/** One way to recognise a stored folder in the list: both sides' keys must be equal and single. */
interface Rule {
  readonly stored: (folder: StoredFolder) => string | null;
  readonly listed: (mailbox: Mailbox) => string | null;
}

/**
 * In this order: MAILBOXID survives everything; the same path with the same UIDVALIDITY is the plain case; a UIDVALIDITY that
 * vanished at one path and appeared at another was renamed; what is left at the same path was made anew there.
 */
const RULES: readonly Rule[] = [
  { stored: (folder) => folder.objectId, listed: (mailbox) => mailbox.objectId },
  { stored: pathAndValidity, listed: pathAndValidity },
  { stored: validityAndName, listed: validityAndName },
  { stored: (folder) => folder.uidValidity, listed: (mailbox) => mailbox.uidValidity },
  { stored: (folder) => folder.path, listed: (mailbox) => mailbox.path },
];

/** What to write so that the stored folders are those of the server's list. */
export function planFolders(stored: readonly StoredFolder[], listed: readonly Mailbox[]): FolderPlan {
  const unique = [...new Map(listed.map((mailbox) => [mailbox.path, mailbox])).values()];
  const match = RULES.reduce((found, rule) => extend(found, rule, stored, unique), new Map() as Match);
  const kept = new Set([...match.values()].map(({ id }) => id));
  return {
    create: unique.filter((mailbox) => !match.has(mailbox)).map((mailbox) => toFacts(mailbox, undefined)),
    update: [...match]
      .map(([mailbox, folder]) => ({ before: folder, after: { id: folder.id, ...toFacts(mailbox, folder) } }))
      .filter(({ before, after }) => !sameFacts(before, after))
      .map(({ after }) => after),
    remove: stored.filter(({ id }) => !kept.has(id)).map(({ id }) => id),
  };
}

/** Whether a plan writes nothing. */
export function isEmptyPlan({ create, update, remove }: FolderPlan): boolean {
  return create.length + update.length + remove.length === 0;
}

/** Stored folders as a tree: parent by path, name without the parent's path. */
export function toMailFolders(stored: readonly StoredFolder[]): readonly MailFolder[] {
  const byPath = new Map(stored.map((folder) => [folder.path, folder]));
  const prefix = rootPrefix(stored);
  return stored.map((folder) => {
    const parent = parentOf(folder, byPath, prefix);
    const above = parent ? parent.path + (folder.delimiter ?? '') : folder.path.startsWith(prefix) ? prefix : '';
    const { id, path, role, selectable } = folder;
    return { id, parent: parent?.id ?? null, name: path.slice(above.length), path, role, selectable };
  });
}

/**
 * What every path but INBOX begins with. Some servers (Courier, Cyrus) keep all folders below INBOX: to a phone they are at
 * the root nevertheless.
 */
export function rootPrefix(stored: readonly StoredFolder[]): string {
  const others = stored.filter(({ path }) => path !== 'INBOX');
  const delimiter = stored.find((folder) => folder.delimiter !== null)?.delimiter;
  const prefix = `INBOX${delimiter}`;
  return delimiter && others.length > 0 && others.every(({ path }) => path.startsWith(prefix)) ? prefix : '';
}

/** The path that a folder of this name gets below a parent. */
export function childPath(stored: readonly StoredFolder[], parent: Id | null, name: string): string {
  const above = stored.find(({ id }) => id === parent);
  return above ? `${above.path}${above.delimiter ?? '/'}${name}` : rootPrefix(stored) + name;
}

/** The folders below one, deepest first. */
export function descendants(stored: readonly StoredFolder[], folder: StoredFolder): readonly StoredFolder[] {
  if (folder.delimiter === null) return [];
  const below = folder.path + folder.delimiter;
  return stored.filter(({ path }) => path.startsWith(below)).sort((a, b) => b.path.length - a.path.length);
}

/** The rows as they are after a folder and all below it were moved to another path. */
export function moved(stored: readonly StoredFolder[], folder: StoredFolder, path: string): readonly StoredFolder[] {
  return [folder, ...descendants(stored, folder)].map((each) => ({ ...each, path: path + each.path.slice(folder.path.length) }));
}

function extend(found: Match, rule: Rule, stored: readonly StoredFolder[], listed: readonly Mailbox[]): Match {
  const taken = new Set([...found.values()].map(({ id }) => id));
  const folders = single(
    stored.filter(({ id }) => !taken.has(id)),
    rule.stored,
  );
  const mailboxes = single(
    listed.filter((mailbox) => !found.has(mailbox)),
    rule.listed,
  );
  const result = new Map(found);
  for (const [key, mailbox] of mailboxes) {
    const folder = folders.get(key);
    if (folder) result.set(mailbox, folder);
  }
  return result;
}

/** Values by key; keys that are null or occur twice are left out. */
function single<T>(values: readonly T[], keyOf: (value: T) => string | null): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  const twice = new Set<string>();
  for (const value of values) {
    const key = keyOf(value);
    if (key === null) continue;
    if (found.has(key)) twice.add(key);
    found.set(key, value);
  }
  for (const key of twice) found.delete(key);
  return found;
}

function pathAndValidity({ path, uidValidity }: FolderFacts): string | null {
  return uidValidity === null ? null : `${uidValidity} ${path}`;
}

function validityAndName({ path, uidValidity, delimiter }: FolderFacts): string | null {
  return uidValidity === null ? null : `${uidValidity} ${path.split(delimiter ?? '\0').at(-1)}`;
}

/** A UIDVALIDITY or MAILBOXID the server didn't tell this time is kept. */
function toFacts(
  { path, delimiter, role, selectable, uidValidity, objectId }: Mailbox,
  before: StoredFolder | undefined,
): FolderFacts {
  return {
    path,
    delimiter,
    role,
    selectable,
    uidValidity: uidValidity ?? before?.uidValidity ?? null,
    objectId: objectId ?? before?.objectId ?? null,
  };
}

const FACTS = ['path', 'delimiter', 'role', 'selectable', 'uidValidity', 'objectId'] as const;

function sameFacts(left: FolderFacts, right: FolderFacts): boolean {
  return FACTS.every((fact) => left[fact] === right[fact]);
}

/** The nearest folder above that exists. */
function parentOf(folder: StoredFolder, byPath: ReadonlyMap<string, StoredFolder>, prefix: string): StoredFolder | undefined {
  if (folder.delimiter === null) return undefined;
  let end = folder.path.lastIndexOf(folder.delimiter);
  while (end > 0 && end >= prefix.length) {
    const above = byPath.get(folder.path.slice(0, end));
    if (above) return above;
    end = folder.path.lastIndexOf(folder.delimiter, end - 1);
  }
  return undefined;
}
