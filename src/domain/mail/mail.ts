import type { IdRanges } from '../../formats/ranges.js';
import { DomainError } from '../errors.js';
import type { Clock, Id, Logger, Session } from '../types.js';
import { attachmentsOf } from './attachments.js';
import type { MailBackend } from './backend.js';
import { type BodyJob, bodyJob } from './bodies.js';
import { type Download, download } from './download.js';
import { FolderBook } from './folder-book.js';
import type { MailFolderStore } from './folder-store.js';
import type {
  AttachmentInfo,
  BodyText,
  BodyWish,
  FlagChange,
  MailDelta,
  MailFolder,
  MailMark,
  MessageSummary,
  PartBytes,
  PartRequest,
} from './model.js';
import { send } from './sending.js';
import type { Mail, MailQuery, SendOptions } from './service.js';

/** What the mail service is made of. */
export interface MailDeps {
  readonly backend: MailBackend;
  readonly folders: MailFolderStore;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Who files a copy of a sent message; `append` unless the server does it. */
  readonly sentCopy?: 'append' | 'server';
}

/** Makes the mail service over a backend and a folder store. */
export function createMail(deps: MailDeps): Mail {
  return new MailService(deps);
}

const WALL_CLOCK: Clock = { now: () => new Date() };

class MailService implements Mail {
  private readonly backend: MailBackend;
  private readonly book: FolderBook;
  private readonly clock: Clock;

  constructor(private readonly deps: MailDeps) {
    this.backend = deps.backend;
    this.clock = deps.clock ?? WALL_CLOCK;
    this.book = new FolderBook(deps.backend, deps.folders, () => this.clock.now().getTime());
  }

  folders(s: Session): Promise<readonly MailFolder[]> {
    return this.book.refresh(s);
  }

  async folder(s: Session, id: Id): Promise<MailFolder> {
    const found = (await this.book.byIds(s, [id])).get(id);
    if (!found) throw new DomainError('not-found', 'no such folder');
    return found;
  }

  foldersById(s: Session, ids: readonly Id[]): Promise<ReadonlyMap<Id, MailFolder>> {
    return this.book.byIds(s, ids);
  }

  createFolder(s: Session, parent: Id | null, name: string): Promise<MailFolder> {
    return this.book.create(s, parent, name);
  }

  renameFolder(s: Session, id: Id, parent: Id | null, name: string): Promise<MailFolder> {
    return this.book.rename(s, id, parent, name);
  }

  deleteFolder(s: Session, id: Id): Promise<void> {
    return this.book.delete(s, id);
  }

  mark(s: Session, folder: MailFolder): Promise<MailMark> {
    return this.backend.status(s, folder.path);
  }

  changes(s: Session, folder: MailFolder, from: MailMark): Promise<MailDelta> {
    return this.backend.changes(s, folder.path, from);
  }

  list(s: Session, folder: MailFolder, since: Date | null): Promise<IdRanges> {
    return this.backend.list(s, folder.path, since);
  }

  async summaries(s: Session, folder: MailFolder, uids: readonly number[]): Promise<readonly MessageSummary[]> {
    if (uids.length === 0) return [];
    const found = await this.backend.summaries(s, folder.path, uids);
    return [...found].sort((a, b) => b.uid - a.uid);
  }

  async parts(s: Session, folder: MailFolder, requests: readonly PartRequest[]): Promise<readonly PartBytes[]> {
    const found: PartBytes[] = [];
    if (requests.length > 0) {
      await this.backend.parts(s, folder.path, requests, (part) => {
        found.push(part);
      });
    }
    return found;
  }

  async bodies(
    s: Session,
    folder: MailFolder,
    messages: readonly MessageSummary[],
    wish: (message: MessageSummary) => BodyWish | null,
  ): Promise<ReadonlyMap<number, BodyText>> {
    const bodies = new Map<number, BodyText>();
    const open = new Map<number, BodyJob>();
    const finish = (job: BodyJob) => {
      open.delete(job.uid);
      const body = this.finishBody(s, folder, job);
      if (body) bodies.set(job.uid, body);
    };
    for (const message of messages) {
      const wished = wish(message);
      if (!wished) continue;
      const job = bodyJob(message, wished);
      if (job.requests.length > 0) open.set(job.uid, job);
      else finish(job);
    }
    if (open.size > 0) {
      const requests = [...open.values()].flatMap((job) => job.requests);
      await this.backend.parts(s, folder.path, requests, (part) => {
        const job = open.get(part.uid);
        job?.accept(part);
        if (job?.complete) finish(job);
      });
    }
    for (const job of [...open.values()]) finish(job);
    return bodies;
  }

  attachments(message: MessageSummary): readonly AttachmentInfo[] {
    return attachmentsOf(message);
  }

  download(s: Session, folder: MailFolder, uid: number, section: string): Promise<Download> {
    return download(this.backend, s, folder, uid, section);
  }

  setFlags(s: Session, folder: MailFolder, uids: readonly number[], change: FlagChange): Promise<void> {
    return uids.length === 0 ? Promise.resolve() : this.backend.setFlags(s, folder.path, uids, change);
  }

  async move(s: Session, folder: MailFolder, uids: readonly number[], to: MailFolder): Promise<ReadonlyMap<number, number>> {
    return uids.length === 0 ? new Map() : this.backend.move(s, folder.path, uids, to.path);
  }

  remove(s: Session, folder: MailFolder, uids: readonly number[]): Promise<void> {
    return uids.length === 0 ? Promise.resolve() : this.backend.remove(s, folder.path, uids);
  }

  append(s: Session, folder: MailFolder, raw: Uint8Array, flags: readonly string[], received?: Date): Promise<number | null> {
    return this.backend.append(s, folder.path, raw, flags, received);
  }

  search(s: Session, folder: MailFolder, query: MailQuery): Promise<IdRanges> {
    return this.backend.search(s, folder.path, query);
  }

  threads(s: Session, folder: MailFolder): Promise<readonly (readonly number[])[] | null> {
    return this.backend.threads(s, folder.path);
  }

  send(s: Session, raw: Uint8Array, options: SendOptions): Promise<void> {
    const { backend, clock, book: folders } = this;
    const parts = { backend, clock, folders, log: this.deps.log, sentCopy: this.deps.sentCopy ?? 'append' };
    return send(parts, s, raw, options);
  }

  /** One unreadable body never fails a whole window. */
  private finishBody(s: Session, folder: MailFolder, job: BodyJob): BodyText | null {
    try {
      return job.finish();
    } catch (error) {
      this.deps.log.warn(
        { account: s.account, folder: folder.id, uid: job.uid, error: (error as Error).message },
        'unreadable body',
      );
      return null;
    }
  }
}
