import type { Session } from '../types.js';

/** A plain file or folder; `path` is relative to the account's area, without slashes at its ends, empty for the area itself. */
export interface FileHead {
  readonly path: string;
  readonly isFolder: boolean;
  readonly size: number;
  readonly type: string;
  /** Strong entity tag without quotes. */
  readonly etag: string;
  readonly created: Date;
  readonly modified: Date;
  /** Dead properties by Clark name, values as XML text. */
  readonly properties: Readonly<Record<string, string>>;
}

/** A small tree of plain files per account: what plain WebDAV clients and attachments need. */
export interface Files {
  head(s: Session, path: string): Promise<FileHead | null>;
  /** Members of a folder; all descendants, parents first, when `deep`. */
  members(s: Session, path: string, deep: boolean): Promise<readonly FileHead[]>;
  read(s: Session, path: string): Promise<Buffer>;
  /**
   * Creates or replaces a file. @throws DomainError `conflict` when the folder above is missing or the path is a folder,
   * `too-large` beyond a file's or the account's limit
   */
  write(
    s: Session,
    path: string,
    content: Uint8Array,
    type: string,
  ): Promise<{ readonly file: FileHead; readonly created: boolean }>;
  /** @throws DomainError `conflict` without the folder above, `precondition-failed` when something is there */
  createFolder(s: Session, path: string): Promise<FileHead>;
  /** Removes a file, or a folder with all that is in it. @throws DomainError `not-found` */
  remove(s: Session, path: string): Promise<void>;
  /** Moves or copies a file or a tree; `shallow` copies a folder alone. Returns whether the target is new. */
  transfer(
    s: Session,
    from: string,
    to: string,
    options: { readonly copy: boolean; readonly overwrite: boolean; readonly shallow: boolean },
  ): Promise<boolean>;
  /** Sets (or with null removes) dead properties. */
  setProperties(s: Session, path: string, changes: Readonly<Record<string, string | null>>): Promise<void>;
  /** Bytes used and bytes left. */
  quota(s: Session): Promise<{ readonly used: number; readonly available: number }>;
}
