import { isDomainError } from '../../../domain/errors.js';
import type { FlagChange, MailFolder } from '../../../domain/mail/model.js';
import { type MailNote, noteKey } from '../../../domain/mail/notes.js';
import { IdRanges } from '../../../formats/ranges.js';
import { child, children, childText, type Element, text } from '../../../formats/wbxml/tree.js';
import { COMPLETED, type FlagRequest, REVISIONS, readFlag, revisionOf } from '../classes/follow-up.js';
import type { EasContext } from '../context.js';
import { has } from '../versions.js';
import { type DraftOutcome, Drafts } from './draft-apply.js';
import { editsDraft } from './draft-request.js';
import { isCategory, keywordOf } from './mail-flags.js';
import type { MailSource } from './mail-source.js';
import { type ClientCommand, SYNC } from './request.js';
import { type AppliedReply, type Done, itemNumber } from './source.js';
import type { Draft, Reply } from './state.js';

const OK: Reply = { status: SYNC.Success };
const MALFORMED: Reply = { status: SYNC.Malformed };
const NOT_FOUND: Reply = { status: SYNC.NotFound };

/** A change of flags, and what is noted with it; no note: nothing changes there. */
interface MarkChange extends FlagChange {
  readonly note?: MailNote;
}

/** A change of flags that waits to be carried out together with others of the same kind. */
interface Group {
  readonly change: MarkChange;
  readonly uids: number[];
  readonly places: number[];
}

/** Carries out a client's commands on a mail folder; equal flag changes and deletions in a row go as one IMAP command. */
export async function applyToMail(
  context: EasContext,
  source: MailSource,
  commands: readonly ClientCommand[],
  draft: Draft,
  { deletesAsMoves, requestKey, done }: { deletesAsMoves: boolean; requestKey: string; done: Done },
): Promise<readonly AppliedReply[]> {
  const drafts = new Drafts(context, source.folder, requestKey);
  const work = new MailWork(context, source, draft, deletesAsMoves, drafts, done);
  for (const [place, command] of commands.entries()) await work.add(command, place);
  await work.flush();
  return commands.map((_command, place) => work.replies.get(place) ?? OK);
}

class MailWork {
  readonly replies = new Map<number, AppliedReply>();
  readonly #groups = new Map<string, Group>();
  readonly #deletions: number[] = [];

  constructor(
    private readonly context: EasContext,
    private readonly source: MailSource,
    private readonly draft: Draft,
    private readonly deletesAsMoves: boolean,
    private readonly drafts: Drafts,
    private readonly done: Done,
  ) {}

  async add(command: ClientCommand, place: number): Promise<void> {
    const uid = command.serverId === null ? null : itemNumber(this.source.folder.id, command.serverId);
    if (command.kind === 'Add') await this.#add(command, place);
    else if (command.kind === 'Delete') await this.#delete(uid);
    else if (uid === null || !this.draft.known.has(uid)) this.replies.set(place, NOT_FOUND);
    else if (command.kind === 'Change')
      await (this.#isDraft(command) ? this.#edit(command, uid, place) : this.#change(command, uid, place));
    else this.replies.set(place, await this.#fetch(uid));
  }

  get #now(): Date {
    return this.context.services.clock.now();
  }

  async flush(): Promise<void> {
    await this.#flushFlags();
    await this.#flushDeletions();
  }

  /** Only drafts are made by devices, from 16.0 on. */
  async #add(command: ClientCommand, place: number): Promise<void> {
    const flags = this.#isDraft(command) && command.data ? flagChange(command.data, 0, this.draft, this.#now) : null;
    if (!flags) {
      this.replies.set(place, MALFORMED);
      return;
    }
    await this.flush();
    const outcome = await this.drafts.add(command, flags);
    if (outcome.held !== undefined) holdDraft(this.draft, outcome.held, flags);
    await this.#told(place, outcome);
  }

