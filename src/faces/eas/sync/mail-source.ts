import { isDomainError } from '../../../domain/errors.js';
import type { MailFolder, MailMark, MessageSummary } from '../../../domain/mail/model.js';
import { IdRanges } from '../../../formats/ranges.js';
import { MOST_OF_MANY, MOST_OF_ONE, type RenderedBody, renderBodies, streamedMime } from '../classes/body.js';
import { emailChange, emailData } from '../classes/email.js';
import { meetingMessage } from '../classes/meeting-request.js';
import type { EasContext } from '../context.js';
import { countBytes, type Output, placeholder, within } from '../operations/large.js';
import { cappedFilter } from '../policy.js';
import { FILTERS, windowOf } from './filter.js';
import { applyToMail, settleMail } from './mail-apply.js';
import { type MailExtras, NO_EXTRAS, readExtras, readNotes } from './mail-extras.js';
import { differs, noteFlags } from './mail-flags.js';
import { moveAlways } from './move-always.js';
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
  readonly absent: readonly number[];
  readonly summaries: readonly MessageSummary[];
  readonly bodies: ReadonlyMap<number, RenderedBody>;
  readonly extras: MailExtras;
}

/** Where bodies go that do not stand in the document. */
type BodyOutput = Pick<Output, 'parts' | 'large'>;

const NO_BODIES: ReadonlyMap<number, RenderedBody> = new Map();

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

  async list(window: Window): Promise<IdRanges> {
    const listed = await this.#mail.list(this.context.session, this.folder, window.since);
    if (!window.conversations || listed.isEmpty) return listed;
    const threads = (await this.#mail.threads(this.context.session, this.folder)) ?? [];
    const whole = threads.filter((thread) => thread.some((uid) => listed.has(uid)));
    return listed.union(IdRanges.of(whole.flat()));
  }

  async since(draft: Draft): Promise<Delta> {
    const from = draft.point as MailMark;
    const { mark, reset, changed, vanished } = await this.#mail.changes(this.context.session, this.folder, from);
    const held = changed.filter(({ uid }) => draft.known.has(uid) && !draft.outside.has(uid));
    const arrived = changed.filter(({ uid }) => uid >= from.uidNext && !draft.known.has(uid)).map(({ uid }) => uid);
    const moved = new Set(await moveAlways(this.context, this.folder, arrived, (uids) => this.#summaries(uids)));
    return {
      point: mark,
      reset,
      gone: vanished,
      changed: held.filter((state) => differs(draft, state)).map(({ uid }) => uid),
      fresh: arrived.filter((uid) => !moved.has(uid)),
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
    for await (const { absent, summaries, bodies, extras } of ahead(this.#groups(ids, form, draft.options))) {
      noteFlags(draft, summaries);
      for (const id of absent) yield this.#absent(id);
      for (const summary of summaries)
        yield form === 'Add' ? this.#item(summary, bodies.get(summary.uid), extras) : this.#change(summary, extras);
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
    return this.#item(summary, body, await this.#extras([summary], options), bodyPart);
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
    const extras = await this.#extras(messages, options);
    for (const message of messages) yield this.#item(message, bodies.get(message.uid), extras);
  }

  /** Summaries chunk by chunk, with the bodies of as many as fit into memory together. */
  async *#groups(ids: readonly number[], form: 'Add' | 'Change', options: SyncOptions): AsyncGenerator<Group> {
    for (let at = 0; at < ids.length; at += CHUNK) {
      const wanted = ids.slice(at, at + CHUNK);
      const read = await this.#summaries(wanted);
      const found = new Set(read.map((summary) => summary.uid));
      const absent = wanted.filter((id) => !found.has(id));
      if (absent.length > 0) yield { absent, summaries: [], bodies: NO_BODIES, extras: NO_EXTRAS };
      if (form === 'Change') {
        const notes = await readNotes(this.context, read);
        yield { absent: [], summaries: read, bodies: NO_BODIES, extras: { ...NO_EXTRAS, notes } };
      } else
        for (const summaries of grouped(read, options)) {
          const bodies = await this.#bodies(summaries, options);
          yield { absent: [], summaries, bodies, extras: await this.#extras(summaries, options) };
        }
    }
  }

  /** Of a conversation's older messages only the size is told, and a preview. */
  async #bodies(summaries: readonly MessageSummary[], options: SyncOptions): Promise<ReadonlyMap<number, RenderedBody>> {
    const since = options.conversations ? this.window(options.filter, this.context.services.clock.now()).since : null;
    const older = since ? summaries.filter(({ received }) => received < since) : [];
    const recent = older.length > 0 ? summaries.filter((one) => !older.includes(one)) : summaries;
    const bodies = await renderBodies(this.context, this.folder, recent, options);
    if (older.length === 0) return bodies;
    const sizes = { ...options, bodies: options.bodies.map((body) => ({ ...body, truncationSize: 0, allOrNone: false })) };
    return new Map([...bodies, ...(await renderBodies(this.context, this.folder, older, sizes))]);
  }

  #extras(messages: readonly MessageSummary[], options: SyncOptions): Promise<MailExtras> {
    return readExtras(this.context, this.folder, messages, options);
  }

  #change(summary: MessageSummary, { notes }: MailExtras): Rendered {
    const data = emailChange(summary, this.context.version, notes.get(summary.uid));
    return { id: summary.uid, data, bytes: CHANGE_BYTES };
  }

  #item(
    summary: MessageSummary,
    body: RenderedBody | undefined,
    { invitations, notes, bodyParts }: MailExtras,
    bodyPart?: number,
  ): Rendered {
    try {
      const { version, session, services } = this.context;
      const text = invitations.get(summary.uid);
      const meeting = text === undefined ? undefined : meetingMessage(text, session.user, version, services.clock.now());
      const id = serverId(this.folder.id, summary.uid);
      const [note, own] = [notes.get(summary.uid), bodyParts.get(summary.uid)];
      const attachments = this.#mail.attachments(summary);
      const item = {
        summary,
        body,
        bodyPart,
        serverId: id,
        attachments,
        draft: this.folder.role === 'drafts',
        meeting,
        note,
        own,
      };
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
