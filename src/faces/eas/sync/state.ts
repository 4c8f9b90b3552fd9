import type { MailFolder } from '../../../domain/mail/model.js';
import type { Collection } from '../../../domain/pim/model.js';
import { IdRanges } from '../../../formats/ranges.js';
import type { TagName } from '../../../formats/wbxml/pages.js';
import type { BodyPreference } from '../classes/item-class.js';

/** The Options of a collection, as the device last sent them (MS-ASCMD Options); they stay until it sends others. */
export interface SyncOptions {
  /** FilterType, 0: all. */
  readonly filter: number;
  /** 0: the device wins a conflict, 1: the server. */
  readonly conflict: number;
  readonly mimeSupport: number;
  readonly mimeTruncation: number;
  readonly bodies: readonly BodyPreference[];
  /** BodyPartPreference: what a message adds to its conversation, in HTML. */
  readonly bodyPart?: BodyPreference;
  /** ConversationMode: older messages of the conversations inside the window belong to it. */
  readonly conversations?: boolean;
}

export const DEFAULT_OPTIONS: SyncOptions = { filter: 0, conflict: 1, mimeSupport: 0, mimeTruncation: 8, bodies: [] };

/** What a collection is, kept with the state so that a Sync without changes need not ask. */
export type SourceRef =
  | { readonly kind: 'mail'; readonly folder: MailFolder }
  | { readonly kind: 'pim'; readonly collection: Collection }
  /** The notes in a mail folder. */
  | { readonly kind: 'notes'; readonly folder: MailFolder }
  | { readonly kind: 'none' };

/** What was answered to a client command; kept so that the same request again gets the same answer. */
export interface Reply {
  readonly status: number;
  readonly serverId?: string;
  /** The device does not hold what it would from this answer alone: the item goes back to it, also after a repetition. */
  readonly back?: true;
}

/** The data of a sync state as it is stored: JSON. Sets of items are IdRanges as text. */
export interface SyncData {
  readonly source: SourceRef;
  /** MailMark or Cursor up to which changes have been looked at; null before the first look. */
  readonly point: unknown;
  /** Items the device holds. */
  readonly known: string;
  /** Items inside the filter that wait for their Add. */
  readonly pending: string;
  /** Items the device holds that wait for their Change, Delete, SoftDelete. */
  readonly changed: string;
  /** Calendars, contacts, …: the device knows the items of `changed` as they were there, or later. */
  readonly changedFrom?: string;
  readonly gone: string;
  readonly outside: string;
  /** Mail: messages by flag as the device knows them, so that only a visible difference is a Change and nothing is echoed. */
  readonly flags: Readonly<Record<string, string>>;
  /** Name of the window the sets were computed for: moves once a day and with FilterType. */
  readonly window: string;
  readonly options: SyncOptions;
  /** Supported of the first request; null when it had none. */
  readonly supported: readonly TagName[] | null;
  /** Answers of the round that made this state: by fingerprint of the command, Adds by ClientId too. */
  readonly replies: Readonly<Record<string, Reply>>;
  /** The request that made this state was empty: an empty request again may be its repetition. */
  readonly implied: boolean;
}

const SETS = ['known', 'pending', 'changed', 'gone', 'outside'] as const;

/** The sync state of one collection while a request works on it. */
export class Draft {
  source: SourceRef;
  point: unknown;
  known: IdRanges;
  pending: IdRanges;
  changed: IdRanges;
  changedFrom: string | undefined;
  gone: IdRanges;
  outside: IdRanges;
  flags: Map<string, IdRanges>;
  window: string;
  options: SyncOptions;
  supported: readonly TagName[] | null;
  readonly replies: Record<string, Reply> = {};
  /** Reasons to store the state although no item moved: something was skipped, or much was looked through for nothing. */
  worthStoring = false;
  readonly #before: Look;

