import type { Id, Scope } from '../types.js';
import type { FolderRole } from './model.js';

/** What is kept of a mailbox besides its id. */
export interface FolderFacts {
  readonly path: string;
  readonly delimiter: string | null;
  readonly role: FolderRole | null;
  readonly selectable: boolean;
  /** UIDVALIDITY as decimal text. */
  readonly uidValidity: string | null;
  /** MAILBOXID (RFC 8474). */
  readonly objectId: string | null;
}

/** A mailbox with the id it keeps through renames. */
export interface StoredFolder extends FolderFacts {
  readonly id: Id;
}

/** The difference between the stored folders and the server's list. */
export interface FolderPlan {
  readonly create: readonly FolderFacts[];
  /** Renamed or changed ones: the row of `id` gets these facts. Two rows may swap their paths. */
  readonly update: readonly StoredFolder[];
  readonly remove: readonly Id[];
}

/**
 * Where an account's folder ids live. Ids come from one space per account that mail folders share with calendars, address
 * books and the other collections, and are never given twice.
 */
export interface MailFolderStore {
  /** All folders of the account, one query. */
  load(s: Scope): Promise<readonly StoredFolder[]>;
  /**
   * In one transaction that keeps other reconcilers of the same account out: reads the stored folders, asks `plan` (pure, may
   * be asked again on a retry), carries it out (removes, then updates, then creates with new ids) and returns all folders as
   * they are then. An empty plan writes nothing.
   */
  reconcile(s: Scope, plan: (stored: readonly StoredFolder[]) => FolderPlan): Promise<readonly StoredFolder[]>;
}
