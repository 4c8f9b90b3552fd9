import { checkItem, checkOrder, type ItemKind, violation } from './eas-phone-schema.js';
import { Tag, t } from './eas-phone-wbxml.js';

/** A body form the phone asks for (MS-ASAIRS BodyPreference). */
export interface BodyWish {
  readonly type: 1 | 2 | 3 | 4;
  readonly truncation?: number;
  readonly allOrNone?: boolean;
  readonly preview?: number;
}

/** A change made on the phone that the gateway has not confirmed yet; it is sent again until it is. */
export interface PendingCommand {
  readonly kind: 'Add' | 'Change' | 'Delete';
  /** ClientId of an Add, ServerId of the others. */
  readonly id: string;
  readonly data: Tag | undefined;
  readonly instance?: string;
  /** Email2 Send: a draft is sent. */
  readonly send?: boolean;
}

/** What one answer said about one collection. */
export interface CollectionResult {
  readonly status: string;
  readonly added: string[];
  readonly changed: string[];
  readonly deleted: string[];
  readonly softDeleted: string[];
  readonly more: boolean;
  /** Outcome of the phone's own commands by ClientId or ServerId. */
  readonly outcomes: Map<string, { status: string; serverId: string | undefined; data: Tag | undefined }>;
}

const KINDS: Record<string, ItemKind> = {
  1: 'Email',
  2: 'Email',
  3: 'Email',
  4: 'Email',
  5: 'Email',
  6: 'Email',
  12: 'Email',
  8: 'Calendar',
  13: 'Calendar',
  9: 'Contacts',
  14: 'Contacts',
  10: 'Notes',
  17: 'Notes',
};

/** Only these may come alone in a Change of a message; with anything else the whole message comes (MS-ASEMAIL). */
const PARTIAL_EMAIL = new Set(['Read', 'Flag', 'Categories', 'LastVerbExecuted', 'LastVerbExecutionTime']);
const DEFAULT_WINDOW = 100;
const LARGEST_WINDOW = 512;
const LONGEST_KEY = 64;

/** A folder as the phone knows it, with what it holds. Fails loudly when an answer does not fit to it. */
export class PhoneFolder {
  syncKey = '0';
  /** ApplicationData by ServerId. */
  readonly items = new Map<string, Tag>();
  readonly pending: PendingCommand[] = [];
  /** Messages to be fetched whole by the next Sync. */
  readonly fetches: string[] = [];
  bodies: readonly BodyWish[] = [];
  filter: number | undefined;
  mimeSupport: number | undefined;
  /** Truncation of version 2.5; 9 is all. */
  truncation = 9;
  conflict: number | undefined;
  deletesAsMoves: boolean | undefined;
  getChanges: boolean | undefined;
  window: number | undefined;
  conversationMode: boolean | undefined;
  bodyPart: BodyWish | undefined;
  supported: readonly string[] | undefined;

  name = '';
  /** ServerId of the folder above, `0` at the root. */
  parent = '0';

  constructor(
    readonly id: string,
    public type: string,
  ) {
    if (this.kind === 'Email') this.bodies = [{ type: 2, truncation: 200_000 }];
    else if (this.kind) this.bodies = [{ type: 1, truncation: 32_768 }];
  }

  get kind(): ItemKind | undefined {
    return KINDS[this.type];
  }

  /** The Collection element of a Sync request, in the order MS-ASCMD wants. */
  request(version = '16.1'): Tag {
    const prime = this.syncKey === '0';
    return t(
      'AirSync:Collection',
      Number(version) < 14 ? t('AirSync:Class', this.kind ?? 'Email') : undefined,
      t('AirSync:SyncKey', this.syncKey),
      t('AirSync:CollectionId', this.id),
      prime && this.supported
        ? t(
            'AirSync:Supported',
            this.supported.map((name) => t(name)),
          )
        : undefined,
      this.deletesAsMoves === undefined ? undefined : t('AirSync:DeletesAsMoves', Number(this.deletesAsMoves)),
      this.getChanges === undefined || prime ? undefined : t('AirSync:GetChanges', Number(this.getChanges)),
      this.window === undefined ? undefined : t('AirSync:WindowSize', this.window),
      this.conversationMode === undefined ? undefined : t('AirSync:ConversationMode', Number(this.conversationMode)),
      this.#options(version),
      prime || this.pending.length + this.fetches.length === 0
        ? undefined
        : t('AirSync:Commands', this.pending.map(toCommand), this.fetches.splice(0).map(toFetch)),
    );
  }

