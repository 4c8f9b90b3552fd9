import { createHash } from 'node:crypto';
import { headerMap, MimeError } from '../../formats/mime/headers.js';
import {
  changeNote,
  NOTE_FIELD,
  NOTE_TYPE,
  type NoteFields,
  newNote,
  noteField,
  noteHtml,
  noteText,
  readKeywords,
} from '../../formats/mime/note.js';
import { mailbox, mailDate } from '../../formats/mime/outgoing.js';
import { bodyParts, textKind } from '../../formats/mime/structure.js';
import { IdRanges } from '../../formats/ranges.js';
import { DomainError, isDomainError } from '../errors.js';
import type { Clock, Id, Session } from '../types.js';
import { findDraft, newBoundary, readDraft } from './drafts.js';
import type { MailFolder, MessageSummary } from './model.js';
import { NoteIndex, type NotePoint, noteIdentifier, noteNumber } from './note-index.js';
import { fromJournal, type NoteContent, subjectAfter, toJournal } from './note-text.js';
import type { Mail } from './service.js';

/** A folder with notes in it. */
export interface Notebook {
  readonly folder: MailFolder;
  /** Other messages are in it as well: it is a mail folder besides. */
  readonly holdsMail: boolean;
}

/** A note at hand. */
export interface StoredNote {
  readonly number: number;
  readonly uid: number;
  readonly flags: readonly string[];
  readonly messageId: string;
  readonly identifier: string;
  /** VJOURNAL. */
  readonly text: string;
  /** False: the text is too long to be read whole, so it must not be written either. */
  readonly whole: boolean;
}

/** What a device or app makes of a note. */
export interface NoteEdit {
  /** VJOURNAL. */
  readonly text: string;
  /** Tells this edit from all others: one that is repeated makes the same message. */
  readonly messageId: string;
  /** An edit of somebody else in the same moment gives way. */
  readonly wins?: boolean;
}

/** What is known of a mailbox at a mark. */
interface Snapshot {
  readonly point: NotePoint;
  readonly index: NoteIndex;
  /** Messages that are no notes; null: not looked for. */
  readonly others: IdRanges | null;
}

const ROOT_NAME = /^notes$/i;
/** Notes longer than this are shown cut, and can't be edited by other protocols. */
const MAX_BYTES = 1024 * 1024;
const HEADER_BYTES = 64 * 1024;
/** Headers read at once, and the number up to which they are read rather than searched. */
const CHUNK = 100;
/** Notes read whole at once. */
const TEXTS = 25;
const FEW = 100;
/** Of more messages in which the server finds no note, the newest are looked at to see whether it can search at all. */
const SAMPLE = 20;
const MAX_SNAPSHOTS = 5_000;
const MAX_CATEGORIES = 300;
const DELETED = '\\Deleted';

/**
 * The notes that Apple's apps keep in the account's mailbox, as VJOURNAL texts with numbers that stay through edits. The mailbox is
 * the only place where they are: nothing is mirrored, so nothing can drift.
 */
export class Notebooks {
  readonly #snapshots = new Map<string, Snapshot>();

  constructor(
    private readonly mail: Mail,
    private readonly clock: Clock,
  ) {}

