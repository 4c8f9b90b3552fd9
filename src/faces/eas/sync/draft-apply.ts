import { isDomainError } from '../../../domain/errors.js';
import { draftId, editDraft, findDraft, readDraft, storeDraft } from '../../../domain/mail/drafts.js';
import type { FlagChange, MailFolder } from '../../../domain/mail/model.js';
import type { Session } from '../../../domain/types.js';
import { type Element, el } from '../../../formats/wbxml/tree.js';
import { fileReference, newConversation } from '../classes/email.js';
import { sendOnce } from '../commands/send-mail.js';
import type { EasContext } from '../context.js';
import { COMMON, StatusError } from '../status.js';
import { type DraftRequest, readDraftRequest } from './draft-request.js';
import { type ClientCommand, SYNC } from './request.js';
import { type AppliedReply, serverId } from './source.js';

const MALFORMED: AppliedReply = { status: SYNC.Malformed };

/** What one command did to the Drafts folder. */
export interface DraftOutcome {
  readonly reply: AppliedReply;
  /** The draft that the device holds now under the id in the reply. */
  readonly held?: number;
}

/**
 * Add and Change of drafts, with or without Send (MS-ASCMD 2.2.1.21 Sync, MS-ASEMAIL Send). IMAP can't change a message: the
 * new form takes the place of the old one, which the device is then told to replace. Each edit has a Message-ID of its own
 * making, so one that is repeated after a lost answer, or a crash, finds what it made before.
 */
export class Drafts {
  /** A phone that hangs up must not leave a draft half changed. */
  readonly #session: Session;

  constructor(
    private readonly context: EasContext,
    private readonly folder: MailFolder,
    private readonly requestKey: string,
  ) {
    this.#session = { ...context.session, signal: undefined };
  }

  /** `flags`: what else the command says of the message. */
  async add(command: ClientCommand, flags: FlagChange): Promise<DraftOutcome> {
    const request = readDraftRequest(command.data, this.folder.id, null);
    if (!request || command.clientId === null) return { reply: MALFORMED };
    const id = this.#idOf('add', command.clientId);
    return this.#fenced(async () => {
      const raw = this.#edit(null, request, id);
      const uid = (await this.#find(id)) ?? (await this.#store(raw, flagsOf(['\\Seen'], flags), id));
      if (command.send) return this.#sendNew(id, raw, uid);
      if (uid === null) return { reply: { status: SYNC.Success } };
      const conversation = request.change.mime ? [] : newConversation(id, this.context.services.clock.now());
      const data = [...(await this.#attachments(uid, request)), ...conversation];
      return { reply: { status: SYNC.Success, serverId: serverId(this.folder.id, uid), data }, held: uid };
    });
  }

  async change(command: ClientCommand, uid: number, flags: FlagChange): Promise<DraftOutcome> {
    const request = readDraftRequest(command.data, this.folder.id, uid);
    if (!request) return { reply: MALFORMED };
    const id = this.#idOf('change', String(uid), command.print);
    return this.#fenced(async () => {
      const [old] = await this.#mail.summaries(this.#session, this.folder, [uid]);
      const made = command.send ? null : await this.#find(id);
      if (!old && made === null) return command.send ? this.#sentBefore(id) : { reply: { status: SYNC.NotFound } };
      const read = async () => this.#edit(await readDraft(this.#mail, this.#session, this.folder, uid), request, id);
      if (command.send) {
        const sent = await this.#send(id, read);
        if (sent.reply.status === SYNC.Success) await this.#mail.remove(this.#session, this.folder, [uid]);
        return sent;
      }
      const now = made ?? (await this.#store(await read(), flagsOf(old?.flags ?? [], flags), id));
      if (old) await this.#mail.remove(this.#session, this.folder, [uid]);
      const data = now === null ? [] : await this.#attachments(now, request);
      return { reply: { status: SYNC.Success, ...(data.length > 0 && { data }) } };
    });
  }

  #idOf(...facts: readonly string[]): string {
    return draftId(this.#session, this.context.query.deviceId, this.folder.id, this.requestKey, ...facts);
  }

