import type { MailFolder } from '../../../domain/mail/model.js';
import { NoteIndex, type NotePoint } from '../../../domain/mail/note-index.js';
import type { StoredNote } from '../../../domain/mail/notebooks.js';
import type { Id } from '../../../domain/types.js';
import { IdRanges } from '../../../formats/ranges.js';
import { notesClass } from '../classes/notes.js';
import type { EasContext } from '../context.js';
import { notebookId } from '../notebooks.js';
import { EVERYTHING } from './filter.js';
import { applyToNotes, settleNote } from './note-apply.js';
import type { ClientCommand } from './request.js';
import type { AppliedReply, Delta, Done, ItemSource, Rendered, Window } from './source.js';
import type { Draft, Reply, SyncOptions } from './state.js';

const ANY_FILTER: ReadonlySet<number> = new Set(Array.from({ length: 9 }, (_none, filter) => filter));

/** Notes of a mail folder as a source of items (MS-ASNOTE); ids are the notes' numbers. */
export class NoteSource implements ItemSource {
  readonly className = 'Notes';
  /** Notes know no window: their FilterType is ignored (MS-ASCMD FilterType). */
  readonly filters = ANY_FILTER;
  /** Notes of repeated commands that go back to the device. */
  readonly #repeated: number[] = [];

  constructor(
    private readonly context: EasContext,
    readonly folder: MailFolder,
    readonly options: { readonly requestKey: string; readonly deletesAsMoves: boolean },
  ) {}

  get collection(): Id {
    return notebookId(this.folder.id);
  }

  window(): Window {
    return EVERYTHING;
  }

  async head(): Promise<NotePoint> {
    return (await this.look(null)).point;
  }

  async list(): Promise<IdRanges> {
    return IdRanges.of((await this.look(null)).index.notes);
  }

  async since(draft: Draft): Promise<Delta> {
    const from = draft.point as NotePoint;
    const before = NoteIndex.parse(from.notes);
    const { point, index } = await this.look(from);
    const gone = [...before.notes].filter((number) => index.uidOf(number) === undefined);
    const moved = [...index.notes].filter((number) => index.uidOf(number) !== before.uidOf(number));
    return {
      point,
      reset: false,
      gone: IdRanges.of(gone),
      changed: moved.filter((number) => draft.known.has(number)),
      fresh: moved.filter((number) => !draft.known.has(number)),
      looked: gone.length + moved.length,
    };
  }

  async inside(ids: readonly number[]): Promise<Iterable<number>> {
    return ids;
  }

  async *render(ids: readonly number[], _form: 'Add' | 'Change', draft: Draft): AsyncGenerator<Rendered> {
    const { index } = await this.look(draft.point as NotePoint | null);
    const uids = ids.flatMap((id) => index.uidOf(id) ?? []);
    const found = new Set<number>();
    for await (const note of this.#notebooks.read(this.context.session, this.folder, uids)) {
      found.add(note.number);
      yield this.renderNote(note, draft.options);
    }
    for (const id of ids) if (!found.has(id)) yield { id, missing: true };
  }

  /** One note as ApplicationData. */
  renderNote(note: StoredNote, options: SyncOptions): Rendered {
    try {
      const { session, version, services } = this.context;
      const context = { version, user: session.user, bodyPreferences: options.bodies, now: services.clock.now() };
      const data = notesClass.render(note.text, context);
      return { id: note.number, data, bytes: note.text.length };
    } catch (error) {
      return { id: note.number, error };
    }
  }

  /** One note for ItemOperations. */
  async fetch(id: number, options: SyncOptions): Promise<Rendered> {
    const { index } = await this.look(null);
    const uid = index.uidOf(id);
    const note = uid === undefined ? null : await this.#notebooks.one(this.context.session, this.folder, uid);
    return note ? this.renderNote(note, options) : { id, missing: true };
  }

  async apply(commands: readonly ClientCommand[], draft: Draft, done: Done): Promise<readonly AppliedReply[]> {
    const replies = await applyToNotes(this.context, this, commands, draft, done);
    // Marked only now: to further edits of the device these are no changes of somebody else's.
    draft.changed = draft.changed.with(...this.#repeated.splice(0));
    return replies;
  }

  settle(command: ClientCommand, reply: Reply, draft: Draft): void {
    this.#repeated.push(...settleNote(this.collection, command, reply, draft));
  }

  look(from: NotePoint | null): Promise<{ readonly point: NotePoint; readonly index: NoteIndex }> {
    return this.#notebooks.look(this.context.session, this.folder, from);
  }

  get #notebooks() {
    return this.context.services.notebooks;
  }
}