  async #edit(command: ClientCommand, uid: number, place: number): Promise<void> {
    const flags = command.data ? flagChange(command.data, uid, this.draft, this.#now) : {};
    await this.flush();
    await this.#told(place, flags ? await this.drafts.change(command, uid, flags) : { reply: MALFORMED });
  }

  #isDraft(command: ClientCommand): boolean {
    const { folder } = this.source;
    if (folder.role !== 'drafts' || !has(this.context.version, 'drafts') || command.className === 'SMS') return false;
    return command.kind === 'Add' || command.send || (command.data !== null && editsDraft(command.data));
  }

  async #told(place: number, { reply }: DraftOutcome): Promise<void> {
    this.replies.set(place, reply);
    await this.done(place, reply);
  }

  async #change(command: ClientCommand, uid: number, place: number): Promise<void> {
    const change = command.data && flagChange(command.data, uid, this.draft, this.#now);
    if (!change) {
      this.replies.set(place, MALFORMED);
      return;
    }
    await this.#flushDeletions();
    if ([...this.#groups.values()].some((group) => group.uids.includes(uid))) await this.#flushFlags();
    const key = JSON.stringify(change);
    const group = this.#groups.get(key) ?? { change, uids: [], places: [] };
    group.uids.push(uid);
    group.places.push(place);
    this.#groups.set(key, group);
  }

  async #flushFlags(): Promise<void> {
    const { mail } = this.context.services;
    for (const { change, uids, places } of this.#groups.values()) {
      try {
        // The note first: the flags are what other devices hear of.
        if (change.note) await this.#note(uids, change.note);
        if (change.add?.length || change.remove?.length)
          await mail.setFlags(this.context.session, this.source.folder, uids, change);
        noteChange(this.draft, uids, change);
      } catch (error) {
        if (!isDomainError(error) || error.kind === 'unavailable') throw error;
        this.context.log.warn({ folder: this.source.folder.id, err: error }, 'flags were not changed');
        for (const place of places) this.replies.set(place, MALFORMED);
        this.draft.changed = this.draft.changed.with(...uids);
      }
    }
    this.#groups.clear();
  }

  async #note(uids: readonly number[], note: MailNote): Promise<void> {
    const { mail, mailNotes } = this.context.services;
    const messages = await mail.summaries(this.context.session, this.source.folder, uids);
    await mailNotes.write(this.context.session, messages.map(noteKey), note);
  }

  async #delete(uid: number | null): Promise<void> {
    await this.#flushFlags();
    if (uid !== null) this.#deletions.push(uid);
  }

  async #flushDeletions(): Promise<void> {
    const uids = this.#deletions.splice(0).filter((uid) => this.draft.known.has(uid));
    if (uids.length === 0) return;
    await deleteMessages(this.context, this.source.folder, uids, this.deletesAsMoves);
    for (const uid of uids) this.draft.drop(uid);
  }

  async #fetch(uid: number): Promise<AppliedReply> {
    await this.flush();
    const { options } = this.draft;
    // Version 2.5 fetches what it was shown only the beginning of; later ones say how much they want.
    const whole = has(this.context.version, 'bodyPreference') ? options : { ...options, bodies: [] };
    const item = await this.source.fetch(uid, whole);
    return 'data' in item ? { status: SYNC.Success, data: item.data } : NOT_FOUND;
  }
}

/** Moves messages to Trash, or deletes them for good when they are there already or the device says so. */
export async function deleteMessages(
  context: EasContext,
  folder: MailFolder,
  uids: readonly number[],
  asMoves: boolean,
): Promise<void> {
  const { mail } = context.services;
  if (!asMoves || folder.role === 'trash') return mail.remove(context.session, folder, uids);
  const folders = await mail.folders(context.session);
  const trash = folders.find((one) => one.role === 'trash') ?? (await mail.createFolder(context.session, null, 'Trash'));
  if (trash.id === folder.id) return mail.remove(context.session, folder, uids);
  await mail.move(context.session, folder, uids, trash);
}

