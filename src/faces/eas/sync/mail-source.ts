import { isDomainError } from '../../../domain/errors.js';
import type { MailFolder, MailMark, MessageSummary } from '../../../domain/mail/model.js';
import { type MailNote, noteKey } from '../../../domain/mail/notes.js';
import { calendarPart, readInvitations } from '../../../domain/scheduling/invitations.js';
import type { IdRanges } from '../../../formats/ranges.js';
import { MOST_OF_MANY, MOST_OF_ONE, type RenderedBody, renderBodies, streamedMime } from '../classes/body.js';
import { emailChange, emailData, mayHaveNote } from '../classes/email.js';
import { meetingMessage } from '../classes/meeting-request.js';
import type { EasContext } from '../context.js';
import { countBytes, type Output, placeholder, within } from '../operations/large.js';
import { cappedFilter } from '../policy.js';
import { FILTERS, windowOf } from './filter.js';
import { applyToMail, settleMail } from './mail-apply.js';
import { differs, noteFlags } from './mail-flags.js';
import type { ClientCommand } from './request.js';
import type { AppliedReply, Delta, Done, ItemSource, Rendered, Window } from './source.js';
import { serverId } from './source.js';
import type { Draft, Reply, SyncOptions } from './state.js';

/** Messages asked for at once. */
const CHUNK = 100;
/** Bytes of bodies asked for at once, so that a hundred large ones are not held together. */
const CHUNK_BYTES = 2 * 1024 * 1024;
const CHANGE_BYTES = 100;
/** Up to so many new messages are looked at one by one to see whether they are inside the window. */
const FEW = 50;

/** Messages that are made ready together, and those asked for that are not there. */
interface Group {
  readonly notes: Notes;
  readonly absent: readonly number[];
  readonly summaries: readonly MessageSummary[];
  readonly bodies: ReadonlyMap<number, RenderedBody>;
  /** Calendar texts of messages about meetings. */
  readonly invitations: ReadonlyMap<number, string>;
}

/** Where bodies go that do not stand in the document. */
type BodyOutput = Pick<Output, 'parts' | 'large'>;

/** Notes by UID. */
type Notes = ReadonlyMap<number, MailNote>;

const NO_NOTES: Notes = new Map();
const NO_BODIES: ReadonlyMap<number, RenderedBody> = new Map();
const NONE: ReadonlyMap<number, string> = new Map();

/** A mail folder as a source of items; ids are UIDs. */
export class MailSource implements ItemSource {
  readonly className = 'Email';
  readonly filters = FILTERS.mail;
  /** Summaries read while changes were looked at, so that they are not read twice. */
  readonly #seen = new Map<number, MessageSummary>();
  /** Messages that the mail server or their own form keeps from being described. */
  readonly #failures = new Map<number, unknown>();

  constructor(
    private readonly context: EasContext,
    readonly folder: MailFolder,
    private readonly deletesAsMoves: boolean,
    private readonly requestKey = '',
  ) {}

  window(filter: number, now: Date): Window {
    return windowOf(cappedFilter(filter, this.context.policy, 'MaxEmailAgeFilter'), now);
  }

  head(): Promise<MailMark> {
    return this.#mail.mark(this.context.session, this.folder);
  }

  list(window: Window): Promise<IdRanges> {
    return this.#mail.list(this.context.session, this.folder, window.since);
  }

  async since(draft: Draft): Promise<Delta> {
    const from = draft.point as MailMark;
    const { mark, reset, changed, vanished } = await this.#mail.changes(this.context.session, this.folder, from);
    const held = changed.filter(({ uid }) => draft.known.has(uid) && !draft.outside.has(uid));
    const fresh = changed.filter(({ uid }) => uid >= from.uidNext && !draft.known.has(uid));
    return {
      point: mark,
      reset,
      gone: vanished,
      changed: held.filter((state) => differs(draft, state)).map(({ uid }) => uid),
      fresh: fresh.map(({ uid }) => uid),
      looked: changed.length,
    };
  }

