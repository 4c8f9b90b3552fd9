import { DomainError, isDomainError } from '../errors.js';
import type { Id, Scope } from '../types.js';
import type { MailBackend } from './backend.js';
import type { MailFolderStore, StoredFolder } from './folder-store.js';
import { childPath, descendants, isEmptyPlan, moved, planFolders, toMailFolders } from './folders.js';
import type { FolderRole, MailFolder } from './model.js';

/** Stored folders are asked again after so long: another process may have renamed one. */
const FRESH_MS = 60_000;
const MAX_ACCOUNTS = 20_000;

interface Known {
  readonly at: number;
  readonly stored: readonly StoredFolder[];
  readonly folders: ReadonlyMap<Id, MailFolder>;
}

/** An account's folders: the server's list reconciled with the stored ids, and changes to it. */
export class FolderBook {
  private readonly known = new Map<Id, Known>();

  constructor(
    private readonly backend: MailBackend,
    private readonly store: MailFolderStore,
    private readonly now: () => number,
  ) {}

  /** Asks the server and reconciles. */
  async refresh(s: Scope): Promise<readonly MailFolder[]> {
    const listed = await this.backend.mailboxes(s);
    const stored = await this.store.load(s);
    const plan = planFolders(stored, listed);
    const after = isEmptyPlan(plan) ? stored : await this.store.reconcile(s, (rows) => planFolders(rows, listed));
    return [...this.remember(s, after).folders.values()];
  }

  /** Folders by id from the stored ids; missing ones are missing. */
  async byIds(s: Scope, ids: readonly Id[]): Promise<ReadonlyMap<Id, MailFolder>> {
    let { folders, at } = await this.recall(s);
    if (at < this.now() && ids.some((id) => !folders.has(id))) ({ folders } = await this.load(s));
    return new Map(ids.flatMap((id) => (folders.has(id) ? [[id, folders.get(id) as MailFolder] as const] : [])));
  }

  /** The folder of a role, made under `name` where there is none. */
  async byRole(s: Scope, role: FolderRole, name: string): Promise<MailFolder> {
    const find = (folders: Iterable<MailFolder>) => [...folders].find((folder) => folder.role === role && folder.selectable);
    const found = find((await this.recall(s)).folders.values()) ?? find(await this.refresh(s));
    return found ?? this.createOrFind(s, name);
  }

  async create(s: Scope, parent: Id | null, name: string): Promise<MailFolder> {
    const { stored } = await this.recallWith(s, parent);
    const path = childPath(stored, parent, checkedName(stored, name));
    await this.backend.createMailbox(s, path);
    return this.find(await this.refresh(s), path);
  }

  /** Renames and moves; the id stays, and so do those below. */
  async rename(s: Scope, id: Id, parent: Id | null, name: string): Promise<MailFolder> {
    const { stored } = await this.recallWith(s, id, parent);
    const folder = this.ordinary(stored, id);
    const path = childPath(stored, parent, checkedName(stored, name));
    if (path === folder.path) return this.find(toMailFolders(stored), path);
    if (path.startsWith(folder.path + (folder.delimiter ?? '\0')))
      throw new DomainError('invalid', 'a folder can not go below itself');
    await this.backend.renameMailbox(s, folder.path, path);
    await this.store.reconcile(s, (rows) => {
      const row = rows.find((each) => each.id === id && each.path === folder.path);
      return { create: [], update: row ? moved(rows, row, path) : [], remove: [] };
    });
    return this.find(await this.refresh(s), path);
  }

  /** Deletes a folder and all below it. */
  async delete(s: Scope, id: Id): Promise<void> {
    const { stored } = await this.recallWith(s, id);
    const folder = this.ordinary(stored, id);
    for (const each of [...descendants(stored, folder), folder]) {
      await this.backend.deleteMailbox(s, each.path).catch((error: unknown) => {
        if (!isDomainError(error, 'not-found')) throw error;
      });
    }
    await this.refresh(s);
  }

  private async createOrFind(s: Scope, name: string): Promise<MailFolder> {
    try {
      return await this.create(s, null, name);
    } catch (error) {
      if (!isDomainError(error, 'conflict')) throw error;
      const { stored } = await this.recall(s);
      return this.find(toMailFolders(stored), childPath(stored, null, name));
    }
  }

  /** A folder that may be renamed and deleted: not one that has a role. */
  private ordinary(stored: readonly StoredFolder[], id: Id): StoredFolder {
    const folder = stored.find((each) => each.id === id);
    if (!folder) throw new DomainError('not-found', 'no such folder');
    if (folder.role !== null) throw new DomainError('forbidden', 'a special folder stays as it is');
    return folder;
  }

  private find(folders: Iterable<MailFolder>, path: string): MailFolder {
    for (const folder of folders) if (folder.path === path) return folder;
    throw new DomainError('not-found', 'no such folder');
  }

  private async recallWith(s: Scope, ...ids: readonly (Id | null)[]): Promise<Known> {
    const known = await this.load(s);
    if (ids.some((id) => id !== null && !known.folders.has(id))) throw new DomainError('not-found', 'no such folder');
    return known;
  }

  private async recall(s: Scope): Promise<Known> {
    const known = this.known.get(s.account);
    return known && this.now() - known.at < FRESH_MS ? known : this.load(s);
  }

  private async load(s: Scope): Promise<Known> {
    return this.remember(s, await this.store.load(s));
  }

  private remember(s: Scope, stored: readonly StoredFolder[]): Known {
    const folders = new Map(toMailFolders(stored).map((folder) => [folder.id, folder]));
    const known = { at: this.now(), stored, folders };
    this.known.delete(s.account);
    this.known.set(s.account, known);
    if (this.known.size > MAX_ACCOUNTS) this.known.delete(this.known.keys().next().value as Id);
    return known;
  }
}

/** A name that is one path segment. @throws DomainError `invalid`. */
function checkedName(stored: readonly StoredFolder[], name: string): string {
  const delimiter = stored.find((folder) => folder.delimiter !== null)?.delimiter;
  const bad = name.trim() === '' || name.length > 200 || /[\p{Cc}\p{Surrogate}*%]/u.test(name) || name === '.' || name === '..';
  if (bad || (delimiter && name.includes(delimiter))) throw new DomainError('invalid', 'not a folder name');
  return name;
}