  #options(version: string): Tag | undefined {
    if (version === '2.5') return this.#oldOptions();
    const preference = (tag: string, { type, truncation, allOrNone, preview }: BodyWish) =>
      t(
        tag,
        t('AirSyncBase:Type', type),
        truncation === undefined ? undefined : t('AirSyncBase:TruncationSize', truncation),
        allOrNone === undefined ? undefined : t('AirSyncBase:AllOrNone', Number(allOrNone)),
        preview === undefined ? undefined : t('AirSyncBase:Preview', preview),
      );
    const bodies = this.bodies.map((wish) => preference('AirSyncBase:BodyPreference', wish));
    const part = this.bodyPart && preference('AirSyncBase:BodyPartPreference', this.bodyPart);
    const leaf = (name: string, value: number | undefined) => (value === undefined ? undefined : t(name, value));
    const options = t(
      'AirSync:Options',
      leaf('AirSync:FilterType', this.filter),
      leaf('AirSync:MIMESupport', this.mimeSupport),
      leaf('AirSync:Conflict', this.conflict),
      bodies,
      part,
    );
    return options.kids.length > 0 ? options : undefined;
  }

  /** Version 2.5 knows no BodyPreference. */
  #oldOptions(): Tag | undefined {
    const filter = this.filter === undefined ? undefined : t('AirSync:FilterType', this.filter);
    if (this.kind !== 'Email') return filter && t('AirSync:Options', filter);
    const mime = this.mimeSupport === undefined ? undefined : t('AirSync:MIMESupport', this.mimeSupport);
    return t('AirSync:Options', filter, t('AirSync:Truncation', this.truncation), mime);
  }

  /** Takes the Collection of an answer into the model; `shared`: the request had a window for all collections together. */
  apply(answer: Tag, version: string, shared = false): CollectionResult {
    checkOrder(answer, COLLECTION_ORDER);
    const named = answer.text('AirSync:Class');
    if (Number(version) < 14 ? named !== (this.kind ?? named) : named !== undefined)
      violation(`Class ${named} in ${version}`, answer);
    const result: CollectionResult = {
      status: answer.text('AirSync:Status') ?? violation('Collection without Status', answer),
      added: [],
      changed: [],
      deleted: [],
      softDeleted: [],
      more: answer.child('AirSync:MoreAvailable') !== undefined,
      outcomes: new Map(),
    };
    if (result.status !== '1') return this.#refused(answer, result);
    this.#checkKey(answer);
    if (this.syncKey === '0') this.#primed(answer);
    else {
      const sent = this.pending.length;
      this.#outcomes(answer.child('AirSync:Responses'), result, version);
      this.#commands(answer.child('AirSync:Commands'), result, version);
      if (result.more && !shared && isNothing(result) && sent === 0) violation('MoreAvailable with nothing', answer);
    }
    this.syncKey = answer.text('AirSync:SyncKey') ?? '';
    return result;
  }

  /** Every change of the phone's own has its outcome; those without an entry in Responses went well. */
  #outcomes(responses: Tag | undefined, result: CollectionResult, version: string): void {
    if (responses?.kids.length === 0) violation('empty Responses', responses);
    for (const response of responses?.kids ?? []) this.#outcome(response, result, version);
    for (const command of this.pending.splice(0)) this.#confirm(command, result);
  }

  #outcome(response: Tag, result: CollectionResult, version: string): void {
    const id =
      response.text('AirSync:ClientId') ?? response.text('AirSync:ServerId') ?? violation('response without an id', response);
    const status = response.text('AirSync:Status') ?? violation('response without Status', response);
    const sent = this.pending.some((command) => command.kind === response.local && command.id === id);
    if (!sent && response.local !== 'Fetch') violation(`response to a ${response.local} of ${id} that was not sent`, response);
    if (result.outcomes.has(id) && !response.child('AirSyncBase:InstanceId')) violation(`two responses for ${id}`, response);
    const data = response.child('AirSync:ApplicationData');
    if (data && this.kind && response.local === 'Fetch') checkItem(this.kind, version, data);
    result.outcomes.set(id, { status, serverId: response.text('AirSync:ServerId'), data });
  }

  #confirm(command: PendingCommand, result: CollectionResult): void {
    const { kind, id, data } = command;
    const outcome = result.outcomes.get(id);
    if (kind === 'Add') {
      if (!outcome) violation(`no response to the Add of ${id}`);
      if (outcome.status !== '1') return;
      const serverId = outcome.serverId ?? violation(`Add of ${id} succeeded without a ServerId`);
      if (this.items.has(serverId)) violation(`Add of ${id} was given the ServerId ${serverId} of another item`);
      this.items.set(serverId, merge(command.data, outcome.data));
    } else if (outcome === undefined || outcome.status === '1') {
      if (command.instance) return;
      if (kind === 'Delete') this.items.delete(id);
      else if (data && this.items.has(id)) this.items.set(id, merge(this.items.get(id), data));
    }
  }

  #commands(commands: Tag | undefined, result: CollectionResult, version: string): void {
    if (commands?.kids.length === 0) violation('empty Commands', commands);
    const named = new Set<string>();
    for (const command of commands?.kids ?? []) {
      const id = command.text('AirSync:ServerId') ?? violation('command without a ServerId', command);
      if (named.has(id)) violation(`${id} is named twice in one answer`, commands);
      if (id.length > LONGEST_KEY) violation(`ServerId ${id} is longer than ${LONGEST_KEY} characters`, commands);
      named.add(id);
      this.#command(command, id, result, version);
    }
    const window = Math.min(this.window || LARGEST_WINDOW, LARGEST_WINDOW);
    if (named.size > (this.window === undefined ? DEFAULT_WINDOW : window)) violation(`${named.size} commands exceed the window`);
  }

  #command(command: Tag, id: string, result: CollectionResult, version: string): void {
    const known = this.items.has(id);
    const data = command.child('AirSync:ApplicationData');
    switch (command.local) {
      case 'Add':
        if (known) violation(`Add of ${id}, which the phone has`, command);
        this.#store(id, data ?? violation('Add without ApplicationData', command), version);
        result.added.push(id);
        break;
      case 'Change':
        if (!known) violation(`Change of ${id}, which the phone has not`, command);
        this.#store(id, data ?? violation('Change without ApplicationData', command), version);
        result.changed.push(id);
        break;
      case 'Delete':
      case 'SoftDelete':
        if (!this.items.delete(id)) violation(`${command.local} of ${id}, which the phone has not`, command);
        (command.local === 'Delete' ? result.deleted : result.softDeleted).push(id);
        break;
      default:
        violation(`${command.name} is no server command`, command);
    }
  }

  #store(id: string, data: Tag, version: string): void {
    if (this.kind) checkItem(this.kind, version, data);
    const partial = this.kind === 'Email' && data.kids.every((kid) => PARTIAL_EMAIL.has(kid.local));
    if (partial && !this.items.has(id)) violation('a new message with flags alone', data);
    this.items.set(id, partial ? merge(this.items.get(id), data) : data);
  }

  #primed(answer: Tag): void {
    if (answer.child('AirSync:Commands') || answer.child('AirSync:Responses') || answer.child('AirSync:MoreAvailable')) {
      violation('an answer to SyncKey 0 carries items', answer);
    }
    this.items.clear();
  }

  #checkKey(answer: Tag): void {
    const key = answer.text('AirSync:SyncKey') ?? violation('Collection without SyncKey', answer);
    if (key === '0' || key === '' || key.length > LONGEST_KEY) violation(`SyncKey ${key} is not allowed`, answer);
    const news = answer.child('AirSync:Commands') || answer.child('AirSync:Responses');
    if (news && key === this.syncKey) violation('changes without a new SyncKey', answer);
  }

  #refused(answer: Tag, result: CollectionResult): CollectionResult {
    if (answer.child('AirSync:Commands')) violation(`commands with Status ${result.status}`, answer);
    if (result.status === '3') this.syncKey = '0';
    return result;
  }
}