  constructor(data: SyncData) {
    this.source = data.source;
    this.point = data.point;
    this.known = IdRanges.parse(data.known);
    this.pending = IdRanges.parse(data.pending);
    this.changed = IdRanges.parse(data.changed);
    this.changedFrom = data.changedFrom;
    this.gone = IdRanges.parse(data.gone);
    this.outside = IdRanges.parse(data.outside);
    this.flags = new Map(Object.entries(data.flags).map(([flag, uids]) => [flag, IdRanges.parse(uids)]));
    this.window = data.window;
    this.options = data.options;
    this.supported = data.supported;
    this.#before = this.#look();
  }

  /** A state before the first look. */
  static fresh(source: SourceRef, options: SyncOptions, supported: readonly TagName[] | null): Draft {
    const empty = { known: '', pending: '', changed: '', gone: '', outside: '' };
    return new Draft({ source, point: null, ...empty, flags: {}, window: '', options, supported, replies: {}, implied: false });
  }

  /** Whether storing this state would change what the device is sent later. */
  get altered(): boolean {
    return this.worthStoring || !sameLook(this.#before, this.#look());
  }

  /** How many changes wait for the device. */
  get waiting(): number {
    return this.pending.size + this.changed.size + this.gone.size + this.outside.size;
  }

  /** Items that the device holds are to be sent again; it knows them as they were at the present point. */
  mark(ids: IdRanges): void {
    if (this.changed.isEmpty && typeof this.point === 'string') this.changedFrom = this.point;
    this.changed = this.changed.union(ids);
  }

  /** The device holds the item now. */
  hold(id: number): void {
    this.known = this.known.with(id);
    this.pending = this.pending.without(id);
  }

  /** The device holds the item no longer. */
  drop(id: number): void {
    for (const set of SETS) this[set] = this[set].without(id);
    for (const [flag, uids] of this.flags) this.flags.set(flag, uids.without(id));
  }

  /** Of the messages, exactly those listed carry each flag as far as the device knows. */
  noteFlags(uids: readonly number[], byFlag: ReadonlyMap<string, readonly number[]>): void {
    const all = IdRanges.of(uids);
    for (const [flag, held] of this.flags) this.flags.set(flag, held.minus(all));
    for (const [flag, carriers] of byFlag) this.flags.set(flag, (this.flags.get(flag) ?? IdRanges.empty).with(...carriers));
  }

  toData(implied: boolean): SyncData {
    return {
      source: this.source,
      point: this.point,
      known: this.known.toString(),
      pending: this.pending.toString(),
      changed: this.changed.toString(),
      ...(this.changedFrom !== undefined && !this.changed.isEmpty && { changedFrom: this.changedFrom }),
      gone: this.gone.toString(),
      outside: this.outside.toString(),
      flags: this.#flagTexts(),
      window: this.window,
      options: this.options,
      supported: this.supported,
      replies: this.replies,
      implied,
    };
  }

  #flagTexts(): Record<string, string> {
    const held = [...this.flags].filter(([, uids]) => !uids.isEmpty);
    return Object.fromEntries(held.map(([flag, uids]) => [flag, uids.toString()]));
  }

  #look(): Look {
    const held = [...this.flags].filter(([, uids]) => !uids.isEmpty);
    return {
      sets: [...SETS.map((set) => this[set]), ...held.map(([, uids]) => uids)],
      rest: JSON.stringify([held.map(([flag]) => flag), this.options, this.source, this.point === null]),
    };
  }
}

/** What decides whether a state is worth storing. */
interface Look {
  readonly sets: readonly IdRanges[];
  readonly rest: string;
}

/** Sets that nothing changed are the same objects, so thousands of ranges are not written out to be compared. */
function sameLook(a: Look, b: Look): boolean {
  const same = (set: IdRanges, other: IdRanges | undefined) => set === other || String(set) === String(other);
  return a.rest === b.rest && a.sets.every((set, index) => same(set, b.sets[index]));
}
