import { createHash } from 'node:crypto';
import type { Cursor } from '../../../domain/changes/feed.js';
import { isDomainError } from '../../../domain/errors.js';
import { mergedOrigin } from '../../../domain/pim/merge.js';
import type { Collection, Item, PutResult } from '../../../domain/pim/model.js';
import type { Id, Session } from '../../../domain/types.js';
import { IdRanges } from '../../../formats/ranges.js';
import type { TagName } from '../../../formats/wbxml/pages.js';
import { childText } from '../../../formats/wbxml/tree.js';
import { readDate } from '../classes/dates.js';
import { type ApplyContext, MalformedItem } from '../classes/item-class.js';
import { ownerOf } from '../classes/owner.js';
import type { EasContext } from '../context.js';
import { COMMON } from '../status.js';
import { ForeignChanges } from './conflict.js';
import { fileNames, type KeptFiles, keepFiles } from './event-files.js';
import type { PimSource } from './pim-source.js';
import { type ClientCommand, SYNC } from './request.js';
import { type AppliedReply, itemNumber, serverId } from './source.js';
import type { Draft, Reply } from './state.js';

const OK: AppliedReply = { status: SYNC.Success };
const MALFORMED: AppliedReply = { status: SYNC.Malformed };
const CONFLICT: AppliedReply = { status: SYNC.Conflict };
const NOT_FOUND: AppliedReply = { status: SYNC.NotFound };
/** How often an edit is tried again when somebody else's write comes between reading and writing. */
const ATTEMPTS = 4;
const CLIENT_WINS = 0;
const UID_TAGS: readonly TagName[] = ['Calendar:UID', 'Calendar:ClientUid'];

/** Carries out a client's commands on a PIM collection, each for itself: one bad item gets its own status. */
export async function applyToPim(
  context: EasContext,
  source: PimSource,
  commands: readonly ClientCommand[],
  draft: Draft,
): Promise<readonly AppliedReply[]> {
  const work = new PimWork(context, source, draft);
  const replies: AppliedReply[] = [];
  for (const command of commands) replies.push(await work.carryOut(command));
  return replies;
}

/**
 * Keeps the draft in step with a command that was carried out in an earlier request. `tells`: what the server made of an
 * Add was in the answer that got lost. @returns the item, where it goes back to the device
 */
export function settlePim(collection: Collection, command: ClientCommand, reply: Reply, draft: Draft, tells: boolean): number[] {
  const id = itemNumber(collection.id, reply.serverId ?? command.serverId ?? '');
  if (id === null) return [];
  if (command.kind === 'Add' && reply.status === SYNC.Success) draft.hold(id);
  if (isRemoval(command) && reply.back) return addAgain(draft, id);
  if (isRemoval(command) && reply.status === SYNC.Success) draft.drop(id);
  const isBack = reply.back || (command.kind === 'Add' && reply.status === SYNC.Success && tells);
  return isBack && draft.known.has(id) ? [id] : [];
}

/** The deletion of an item, not of one occurrence. */
function isRemoval({ kind, instance }: ClientCommand): boolean {
  return kind === 'Delete' && instance === null;
}

/** What a device deleted that may not be deleted comes to it as a new item. */
function addAgain(draft: Draft, id: number): [] {
  draft.drop(id);
  draft.pending = draft.pending.with(id);
  return [];
}

/** A file, not the text of the item. */
function isTooLarge(error: unknown): boolean {
  return isDomainError(error, 'too-large') && /^(?:max-attachment-size|quota-not-exceeded)$/.test(error.reason ?? '');
}

/** What a device's edit makes of an item. */
interface Plan {
  readonly text: string;
  /** Somebody else changed the item since the device saw it: the device does not hold what comes of its edit. */
  readonly isMerged: boolean;
  /** A part of the edit gives way to another change. */
  readonly isLost: boolean;
}

class PimWork {
  readonly #apply: ApplyContext;
  readonly #foreign: ForeignChanges;
  /** Items whose foreign change was seen before, but not yet sent. */
  readonly #unsent: IdRanges;

  constructor(
    private readonly context: EasContext,
    private readonly source: PimSource,
    private readonly draft: Draft,
  ) {
    const { session, version, services } = context;
    const supported = draft.supported === null ? null : new Set(draft.supported);
    this.#foreign = new ForeignChanges(context.services.pim, source.session, source.collection, draft.point as Cursor | null);
    this.#unsent = draft.changed;
    this.#apply = { version, user: ownerOf(session, source.collection), now: services.clock.now(), supported };
  }