  #find(id: string): Promise<number | null> {
    return findDraft(this.#mail, this.#session, this.folder, id);
  }

  #store(raw: Uint8Array, flags: readonly string[], id: string): Promise<number | null> {
    return storeDraft(this.#mail, this.#session, this.folder, raw, flags, id);
  }

  #edit(original: Uint8Array | null, request: DraftRequest, id: string): Uint8Array {
    return editDraft(this.#session, original, request.change, id, this.context.services.clock.now());
  }

  /** The device needs an id for what it made, although it is told right away that the draft is gone: sent, or not taken. */
  async #sendNew(id: string, raw: Uint8Array, uid: number | null): Promise<DraftOutcome> {
    const { reply } = await this.#send(id, () => raw);
    if (uid === null) return { reply };
    await this.#mail.remove(this.#session, this.folder, [uid]);
    return reply.status === SYNC.Success
      ? { reply: { ...reply, serverId: serverId(this.folder.id, uid) }, held: uid }
      : { reply };
  }

  /** Sends the message once, however often it is asked for. */
  async #send(id: string, make: () => Uint8Array | Promise<Uint8Array>): Promise<DraftOutcome> {
    try {
      await sendOnce(this.context, { clientId: id, saveInSent: true }, async () => make());
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      if (error.status === COMMON.ServerErrorRetryLater) throw error;
      return { reply: { status: SEND_STATUS[error.status] ?? error.status } };
    }
    return { reply: { status: SYNC.Success } };
  }

  /** The draft is gone: because it was sent, or because somebody else took it. */
  async #sentBefore(id: string): Promise<DraftOutcome> {
    const { store, query } = this.context;
    const state = await store.reserveSend(this.#session, query.deviceId, id);
    if (state === 'go') await store.releaseSend(this.#session, query.deviceId, id);
    return { reply: { status: state === 'sent' ? SYNC.Success : SYNC.NotFound } };
  }

  /** Names for the attachments that were added: they are the last ones (MS-ASAIRS Attachment, in Responses). */
  async #attachments(uid: number, { added }: DraftRequest): Promise<Element[]> {
    if (added.length === 0) return [];
    const [message] = await this.#mail.summaries(this.#session, this.folder, [uid]);
    return message ? [attachmentNames(this.#mail.attachments(message), serverId(this.folder.id, uid), added)] : [];
  }

  /** One bad draft is told as such; the others go on. */
  async #fenced(work: () => Promise<DraftOutcome>): Promise<DraftOutcome> {
    try {
      return await work();
    } catch (error) {
      if (isDomainError(error, 'not-found')) return { reply: { status: SYNC.NotFound } };
      if (isDomainError(error, 'too-large')) return { reply: { status: COMMON.AttachmentIsTooLarge } };
      if (isDomainError(error, 'invalid')) return { reply: MALFORMED };
      throw error;
    }
  }

  get #mail() {
    return this.context.services.mail;
  }
}

/** What SendMail tells by one Status, a draft tells by another (MS-ASCMD InvalidRecipients); sent before is sent. */
const SEND_STATUS: Readonly<Record<number, number>> = {
  [COMMON.MessagePreviouslySent]: SYNC.Success,
  [COMMON.MessageHasNoRecipient]: COMMON.InvalidRecipients,
  [COMMON.InvalidMIME]: COMMON.InvalidRecipients,
};

function flagsOf(old: readonly string[], { add = [], remove = [] }: FlagChange): readonly string[] {
  return [...new Set([...old.filter((flag) => !remove.includes(flag)), ...add])];
}

function attachmentNames(list: readonly { readonly section: string }[], item: string, added: readonly string[]): Element {
  const last = list.slice(-added.length);
  return el(
    'AirSyncBase:Attachments',
    last.map(({ section }, at) =>
      el(
        'AirSyncBase:Attachment',
        el('AirSyncBase:FileReference', fileReference(item, section)),
        el('AirSyncBase:ClientId', added[at]),
      ),
    ),
  );
}