const COLLECTION_ORDER = ['Class', 'SyncKey', 'CollectionId', 'Status', 'MoreAvailable', 'Commands', 'Responses'];

/** Whether an answer brings nothing: neither the server's changes nor outcomes of the phone's own. */
export function isNothing({ added, changed, deleted, softDeleted, outcomes }: CollectionResult): boolean {
  return added.length + changed.length + deleted.length + softDeleted.length + outcomes.size === 0;
}

function toCommand({ kind, id, data, instance, send }: PendingCommand): Tag {
  return t(
    `AirSync:${kind}`,
    t(kind === 'Add' ? 'AirSync:ClientId' : 'AirSync:ServerId', id),
    instance ? t('AirSyncBase:InstanceId', instance) : undefined,
    send ? t('Email2:Send') : undefined,
    data,
  );
}

function toFetch(id: string): Tag {
  return t('AirSync:Fetch', t('AirSync:ServerId', id));
}

/** The elements of `patch` take the place of those of the same name. */
function merge(item: Tag | undefined, patch: Tag | undefined): Tag {
  const replaced = new Set(patch?.kids.map((kid) => kid.name));
  return new Tag('AirSync:ApplicationData', [(item?.kids ?? []).filter((kid) => !replaced.has(kid.name)), patch?.kids]);
}