  /**
   * The folders that are notebooks: `Notes` at the top and what is below it, if there is a note inside or nothing at all. Other
   * folders of that name are somebody's mail. One that can't be looked at just now is what `last` says it was.
   */
  async among(
    s: Session,
    folders: readonly MailFolder[],
    last: (folder: MailFolder) => Notebook | null,
  ): Promise<readonly Notebook[]> {
    const found: Notebook[] = [];
    for (const folder of candidates(folders)) {
      const now = await this.#notebook(s, folder).catch((error: unknown) => {
        if (isDomainError(error, 'unauthenticated')) throw error;
        return isDomainError(error, 'not-found') ? null : last(folder);
      });
      if (now) found.push(now);
    }
    return found;
  }

  async #notebook(s: Session, folder: MailFolder): Promise<Notebook | null> {
    const { index, others } = await this.#withOthers(s, folder);
    const holdsMail = others !== null && !others.isEmpty;
    return index.size > 0 || !holdsMail ? { folder, holdsMail } : null;
  }

  /** What is in a notebook now; `from`: an earlier point, which makes it cheap where nothing is remembered. */
  async look(
    s: Session,
    folder: MailFolder,
    from: NotePoint | null,
  ): Promise<{ readonly point: NotePoint; readonly index: NoteIndex }> {
    return this.#current(s, folder, from);
  }

  /** Notes with their texts, in the order asked for; those that are gone are missing. */
  async *read(s: Session, folder: MailFolder, uids: readonly number[]): AsyncGenerator<StoredNote> {
    for (let at = 0; at < uids.length; at += TEXTS) {
      const chunk = uids.slice(at, at + TEXTS);
      const summaries = new Map((await this.mail.summaries(s, folder, chunk)).map((summary) => [summary.uid, summary]));
      const present = [...summaries.values()];
      const headers = await this.#headers(s, folder, chunk);
      const bodies = await this.mail.bodies(s, folder, present, (message) => ({ type: kindOf(message), maxBytes: MAX_BYTES }));
      for (const uid of chunk) {
        const [summary, header] = [summaries.get(uid), headers.get(uid)];
        if (!summary || !header || summary.flags.includes(DELETED)) continue;
        const body = bodies.get(uid);
        const text = body ? Buffer.from(body.data).toString('utf8') : '';
        yield stored(summary, header, text, body !== undefined && !body.truncated);
      }
    }
  }

  /** Those notes that hold all the words. */
  async search(s: Session, folder: MailFolder, words: readonly string[]): Promise<readonly number[]> {
    const { index } = await this.#current(s, folder, null);
    const found = await this.mail.search(s, folder, { all: words.map((text) => ({ text })) });
    return [...index.notes].filter((number) => found.has(index.uidOf(number) as number));
  }

  /** Puts a new note into the notebook; done before, if the identifier is there already. */
  async add(s: Session, folder: MailFolder, identifier: string, edit: NoteEdit): Promise<StoredNote> {
    const { index } = await this.#current(s, folder, null);
    const present = index.uidOf(noteNumber(identifier));
    const there = present === undefined ? null : await this.one(s, folder, present);
    if (there) return there;
    const content = fromJournal(edit.text);
    const { displayName, address } = s.user;
    const fields = this.#fields(edit.messageId, identifier, null, content);
    const raw = newNote({ ...fields, from: mailbox(displayName, address) }, content.html ?? noteHtml(content.plain));
    return this.#put(s, folder, raw, ['\\Seen'], edit.messageId);
  }

  /**
   * Puts the next form of a note in place of `note` and of `older` forms of it. The old one goes when the new one was seen in
   * the mailbox, so whatever breaks off between leaves the note there. Null: somebody else's edit came between, and this one was
   * taken back. @throws DomainError `invalid`, `not-found`
   */
  async replace(
    s: Session,
    folder: MailFolder,
    note: StoredNote,
    edit: NoteEdit,
    older: readonly number[],
  ): Promise<StoredNote | null> {
    const before = fromJournal(note.text);
    const after = fromJournal(edit.text);
    const raw = await readDraft(this.mail, s, folder, note.uid);
    const html = before.plain === after.plain && before.html === after.html ? null : (after.html ?? noteHtml(after.plain));
    if (html !== null && !note.whole) throw new DomainError('invalid', 'the note is too long to be edited here');
    const fields = this.#fields(edit.messageId, note.identifier, before, after);
    const flags = note.flags.filter((flag) => flag !== DELETED && flag !== '\\Recent');
    const now = await this.#put(s, folder, next(raw, fields, html), flags, edit.messageId);
    const { index } = await this.#current(s, folder, null);
    // UIDs rise in the order of arrival, so of two edits at once exactly one sees the other before itself.
    const rivals = index.formsOf(note.number).filter((uid) => uid > note.uid && uid < now.uid && !older.includes(uid));
    if (rivals.length > 0 && !edit.wins) {
      await this.mail.remove(s, folder, [now.uid]);
      return null;
    }
    const gone = new Set([note.uid, ...older, ...rivals]);
    gone.delete(now.uid);
    await this.mail.remove(s, folder, [...gone]);
    return now;
  }

  async one(s: Session, folder: MailFolder, uid: number): Promise<StoredNote | null> {
    for await (const note of this.read(s, folder, [uid])) return note;
    return null;
  }

  #fields(messageId: string, identifier: string, before: NoteContent | null, after: NoteContent): NoteFields {
    const subject = subjectAfter(before, after);
    const categories = after.categories.slice(0, MAX_CATEGORIES);
    return {
      date: mailDate(this.clock.now()),
      messageId,
      identifier,
      ...(subject !== before?.subject && { subject }),
      ...(String(categories) !== String(before?.categories ?? []) && { keywords: categories.length > 0 ? categories : null }),
      ...(after.messageClass !== (before?.messageClass ?? null) && { messageClass: after.messageClass }),
    };
  }

  /** Appends a note and looks at what is there now. */
  async #put(s: Session, folder: MailFolder, raw: Uint8Array, flags: readonly string[], messageId: string): Promise<StoredNote> {
    const told = await this.mail.append(s, folder, raw, flags);
    const uid = told ?? (await findDraft(this.mail, s, folder, messageId));
    const note = uid === null ? null : await this.one(s, folder, uid);
    if (note?.messageId !== messageId)
      throw new DomainError('unavailable', 'the mail server did not keep the note', { retryAfter: 10 });
    return note;
  }

  /** Follows the mailbox from what is remembered, else from the point given, else from nothing. */
  async #current(s: Session, folder: MailFolder, from: NotePoint | null): Promise<Snapshot> {
    const key = JSON.stringify([s.account, folder.id]);
    const known = this.#snapshots.get(key) ?? (from && remembered(from));
    const now = (known && (await this.#followed(s, folder, known))) ?? (await this.#scanned(s, folder));
    this.#remember(key, now);
    return now;
  }

  /** Null: UIDs were given anew. */
  async #followed(s: Session, folder: MailFolder, known: Snapshot): Promise<Snapshot | null> {
    const { mark, reset, changed, vanished } = await this.mail.changes(s, folder, known.point.mark);
    if (reset) return null;
    const deleted = changed.filter(({ flags }) => flags.includes(DELETED)).map(({ uid }) => uid);
    const unknown = changed.filter(({ uid }) => !known.index.holds(uid) && !known.others?.has(uid)).map(({ uid }) => uid);
    const { notes, others } = await this.#told(
      s,
      folder,
      unknown.filter((uid) => !deleted.includes(uid)),
    );
    const gone = vanished.union(IdRanges.of(deleted));
    const index = known.index.changed(gone, notes);
    return snapshot(mark, index, known.others?.union(others).minus(gone) ?? null, known);
  }

  async #scanned(s: Session, folder: MailFolder): Promise<Snapshot> {
    const mark = await this.mail.mark(s, folder);
    const { notes, others } = await this.#told(s, folder, [...(await this.mail.search(s, folder, { deleted: false }))]);
    return snapshot(mark, new NoteIndex(notes), others, null);
  }

  async #withOthers(s: Session, folder: MailFolder): Promise<Snapshot> {
    const now = await this.#current(s, folder, null);
    if (now.others !== null) return now;
    const all = await this.mail.search(s, folder, { deleted: false });
    const whole = { ...now, others: all.minus(IdRanges.of(now.index.uids)) };
    this.#remember(JSON.stringify([s.account, folder.id]), whole);
    return whole;
  }

  #remember(key: string, now: Snapshot): void {
    this.#snapshots.delete(key);
    this.#snapshots.set(key, now);
    if (this.#snapshots.size > MAX_SNAPSHOTS) this.#snapshots.delete(this.#snapshots.keys().next().value as string);
  }

  /** Tells notes from other messages. */
  async #told(s: Session, folder: MailFolder, uids: readonly number[]) {
    const looked = uids.length <= FEW ? uids : await this.#searched(s, folder, uids);
    const notes = new Map<number, number>();
    for (let at = 0; at < looked.length; at += CHUNK)
      for (const [uid, header] of await this.#headers(s, folder, looked.slice(at, at + CHUNK)))
        if (noteField(header, 'type').toLowerCase() === NOTE_TYPE) notes.set(uid, noteNumber(identifierOf(header)));
    return { notes, others: IdRanges.of(uids.filter((uid) => !notes.has(uid))) };
  }

  /** Those of many messages whose headers are worth reading. */
  async #searched(s: Session, folder: MailFolder, uids: readonly number[]): Promise<readonly number[]> {
    const found = await this.mail.search(s, folder, { header: { [NOTE_FIELD.type]: NOTE_TYPE } });
    const likely = uids.filter((uid) => found.has(uid));
    if (likely.length > 0) return likely;
    const sample = [...uids].sort((a, b) => b - a).slice(0, SAMPLE);
    const isNote = [...(await this.#headers(s, folder, sample)).values()].some(
      (header) => noteField(header, 'type') === NOTE_TYPE,
    );
    return isNote ? uids : [];
  }

  async #headers(
    s: Session,
    folder: MailFolder,
    uids: readonly number[],
  ): Promise<ReadonlyMap<number, ReadonlyMap<string, string>>> {
    const requests = uids.map((uid) => ({ uid, section: 'HEADER', maxBytes: HEADER_BYTES }));
    const parts = await this.mail.parts(s, folder, requests);
    return new Map(parts.map(({ uid, bytes }) => [uid, headerMap(bytes, HEADER_BYTES)]));
  }
}