  /** A message's date of reception never changes, so those the device holds leave the window only when it moves. */
  async inside(ids: readonly number[], window: Window, held: boolean): Promise<Iterable<number>> {
    const { since } = window;
    if (held || !since) return ids;
    if (ids.length > FEW) {
      const listed = await this.list(window);
      return ids.filter((id) => listed.has(id));
    }
    for (const summary of await this.#summaries(ids)) this.#seen.set(summary.uid, summary);
    return ids.filter((id) => (this.#seen.get(id)?.received ?? new Date(0)) >= since);
  }

  /** While one group is written, the mail server already works on the next. */
  async *render(ids: readonly number[], form: 'Add' | 'Change', draft: Draft): AsyncGenerator<Rendered> {
    for await (const { absent, summaries, bodies, invitations, notes } of ahead(this.#groups(ids, form, draft.options))) {
      noteFlags(draft, summaries);
      for (const id of absent) yield this.#absent(id);
      for (const summary of summaries)
        yield form === 'Add' ? this.#item(summary, bodies.get(summary.uid), invitations, notes) : this.#change(summary, notes);
    }
  }

  apply(commands: readonly ClientCommand[], draft: Draft, done: Done): Promise<readonly AppliedReply[]> {
    const { deletesAsMoves, requestKey } = this;
    return applyToMail(this.context, this, commands, draft, { deletesAsMoves, requestKey, done });
  }

  settle(command: ClientCommand, reply: Reply, draft: Draft): void {
    settleMail(this.folder, command, reply, draft);
  }

  /** One message for ItemOperations; its body goes into `parts` where the answer has such. */
  async fetch(id: number, options: SyncOptions, output?: BodyOutput): Promise<Rendered> {
    const [summary] = await this.#summaries([id]);
    if (!summary) return this.#absent(id);
    const streamed = output && streamedMime(this.context, summary, options);
    const body = streamed ? await this.#streamed(summary, streamed, output) : await this.#whole(summary, options);
    const part = output?.parts && body?.data ? output.parts.push(body.data) : undefined;
    const bodyPart = part ?? (output?.parts && body?.mark ? output.parts.length : undefined);
    return this.#item(summary, body, await this.#invitations([summary]), await this.#notes([summary]), bodyPart);
  }

  async #whole(summary: MessageSummary, options: SyncOptions): Promise<RenderedBody | undefined> {
    return (await renderBodies(this.context, this.folder, [summary], options, MOST_OF_ONE)).get(summary.uid);
  }

  /** The raw message, of which only the place is in the document: it is sent while it is read. */
  async #streamed(summary: MessageSummary, most: number, { parts, large }: BodyOutput): Promise<RenderedBody> {
    const open = async () => (await this.#mail.download(this.context.session, this.folder, summary.uid, '')).content;
    const size = await countBytes(await open());
    const span = { first: 0, last: Math.min(most, size) - 1 };
    const mark = placeholder();
    large.set(parts ? parts.push(new Uint8Array()) : mark, {
      length: span.last + 1,
      raw: true,
      open: async function* () {
        yield* within(await open(), span);
      },
    });
    const truncated = span.last + 1 < size;
    return { type: 4, data: null, mark: Buffer.from(mark), truncated, estimatedSize: size, preview: null };
  }

  /** Messages that were found, with their bodies. */
  async *describe(messages: readonly MessageSummary[], options: SyncOptions): AsyncGenerator<Rendered> {
    const bodies = await renderBodies(this.context, this.folder, messages, options);
    const invitations = await this.#invitations(messages);
    const notes = await this.#notes(messages);
    for (const message of messages) yield this.#item(message, bodies.get(message.uid), invitations, notes);
  }

  /** Summaries chunk by chunk, with the bodies of as many as fit into memory together. */
  async *#groups(ids: readonly number[], form: 'Add' | 'Change', options: SyncOptions): AsyncGenerator<Group> {
    for (let at = 0; at < ids.length; at += CHUNK) {
      const wanted = ids.slice(at, at + CHUNK);
      const read = await this.#summaries(wanted);
      const found = new Set(read.map((summary) => summary.uid));
      const absent = wanted.filter((id) => !found.has(id));
      if (absent.length > 0) yield { absent, summaries: [], bodies: NO_BODIES, invitations: NONE, notes: NO_NOTES };
      const notes = await this.#notes(read);
      if (form === 'Change') yield { absent: [], summaries: read, bodies: NO_BODIES, invitations: NONE, notes };
      else
        for (const summaries of grouped(read, options)) {
          const bodies = await renderBodies(this.context, this.folder, summaries, options);
          yield { absent: [], summaries, bodies, invitations: await this.#invitations(summaries), notes };
        }
    }
  }

  #change(summary: MessageSummary, notes: Notes): Rendered {
    const data = emailChange(summary, this.context.version, notes.get(summary.uid));
    return { id: summary.uid, data, bytes: CHANGE_BYTES };
  }

  /** What devices said of these messages; asked only for those that carry a mark of it. */
  async #notes(messages: readonly MessageSummary[]): Promise<Notes> {
    const marked = messages.filter(mayHaveNote);
    if (marked.length === 0) return NO_NOTES;
    const keys = new Map(marked.map((message) => [message.uid, noteKey(message)]));
    const found = await this.context.services.mailNotes.read(this.context.session, [...keys.values()]);
    return new Map([...keys].flatMap(([uid, key]) => (found.has(key) ? [[uid, found.get(key) as MailNote] as const] : [])));
  }

  /** A calendar part that can't be read makes no meeting of the message. */
  async #invitations(messages: readonly MessageSummary[]): Promise<ReadonlyMap<number, string>> {
    if (!messages.some((message) => calendarPart(message))) return NONE;
    return readInvitations(this.#mail, this.context.session, this.folder, messages);
  }

  #item(
    summary: MessageSummary,
    body: RenderedBody | undefined,
    invitations: ReadonlyMap<number, string>,
    notes: Notes,
    bodyPart?: number,
  ): Rendered {
    try {
      const { version, session, services } = this.context;
      const text = invitations.get(summary.uid);
      const meeting = text === undefined ? undefined : meetingMessage(text, session.user, version, services.clock.now());
      const id = serverId(this.folder.id, summary.uid);
      const note = notes.get(summary.uid);
      const attachments = this.#mail.attachments(summary);
      const item = { summary, body, bodyPart, serverId: id, attachments, draft: this.folder.role === 'drafts', meeting, note };
      return { id: summary.uid, ...emailData(item, this.context.version) };
    } catch (error) {
      return { id: summary.uid, error };
    }
  }

