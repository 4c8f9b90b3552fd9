import { Readable } from 'node:stream';
import { DomainError } from '../../src/domain/errors.js';
import type {
  AttachmentInfo,
  BodyText,
  BodyWish,
  FlagChange,
  FolderRole,
  MailDelta,
  MailFolder,
  MailMark,
  MessagePart,
  MessageSummary,
  PartBytes,
  PartRequest,
} from '../../src/domain/mail/model.js';
import type { Mail } from '../../src/domain/mail/service.js';
import type { Id, Session } from '../../src/domain/types.js';
import { IdRanges } from '../../src/formats/ranges.js';

/** What a test says of a message. */
export interface MessageFacts {
  readonly subject: string;
  readonly text?: string;
  readonly html?: string;
  readonly from?: string;
  readonly to?: string;
  readonly received?: Date;
  readonly flags?: readonly string[];
  readonly attachment?: { readonly filename: string; readonly bytes: Uint8Array };
  readonly headers?: Readonly<Record<string, string>>;
  readonly messageId?: string;
}

interface Stored {
  readonly facts: MessageFacts;
  readonly flags: Set<string>;
  readonly received: Date;
  modseq: number;
}

interface Box {
  folder: MailFolder;
  uidValidity: number;
  uidNext: number;
  modseq: number;
  readonly messages: Map<number, Stored>;
  readonly vanished: { uid: number; modseq: number }[];
}

/**
 * A mailbox in memory with the contract of Mail: UIDs and MODSEQ as an IMAP server keeps them. `calls` counts what is asked
 * of it, `down` makes every call fail as an unreachable server does, `poison` holds UIDs whose description fails.
 */
export class MemoryMail implements Mail {
  readonly boxes = new Map<Id, Box>();
  readonly sent: { raw: Buffer; saveInSent: boolean }[] = [];
  readonly calls = new Map<string, number>();
  readonly poison = new Set<number>();
  down = false;
  /** Called after each change of a folder. */
  onChange: (folder: Id) => void = () => {};
  #ids = 0;

  constructor() {
    this.addFolder('INBOX', 'inbox');
    this.addFolder('Drafts', 'drafts');
    this.addFolder('Sent', 'sent');
    this.addFolder('Trash', 'trash');
  }

  addFolder(name: string, role: FolderRole | null = null, parent: Id | null = null): MailFolder {
    const id = `m${++this.#ids}`;
    const above = parent === null ? '' : `${this.box(parent).folder.path}/`;
    const folder: MailFolder = { id, parent, name, path: `${above}${name}`, role, selectable: true };
    this.boxes.set(id, { folder, uidValidity: 1, uidNext: 1, modseq: 1, messages: new Map(), vanished: [] });
    return folder;
  }

  byName(name: string): MailFolder {
    const box = [...this.boxes.values()].find(({ folder }) => folder.name === name);
    if (!box) throw new Error(`no folder ${name}`);
    return box.folder;
  }

  /** A message arrives. Returns its UID. */
  deliver(name: string, facts: MessageFacts): number {
    const box = this.box(this.byName(name).id);
    const uid = box.uidNext++;
    const received = facts.received ?? new Date();
    box.messages.set(uid, { facts, flags: new Set(facts.flags), received, modseq: ++box.modseq });
    this.onChange(box.folder.id);
    return uid;
  }

  /** Another client sets or removes a flag. */
  flag(name: string, uid: number, flag: string, on = true): void {
    this.change(this.box(this.byName(name).id), uid, on ? { add: [flag] } : { remove: [flag] });
  }

  /** Another client deletes a message. */
  expunge(name: string, uid: number): void {
    this.drop(this.box(this.byName(name).id), uid);
  }

  /** The server forgets all UIDs. */
  renumber(name: string): void {
    this.box(this.byName(name).id).uidValidity++;
  }

  flagsOf(name: string, uid: number): string[] {
    return [...(this.box(this.byName(name).id).messages.get(uid)?.flags ?? [])].sort();
  }

  uidsOf(name: string): number[] {
    return [...this.box(this.byName(name).id).messages.keys()];
  }

  async folders(): Promise<readonly MailFolder[]> {
    this.count('folders');
    return [...this.boxes.values()].map(({ folder }) => folder);
  }

  async folder(_s: Session, id: Id): Promise<MailFolder> {
    this.count('folder');
    return this.box(id).folder;
  }

  async foldersById(_s: Session, ids: readonly Id[]): Promise<ReadonlyMap<Id, MailFolder>> {
    this.count('foldersById');
    return new Map(ids.flatMap((id): [Id, MailFolder][] => (this.boxes.has(id) ? [[id, this.box(id).folder]] : [])));
  }

  async createFolder(_s: Session, parent: Id | null, name: string): Promise<MailFolder> {
    this.count('createFolder');
    return this.addFolder(name, null, parent);
  }