/** A Message-ID that names who wrote: `isBy` knows it again. */
export function noteMessageId(s: Session, writer: string, ...facts: readonly string[]): string {
  const { address } = s.user;
  const edit = createHash('sha256')
    .update(JSON.stringify([s.account, writer, ...facts]))
    .digest('hex');
  return `note.${tagOf(s, writer)}.${edit.slice(0, 32)}@${address.slice(address.lastIndexOf('@') + 1)}`;
}

/** Whether a note was written by that one. */
export function isBy(s: Session, writer: string, note: StoredNote): boolean {
  return note.messageId.startsWith(`note.${tagOf(s, writer)}.`);
}

function tagOf(s: Session, writer: string): string {
  return createHash('sha256')
    .update(JSON.stringify(['writer', s.account, writer]))
    .digest('hex')
    .slice(0, 16);
}

/** The folder `Notes` at the top, or right below INBOX where all are, and those inside it. */
function candidates(folders: readonly MailFolder[]): readonly MailFolder[] {
  const inbox = folders.find(({ role }) => role === 'inbox')?.id ?? null;
  const isRoot = ({ name, parent, role }: MailFolder) =>
    ROOT_NAME.test(name) && role === null && (parent === null || parent === inbox);
  const taken = new Set<Id>(folders.filter(isRoot).map(({ id }) => id));
  for (let before = -1; before !== taken.size; ) {
    before = taken.size;
    for (const { id, parent } of folders) if (parent !== null && taken.has(parent)) taken.add(id);
  }
  return folders.filter(({ id, selectable, role }) => taken.has(id) && selectable && role === null);
}

