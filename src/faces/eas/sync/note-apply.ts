import { DomainError, isDomainError } from '../../../domain/errors.js';
import { NoteIndex, type NotePoint, noteIdentifier } from '../../../domain/mail/note-index.js';
import { isBy, noteMessageId, type StoredNote } from '../../../domain/mail/notebooks.js';
import type { Session } from '../../../domain/types.js';
import type { IdRanges } from '../../../formats/ranges.js';
import type { Element } from '../../../formats/wbxml/tree.js';
import { type ApplyContext, MalformedItem } from '../classes/item-class.js';
import { notesClass } from '../classes/notes.js';
import type { EasContext } from '../context.js';
import { deleteMessages } from './mail-apply.js';
import type { NoteSource } from './note-source.js';
import { type ClientCommand, SYNC } from './request.js';
import { type AppliedReply, type Done, itemNumber, serverId } from './source.js';
import type { Draft, Reply } from './state.js';

const OK: AppliedReply = { status: SYNC.Success };
const MALFORMED: AppliedReply = { status: SYNC.Malformed };
const NOT_FOUND: AppliedReply = { status: SYNC.NotFound };
const CONFLICT: AppliedReply = { status: SYNC.Conflict };
/** How often an edit is tried again when somebody else's comes between reading and writing. */
const ATTEMPTS = 4;
const CLIENT_WINS = 0;

/** Carries out a client's commands on the notes of a mailbox, each for itself. */
export async function applyToNotes(
  context: EasContext,
  source: NoteSource,
  commands: readonly ClientCommand[],
  draft: Draft,
  done: Done,
): Promise<readonly AppliedReply[]> {
  const work = new NoteWork(context, source, draft);
  const replies: AppliedReply[] = [];
  for (const [place, command] of commands.entries()) {
    const reply = await work.carryOut(command);
    replies.push(reply);
    await done(place, reply);
  }
  work.finish();
  return replies;
}

/** Keeps the draft in step with a command that was carried out in an earlier request. @returns the note, where it goes back to the device */
export function settleNote(collection: string, command: ClientCommand, reply: Reply, draft: Draft): number[] {
  const number = itemNumber(collection, reply.serverId ?? command.serverId ?? '');
  if (number === null) return [];
  if (command.kind === 'Add' && reply.status === SYNC.Success) draft.hold(number);
  if (command.kind === 'Delete' && reply.status === SYNC.Success) draft.drop(number);
  return reply.back && draft.known.has(number) ? [number] : [];
}

/**
 * A mailbox has no transactions. Each edit makes a message whose Message-ID follows from the request and the command, so a
 * repetition after a lost answer, or after the process was killed, finds what it made; and the old message goes last.
 */
class NoteWork {
  /** A phone that hangs up must not leave a note half changed. */
  readonly #session: Session;
  readonly #apply: ApplyContext;
  /** Messages by note, as the device was last told. */
  readonly #told: NoteIndex;
  readonly #unsent: IdRanges;
  /** Notes that go back to the device. */
  readonly #back = new Set<number>();

  constructor(
    private readonly context: EasContext,
    private readonly source: NoteSource,
    private readonly draft: Draft,
  ) {
    const { session, version, services } = context;
    this.#session = { ...session, signal: undefined };
    const supported = draft.supported === null ? null : new Set(draft.supported);
    this.#apply = { version, user: session.user, now: services.clock.now(), supported };
    this.#told = draft.point === null ? NoteIndex.empty : NoteIndex.parse((draft.point as NotePoint).notes);
    this.#unsent = draft.changed;
  }