/** Where only the flags are of interest, not the times noted with them. */
const LONG_AGO = new Date(0);

/** Keeps the draft in step with a command that was carried out in an earlier request. */
export function settleMail(folder: MailFolder, command: ClientCommand, reply: Reply, draft: Draft): void {
  const made = command.kind === 'Add' && reply.serverId ? itemNumber(folder.id, reply.serverId) : null;
  if (made !== null) holdDraft(draft, made, (command.data && flagChange(command.data, made, draft, LONG_AGO)) ?? {});
  const uid = command.serverId === null ? null : itemNumber(folder.id, command.serverId);
  if (uid === null || reply.status !== SYNC.Success) return;
  if (command.kind === 'Delete') draft.drop(uid);
  if (command.kind !== 'Change' || !command.data) return;
  const change = flagChange(command.data, uid, draft, LONG_AGO);
  if (change) noteChange(draft, [uid], change);
}

/** The device holds the draft that it made: read, as it must be, and with the flags it gave. */
function holdDraft(draft: Draft, uid: number, flags: FlagChange): void {
  draft.hold(uid);
  noteChange(draft, [uid], { add: ['\\Seen'] });
  noteChange(draft, [uid], flags);
}

function noteChange(draft: Draft, uids: readonly number[], { add = [], remove = [] }: FlagChange): void {
  const all = IdRanges.of(uids);
  for (const flag of add) draft.flags.set(flag, (draft.flags.get(flag) ?? IdRanges.empty).union(all));
  for (const flag of remove) draft.flags.set(flag, (draft.flags.get(flag) ?? IdRanges.empty).minus(all));
}

/** Read, Flag and Categories as a change of IMAP flags; null when a value is none of theirs (MS-ASEMAIL). */
function flagChange(data: Element, uid: number, draft: Draft, now: Date): MarkChange | null {
  const add: string[] = [];
  const remove: string[] = [];
  const read = childText(data, 'Email:Read');
  if (read !== undefined) (isTrue(read) ? add : remove).push('\\Seen');
  const flag = child(data, 'Email:Flag');
  const asked = flag && readFlag(flag, now);
  if (asked === null) return null;
  const followUp = asked && followUpChange(asked, uid, draft);
  add.push(...(followUp?.add ?? []));
  remove.push(...(followUp?.remove ?? []));
  const categories = child(data, 'Email:Categories');
  if (categories) {
    const wanted = children(categories, 'Email:Category').map((one) => keywordOf(text(one) ?? ''));
    const held = [...draft.flags].filter(([name, uids]) => isCategory(name) && uids.has(uid)).map(([name]) => name);
    add.push(...wanted.filter((name) => name !== '' && !held.includes(name)));
    remove.push(...held.filter((name) => !wanted.includes(name)));
  }
  return { add, remove, ...(followUp?.note && { note: followUp.note }) };
}

const MARKS: Readonly<Record<FlagRequest['status'], readonly string[]>> = {
  active: ['\\Flagged'],
  complete: [COMPLETED],
  cleared: [],
};

/** A flag without dates is IMAP's own; for one with dates, and in place of one, there is a note and a keyword that tells of it. */
function followUpChange({ status, followUp }: FlagRequest, uid: number, draft: Draft): MarkChange {
  const held = REVISIONS.filter((keyword) => draft.flags.get(keyword)?.has(uid));
  const revision = followUp && revisionOf(followUp, held[0]);
  const marks = MARKS[status];
  return {
    add: revision ? [...marks, revision] : marks,
    remove: [...['\\Flagged', COMPLETED].filter((mark) => !marks.includes(mark)), ...held.filter((one) => one !== revision)],
    ...((followUp || held.length > 0) && { note: { followUp } }),
  };
}

function isTrue(value: string): boolean {
  return /^\s*(1|true)\s*$/i.test(value);
}