  #absent(id: number): Rendered {
    return this.#failures.has(id) ? { id, error: this.#failures.get(id) } : { id, missing: true };
  }

  async #summaries(ids: readonly number[]): Promise<readonly MessageSummary[]> {
    const missing = ids.filter((id) => !this.#seen.has(id));
    const read = missing.length === 0 ? [] : await this.#summariesWithFence(missing);
    const byId = new Map(read.map((summary) => [summary.uid, summary]));
    return ids.flatMap((id) => this.#seen.get(id) ?? byId.get(id) ?? []);
  }

  /** One message that the server can't describe must not hide the others: asked one by one when all together fail. */
  async #summariesWithFence(ids: readonly number[]): Promise<readonly MessageSummary[]> {
    try {
      return await this.#mail.summaries(this.context.session, this.folder, ids);
    } catch (error) {
      if (isDomainError(error)) throw error;
      if (ids.length === 1) return this.#failed(ids[0] as number, error);
      const single: MessageSummary[] = [];
      for (const id of ids) {
        const read = this.#mail.summaries(this.context.session, this.folder, [id]);
        single.push(...(await read.catch((failure) => this.#failed(id, failure))));
      }
      return single;
    }
  }

  #failed(id: number, error: unknown): readonly MessageSummary[] {
    if (isDomainError(error, 'unavailable')) throw error;
    this.#failures.set(id, error);
    return [];
  }

  get #mail() {
    return this.context.services.mail;
  }
}

/** Splits a list so that the bodies of a group fit into memory together. */
function* grouped(summaries: readonly MessageSummary[], options: SyncOptions): Generator<MessageSummary[]> {
  const cut = Math.min(MOST_OF_MANY, Math.max(0, ...options.bodies.map((body) => body.truncationSize ?? MOST_OF_MANY)));
  let group: MessageSummary[] = [];
  let bytes = 0;
  for (const summary of summaries) {
    const size = Math.min(summary.size, cut);
    if (group.length > 0 && bytes + size > CHUNK_BYTES) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(summary);
    bytes += size;
  }
  if (group.length > 0) yield group;
}

/** The same values, each asked for while the one before is used. */
async function* ahead<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = source.next();
  try {
    for (;;) {
      const { value, done } = await next;
      if (done) return;
      next = source.next();
      // Its failure is met when it is its turn; until then it must not count as unhandled.
      next.catch(() => {});
      yield value;
    }
  } finally {
    source.return(undefined).catch(() => {});
  }
}