  /** What fails because of the note is its own status; what fails because of the server ends the request. */
  async carryOut(command: ClientCommand): Promise<AppliedReply> {
    const number = command.serverId === null ? null : itemNumber(this.source.collection, command.serverId);
    try {
      if (command.kind === 'Add') return await this.#add(command);
      if (command.kind === 'Delete') return await this.#delete(number);
      if (number === null) return NOT_FOUND;
      return await (command.kind === 'Fetch' ? this.#fetch(number) : this.#change(command, number));
    } catch (error) {
      const ofNote = error instanceof MalformedItem || isDomainError(error, 'invalid') || isDomainError(error, 'too-large');
      if (isDomainError(error) && !ofNote) throw error;
      this.context.log[ofNote ? 'info' : 'error']({ command: command.kind, err: error }, 'client note refused');
      if (number === null || command.kind !== 'Change' || !this.draft.known.has(number)) return MALFORMED;
      this.#back.add(number);
      return { ...MALFORMED, back: true };
    }
  }

  /** Marked only now: to further edits of the device these are no changes of somebody else's. */
  finish(): void {
    this.draft.changed = this.draft.changed.with(...this.#back);
  }

  async #add({ data, clientId }: ClientCommand): Promise<AppliedReply> {
    if (!data || clientId === null) return MALFORMED;
    const identifier = noteIdentifier(...this.#facts('add', clientId));
    const edit = { text: notesClass.apply(null, data, this.#apply), messageId: this.#messageId('add', clientId) };
    const note = await this.#notebooks.add(this.#session, this.source.folder, identifier, edit);
    this.draft.hold(note.number);
    return { ...this.#written(note, data, false), serverId: serverId(this.source.collection, note.number) };
  }

  async #change(command: ClientCommand, number: number): Promise<AppliedReply> {
    if (!command.data || command.instance !== null) return MALFORMED;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#edit(command.data, command.print, number);
      } catch (error) {
        // Somebody else put another form in its place: that one is read now.
        if (!isDomainError(error, 'not-found') || attempt >= ATTEMPTS) throw error;
      }
    }
  }

  async #edit(data: Element, print: string, number: number): Promise<AppliedReply> {
    const { index } = await this.source.look(this.draft.point as NotePoint | null);
    const uid = index.uidOf(number);
    if (uid === undefined) return NOT_FOUND;
    const note = await this.#notebooks.one(this.#session, this.source.folder, uid);
    if (!note) throw new DomainError('not-found', 'the note is gone');
    const older = index.formsOf(number).filter((form) => form === this.#told.uidOf(number) && form !== note.uid);
    const messageId = this.#messageId('change', String(number), print);
    if (note.messageId === messageId) return this.#again(note, data, older);
    const isForeign = note.uid !== this.#told.uidOf(number) && !isBy(this.#session, this.#writer, note);
    const conflict = isForeign || this.#unsent.has(number);
    const wins = this.draft.options.conflict === CLIENT_WINS;
    const text = notesClass.apply(note.text, data, this.#apply);
    if (text === note.text) return this.#written(note, data, conflict);
    if (conflict && !wins) return CONFLICT;
    const now = await this.#notebooks.replace(this.#session, this.source.folder, note, { text, messageId, wins }, older);
    return now ? this.#written(now, data, conflict) : CONFLICT;
  }

  /** The process was killed, or the answer never stored, after the new message was there: what is left is done. */
  async #again(note: StoredNote, data: Element, older: readonly number[]): Promise<AppliedReply> {
    await this.context.services.mail.remove(this.#session, this.source.folder, older);
    return this.#written(note, data, false);
  }

  /** The answer to an edit. The device is in step with the message unless something of it is not as it was sent. */
  #written(note: StoredNote, data: Element, conflict: boolean): AppliedReply {
    this.#keep(note);
    const agrees = !conflict && (notesClass.agrees?.(note.text, data, this.#apply) ?? true);
    if (agrees) return OK;
    this.#back.add(note.number);
    return { ...OK, back: true };
  }

  /** Puts the message into what the device was told, so that it is no news to it. */
  #keep(note: StoredNote): void {
    const point = this.draft.point as NotePoint | null;
    if (point === null) return;
    const told = NoteIndex.parse(point.notes);
    const index = told.changed(new Set(told.formsOf(note.number)), new Map([[note.uid, note.number]]));
    this.draft.point = { ...point, notes: index.toString() };
  }

  /** A deletion wins over any change; what is gone already is deleted. */
  async #delete(number: number | null): Promise<AppliedReply> {
    if (number === null) return OK;
    const { index } = await this.source.look(this.draft.point as NotePoint | null);
    const forms = index.formsOf(number);
    if (forms.length > 0)
      await deleteMessages(
        { ...this.context, session: this.#session },
        this.source.folder,
        forms,
        this.source.options.deletesAsMoves,
      );
    this.draft.drop(number);
    return OK;
  }

  async #fetch(number: number): Promise<AppliedReply> {
    const rendered = await this.source.fetch(number, this.draft.options);
    return 'data' in rendered ? { status: SYNC.Success, data: rendered.data } : NOT_FOUND;
  }

  #facts(...facts: readonly string[]): readonly string[] {
    return [this.#session.account, this.#writer, this.source.folder.id, this.source.options.requestKey, ...facts];
  }

  #messageId(...facts: readonly string[]): string {
    return noteMessageId(this.#session, this.#writer, this.source.folder.id, this.source.options.requestKey, ...facts);
  }

  get #writer(): string {
    return this.context.query.deviceId;
  }

  get #notebooks() {
    return this.context.services.notebooks;
  }
}