function remembered(point: NotePoint): Snapshot {
  return { point, index: NoteIndex.parse(point.notes), others: null };
}

function snapshot(mark: NotePoint['mark'], index: NoteIndex, others: IdRanges | null, before: Snapshot | null): Snapshot {
  const notes = before?.index === index ? before.point.notes : index.toString();
  return { point: { mark, notes }, index, others };
}

/** What its own apps call it, or for a message that they did not make, its Message-ID. */
function identifierOf(header: ReadonlyMap<string, string>): string {
  const own = noteField(header, 'identifier').toUpperCase();
  return own || noteIdentifier('message', header.get('message-id') ?? '', header.get('date') ?? '', header.get('subject') ?? '');
}

function kindOf(message: MessageSummary): 'html' | 'plain' {
  return bodyParts(message.structure, 'html').some((part) => textKind(part) === 'html') ? 'html' : 'plain';
}

function stored(summary: MessageSummary, header: ReadonlyMap<string, string>, body: string, whole: boolean): StoredNote {
  const identifier = identifierOf(header);
  const isHtml = kindOf(summary) === 'html';
  const created = new Date(noteField(header, 'created'));
  const text = toJournal({
    identifier,
    subject: summary.subject,
    plain: (isHtml ? noteText(body) : body.replace(/\r\n?/g, '\n')).trimEnd(),
    ...(isHtml && { html: body.trimEnd() }),
    categories: readKeywords(noteField(header, 'keywords')),
    messageClass: noteField(header, 'messageClass') || null,
    created: Number.isNaN(created.getTime()) ? null : created,
    modified: summary.date ?? summary.received,
  });
  const messageId = summary.messageId.replace(/^<|>$/g, '');
  return { number: noteNumber(identifier), uid: summary.uid, flags: summary.flags, messageId, identifier, text, whole };
}

function next(raw: Uint8Array, fields: NoteFields, html: string | null): Uint8Array {
  try {
    return changeNote(raw, fields, html, newBoundary);
  } catch (error) {
    if (error instanceof MimeError) throw new DomainError('invalid', error.message, { cause: error });
    throw error;
  }
}