  /** What fails because of the item is its own status; what fails because of the server ends the request. */
  async carryOut(command: ClientCommand): Promise<AppliedReply> {
    try {
      return await this.#carryOut(command);
    } catch (error) {
      const ofItem = error instanceof MalformedItem || (isDomainError(error) && error.kind !== 'unavailable');
      if (!ofItem && isDomainError(error)) throw error;
      const back = this.#restore(command);
      const level = ofItem ? 'info' : 'error';
      this.context.log[level](
        { collection: this.source.collection.id, command: command.kind, err: error },
        'client item refused',
      );
      // The device deletes the item as it wished to and is given it anew: by a failure some would keep it, others not.
      if (back && isRemoval(command)) return { ...OK, back };
      const status = isTooLarge(error) ? COMMON.AttachmentIsTooLarge : SYNC.Malformed;
      return { status, ...(back && { back }) };
    }
  }

  async #carryOut(command: ClientCommand): Promise<AppliedReply> {
    if (command.kind === 'Add') return this.#add(command);
    const id = command.serverId === null ? null : itemNumber(this.source.collection.id, command.serverId);
    if (isRemoval(command)) return this.#delete(id);
    if (id === null) return NOT_FOUND;
    return command.kind === 'Fetch' ? this.#fetch(id) : this.#change(command, id);
  }

  async #add(command: ClientCommand): Promise<AppliedReply> {
    if (!command.data || command.clientId === null) return MALFORMED;
    const kept = await this.#keep(command, '');
    const text = this.source.itemClass.apply(null, command.data, { ...this.#apply, files: kept.files });
    const draft = { text, creationKey: this.#creationKey(command.clientId) };
    try {
      const { item, verbatim } = await this.#pim.put(this.#session, this.source.collection, draft, { ifNoneMatch: '*' });
      const told = this.source.itemClass.answer?.(item.text, this.#apply) ?? [];
      const reply = this.#held(Number(item.id), verbatim && this.#agrees(item.text, command));
      const data = [...told, ...fileNames(kept, serverId(this.source.collection.id, Number(item.id)))];
      return data.length > 0 ? { ...reply, data } : reply;
    } catch (error) {
      const taken = isDomainError(error, 'precondition-failed') || (isDomainError(error) && error.reason === 'no-uid-conflict');
      const existing = taken ? await this.#withUid(command) : null;
      if (!existing) throw error;
      const { data } = await this.#change(command, Number(existing.id));
      return { ...this.#held(Number(existing.id), false), ...(data && { data }) };
    }
  }

  #held(id: number, verbatim: boolean): AppliedReply {
    this.draft.hold(id);
    if (!verbatim) this.#sendBack(id);
    return { status: SYNC.Success, serverId: serverId(this.source.collection.id, id), ...(!verbatim && { back: true }) };
  }

  /** The item that has the UID already: the device adds what came another way, by an invitation or before a fresh start. */
  async #withUid(command: ClientCommand): Promise<Item | null> {
    for (const tag of UID_TAGS) {
      const uid = command.data && childText(command.data, tag);
      if (!uid) continue;
      for await (const item of this.#pim.search(this.#session, this.source.collection, { uid })) return item;
    }
    return null;
  }

  /**
   * The device's edit written into the present text. Read first, then look for foreign changes, then write on condition
   * that nothing came between: so no foreign edit is overwritten unseen.
   */
  async #change(command: ClientCommand, id: number): Promise<AppliedReply> {
    if (!command.data && command.instance === null) return MALFORMED;
    for (let attempt = 1; ; attempt++) {
      const item = await this.#pim.item(this.#session, this.source.collection, { id: String(id) });
      if (!item) return NOT_FOUND;
      const kept = await this.#keep(command, item.text, id);
      const plan = await this.#plan(command, id, item, kept);
      if (!plan) return CONFLICT;
      if (plan.text === item.text) return this.#changed(id, plan, this.#agrees(plan.text, command), kept);
      try {
        const { verbatim } = await this.#write(id, item, plan);
        return this.#changed(id, plan, verbatim && this.#agrees(plan.text, command), kept);
      } catch (error) {
        if (plan.isMerged && isDomainError(error, 'invalid')) return { ...CONFLICT, back: this.#sendBack(id) };
        if (!isDomainError(error, 'precondition-failed') || attempt >= ATTEMPTS) throw error;
      }
    }
  }

  /** What is to become of the item; null: somebody else was first, and it is not known any more from what the device went out. */
  async #plan(command: ClientCommand, id: number, item: Item, kept: KeptFiles): Promise<Plan | null> {
    const write = (text: string) => this.#edited(text, command, kept);
    const isUnsent = this.#unsent.has(id);
    if (!isUnsent && !(await this.#foreign.has(id))) return { text: write(item.text), isMerged: false, isLost: false };
    const isClients = this.draft.options.conflict === CLIENT_WINS;
    const from = (isUnsent ? this.draft.changedFrom : this.draft.point) as Cursor | undefined;
    const edit = from && this.draft.known.has(id) ? ({ from, write, wins: isClients ? 'client' : 'server' } as const) : null;
    const merged = edit && (await this.#pim.merged(this.#session, this.source.collection, item, edit));
    if (merged) return { text: merged.text, isMerged: true, isLost: merged.lost.length > 0 };
    return isClients ? { text: write(item.text), isMerged: true, isLost: false } : null;
  }

  /** What is merged is no echo to the device. */
  #write(id: number, item: Item, { text, isMerged }: Plan): Promise<PutResult> {
    const { origin } = this.#session;
    const session: Session = isMerged ? { ...this.#session, origin: mergedOrigin(origin) } : this.#session;
    return this.#pim.put(session, this.source.collection, { id: String(id) as Id, text }, { ifMatch: [item.etag] });
  }

  /**
   * The answer to a Change. Also where nothing had to be written: what the device sent is there already, or not its to change.
   * @param agrees whether the device would hold what is stored, had nobody else changed it
   */
  #changed(id: number, { isMerged, isLost }: Plan, agrees: boolean, kept: KeptFiles): AppliedReply {
    const isBack = (isMerged || !agrees) && this.#sendBack(id);
    const data = fileNames(kept, serverId(this.source.collection.id, id));
    const isTold = data.length > 0;
    return { ...(isLost ? CONFLICT : OK), ...(isTold && { data }), ...((isTold || isBack) && { back: true }) };
  }

  #sendBack(id: number): true {
    this.draft.mark(IdRanges.of([id]));
    return true;
  }

  /** Keeps the files that a command adds. */
  #keep(command: ClientCommand, text: string, id?: number): Promise<KeptFiles> {
    const { collection, requestKey } = this.source;
    const name = id === undefined ? null : serverId(collection.id, id);
    return keepFiles(this.context, collection, command, { requestKey, text, serverId: name });
  }

  /** Whether the device holds what is stored; where it does not, the stored form goes back to it. */
  #agrees(text: string, command: ClientCommand): boolean {
    if (command.instance !== null || !command.data) return true;
    return this.source.itemClass.agrees?.(text, command.data, this.#apply) ?? true;
  }

  #edited(text: string, command: ClientCommand, { files }: KeptFiles): string {
    const { itemClass } = this.source;
    const context = { ...this.#apply, files };
    if (command.instance === null) return itemClass.apply(text, command.data as NonNullable<typeof command.data>, context);
    const instance = readDate(command.instance);
    if (!itemClass.applyInstance || !instance) throw new MalformedItem('no such occurrence');
    return itemClass.applyInstance(text, instance, command.kind === 'Delete' ? null : command.data, context);
  }

  /** A deletion wins over any change; what is gone already is deleted. */
  async #delete(id: number | null): Promise<AppliedReply> {
    if (id === null) return OK;
    try {
      await this.#pim.remove(this.#session, this.source.collection, { id: String(id) });
    } catch (error) {
      if (!isDomainError(error, 'not-found')) throw error;
    }
    this.draft.drop(id);
    return OK;
  }

  async #fetch(id: number): Promise<AppliedReply> {
    const item = await this.#pim.item(this.#session, this.source.collection, { id: String(id) });
    const rendered = item && this.source.renderItem(item, this.draft);
    return rendered && 'data' in rendered ? { status: SYNC.Success, data: rendered.data } : NOT_FOUND;
  }

  /** A refused edit or deletion leaves the device with what the server does not have: it is sent the server's item again. */
  #restore(command: ClientCommand): boolean {
    const id = command.serverId === null ? null : itemNumber(this.source.collection.id, command.serverId);
    if (id === null || !this.draft.known.has(id)) return false;
    if (isRemoval(command)) addAgain(this.draft, id);
    else if (command.kind === 'Change' || command.kind === 'Delete') this.#sendBack(id);
    return command.kind === 'Change' || command.kind === 'Delete';
  }

  /**
   * The same Add of the same request makes one item, however often it comes and wherever the process was killed. The
   * request's key is part of it because clients use a ClientId again for another item later.
   */
  #creationKey(clientId: string): string {
    const { query } = this.context;
    const text = [query.deviceId, this.source.collection.id, this.source.requestKey, clientId].join('\n');
    return `eas:${createHash('sha256').update(text).digest('base64url')}`;
  }

  get #pim() {
    return this.context.services.pim;
  }

  /** Phones up to 14.1 mail invitations themselves, but as their own user: in somebody else's calendar the gateway does. */
  get #session(): Session {
    return this.source.session;
  }
}