  async renameFolder(_s: Session, id: Id, parent: Id | null, name: string): Promise<MailFolder> {
    this.count('renameFolder');
    const box = this.box(id);
    const above = parent === null ? '' : `${this.box(parent).folder.path}/`;
    box.folder = { ...box.folder, parent, name, path: `${above}${name}` };
    return box.folder;
  }

  async deleteFolder(_s: Session, id: Id): Promise<void> {
    this.count('deleteFolder');
    this.box(id);
    this.boxes.delete(id);
  }

  async mark(_s: Session, folder: MailFolder): Promise<MailMark> {
    this.count('mark');
    return this.markOf(this.boxAt(folder));
  }

  async changes(_s: Session, folder: MailFolder, from: MailMark): Promise<MailDelta> {
    this.count('changes');
    const box = this.boxAt(folder);
    const mark = this.markOf(box);
    if (from.uidValidity !== mark.uidValidity) return { mark, reset: true, changed: [], vanished: IdRanges.empty };
    const since = Number(from.modseq);
    const changed = [...box.messages].filter(([, message]) => message.modseq > since);
    return {
      mark,
      reset: false,
      changed: changed.map(([uid, message]) => ({ uid, flags: [...message.flags] })),
      vanished: IdRanges.of(box.vanished.filter(({ modseq }) => modseq > since).map(({ uid }) => uid)),
    };
  }

  async list(_s: Session, folder: MailFolder, since: Date | null): Promise<IdRanges> {
    this.count('list');
    const inside = [...this.boxAt(folder).messages].filter(([, message]) => since === null || message.received >= since);
    return IdRanges.of(inside.map(([uid]) => uid));
  }

  async summaries(_s: Session, folder: MailFolder, uids: readonly number[]): Promise<readonly MessageSummary[]> {
    this.count('summaries');
    const box = this.boxAt(folder);
    if (uids.some((uid) => this.poison.has(uid))) throw new Error('this message can not be described');
    return [...uids]
      .sort((a, b) => b - a)
      .flatMap((uid) => {
        const message = box.messages.get(uid);
        return message ? summaryOf(uid, message) : [];
      });
  }

  async parts(_s: Session, folder: MailFolder, requests: readonly PartRequest[]): Promise<readonly PartBytes[]> {
    this.count('parts');
    return requests.flatMap(({ uid, section }) => {
      const attachment = this.boxAt(folder).messages.get(uid)?.facts.attachment;
      const encoded = attachment && Buffer.from(Buffer.from(attachment.bytes).toString('base64'));
      return encoded && section === '2' ? [{ uid, section, bytes: encoded }] : [];
    });
  }

  async bodies(
    _s: Session,
    folder: MailFolder,
    messages: readonly MessageSummary[],
    wish: (message: MessageSummary) => BodyWish | null,
  ): Promise<ReadonlyMap<number, BodyText>> {
    this.count('bodies');
    const box = this.boxAt(folder);
    return new Map(
      messages.flatMap((message): [number, BodyText][] => {
        const wanted = wish(message);
        const stored = box.messages.get(message.uid);
        return wanted && stored ? [[message.uid, bodyOf(stored.facts, wanted)]] : [];
      }),
    );
  }

  attachments(message: MessageSummary): readonly AttachmentInfo[] {
    return message.structure.children
      .filter((part) => part.disposition === 'attachment')
      .map((part) => ({
        section: part.section,
        type: part.type,
        filename: part.filename ?? '',
        estimatedSize: Math.round(part.size * 0.75),
        contentId: null,
        contentLocation: null,
        inline: false,
        embedded: false,
      }));
  }

  async download(_s: Session, folder: MailFolder, uid: number, section: string) {
    this.count('download');
    const attachment = this.boxAt(folder).messages.get(uid)?.facts.attachment;
    if (!attachment || section !== '2') throw new DomainError('not-found', 'no such part');
    const { filename, bytes } = attachment;
    return { type: 'application/octet-stream', filename, size: bytes.length, content: Readable.from([Buffer.from(bytes)]) };
  }

  async setFlags(_s: Session, folder: MailFolder, uids: readonly number[], change: FlagChange): Promise<void> {
    this.count('setFlags');
    for (const uid of uids) this.change(this.boxAt(folder), uid, change);
  }

  async move(_s: Session, folder: MailFolder, uids: readonly number[], to: MailFolder): Promise<ReadonlyMap<number, number>> {
    this.count('move');
    const moved = new Map<number, number>();
    for (const uid of uids) {
      const message = this.boxAt(folder).messages.get(uid);
      if (!message) continue;
      const facts = { ...message.facts, received: message.received, flags: [...message.flags] };
      moved.set(uid, this.deliver(to.name, facts));
      this.drop(this.boxAt(folder), uid);
    }
    return moved;
  }

  async remove(_s: Session, folder: MailFolder, uids: readonly number[]): Promise<void> {
    this.count('remove');
    for (const uid of uids) this.drop(this.boxAt(folder), uid);
  }

  async append(_s: Session, folder: MailFolder, raw: Uint8Array, flags: readonly string[]): Promise<number> {
    this.count('append');
    return this.deliver(folder.name, { subject: Buffer.from(raw).toString('latin1').slice(0, 60), flags });
  }

  async search(s: Session, folder: MailFolder): Promise<IdRanges> {
    return this.list(s, folder, null);
  }

  async threads(): Promise<null> {
    return null;
  }

  async send(_s: Session, raw: Uint8Array, options: { readonly saveInSent: boolean }): Promise<void> {
    this.count('send');
    if (!/^to:/im.test(Buffer.from(raw).toString('latin1'))) throw new DomainError('invalid', 'no recipient');
    this.sent.push({ raw: Buffer.from(raw), saveInSent: options.saveInSent });
  }

  /** How often each method was called since the last time, by name. */
  taken(): Record<string, number> {
    const counts = Object.fromEntries(this.calls);
    this.calls.clear();
    return counts;
  }

  private count(call: string): void {
    this.calls.set(call, (this.calls.get(call) ?? 0) + 1);
    if (this.down) throw new DomainError('unavailable', 'the mail server is down');
  }

  private box(id: Id): Box {
    const box = this.boxes.get(id);
    if (!box) throw new DomainError('not-found', 'no such folder');
    return box;
  }

  /** By its path, as a mail server finds it: a folder that was renamed is not found under the old one. */
  private boxAt(folder: MailFolder): Box {
    const box = this.box(folder.id);
    if (box.folder.path !== folder.path) throw new DomainError('not-found', 'no such mailbox');
    return box;
  }

  private markOf(box: Box): MailMark {
    const { uidValidity, uidNext, modseq, messages } = box;
    return { uidValidity: String(uidValidity), uidNext, modseq: String(modseq), messages: messages.size };
  }

  private change(box: Box, uid: number, { add = [], remove = [] }: FlagChange): void {
    const message = box.messages.get(uid);
    if (!message) return;
    for (const flag of add) message.flags.add(flag);
    for (const flag of remove) message.flags.delete(flag);
    message.modseq = ++box.modseq;
    this.onChange(box.folder.id);
  }

  private drop(box: Box, uid: number): void {
    if (!box.messages.delete(uid)) return;
    box.vanished.push({ uid, modseq: ++box.modseq });
    this.onChange(box.folder.id);
  }
}

function summaryOf(uid: number, { facts, flags, received }: Stored): MessageSummary {
  const address = (text: string) => [{ name: text.split('@')[0] ?? '', address: text }];
  const from = address(facts.from ?? 'sender@example.test');
  return {
    uid,
    flags: [...flags],
    received,
    size: rawOf(facts).length,
    subject: facts.subject,
    date: received,
    messageId: facts.messageId ?? `<${uid}.${facts.subject}@example.test>`,
    inReplyTo: '',
    from,
    sender: from,
    replyTo: from,
    to: address(facts.to ?? 'alice@example.test'),
    cc: [],
    bcc: [],
    headers: new Map(Object.entries(facts.headers ?? {})),
    structure: structureOf(facts),
  };
}

const PART: MessagePart = {
  section: '1',
  type: 'text/plain',
  parameters: { charset: 'utf-8' },
  disposition: null,
  filename: null,
  contentId: null,
  contentLocation: null,
  encoding: '8bit',
  size: 0,
  children: [],
};

function structureOf(facts: MessageFacts): MessagePart {
  const body: MessagePart = facts.html
    ? { ...PART, type: 'text/html', size: Buffer.byteLength(facts.html) }
    : { ...PART, size: Buffer.byteLength(facts.text ?? '') };
  if (!facts.attachment) return body;
  const { filename, bytes } = facts.attachment;
  const size = Math.ceil(bytes.length / 3) * 4;
  const attachment = {
    ...PART,
    section: '2',
    type: 'application/octet-stream',
    encoding: 'base64',
    disposition: 'attachment',
    filename,
    size,
  } as const;
  return { ...PART, section: '', type: 'multipart/mixed', children: [body, attachment] };
}

function rawOf(facts: MessageFacts): Buffer {
  return Buffer.from(`Subject: ${facts.subject}\r\n\r\n${facts.html ?? facts.text ?? ''}\r\n`);
}

function bodyOf(facts: MessageFacts, wish: BodyWish): BodyText {
  const plain = facts.text ?? (facts.html ?? '').replace(/<[^>]*>/g, '');
  const forms = { mime: rawOf(facts), html: Buffer.from(facts.html ?? `<p>${plain}</p>`), plain: Buffer.from(plain) };
  const whole = forms[wish.type];
  const data = wish.maxBytes === undefined ? whole : whole.subarray(0, wish.maxBytes);
  return { type: wish.type, data, truncated: data.length < whole.length, estimatedSize: whole.length };
}
