import { applyHierarchy, type FolderSyncResult } from './eas-phone-hierarchy.js';
import { type CollectionResult, isNothing, type PhoneFolder } from './eas-phone-model.js';
import { checkItem, checkOrder, type ItemKind, violation } from './eas-phone-schema.js';
import { type Tag, t } from './eas-phone-wbxml.js';
import { type PhoneIdentity, PhoneWire, splitMultipart, type WireAnswer, type WireRequest } from './eas-phone-wire.js';

export type { FolderSyncResult } from './eas-phone-hierarchy.js';
export { type BodyWish, type CollectionResult, PhoneFolder } from './eas-phone-model.js';
export { ProtocolViolation } from './eas-phone-schema.js';
export { Tag, t } from './eas-phone-wbxml.js';
export { LostAnswer, type WireAnswer } from './eas-phone-wire.js';

/** An answer with another HTTP status than 200. */
export class HttpFault extends Error {
  override readonly name = 'HttpFault';
  constructor(readonly answer: WireAnswer) {
    super(`HTTP ${answer.status}`);
  }
}

export interface SyncOptions {
  /** Minutes. */
  readonly wait?: number;
  /** Seconds. */
  readonly heartbeat?: number;
  /** The window for all collections together. */
  readonly window?: number;
  readonly partial?: boolean;
  readonly lose?: WireRequest['lose'];
  readonly signal?: AbortSignal;
  readonly timeout?: number;
}

export interface SyncResult {
  /** Status of the whole request; `1` when the answer has none. */
  readonly status: string;
  /** Whether the answer had no body: nothing changed and all keys stay. */
  readonly empty: boolean;
  readonly limit: string | undefined;
  readonly collections: ReadonlyMap<string, CollectionResult>;
}

/** What SendMail and its kin send. */
export interface Composition {
  readonly mime?: string | Buffer;
  readonly clientId?: string;
  readonly save?: boolean;
  readonly source?: { readonly folder?: string; readonly item?: string; readonly longId?: string; readonly instance?: string };
  readonly replace?: boolean;
  /** Further elements of the document. */
  readonly more?: readonly Tag[];
  readonly lose?: WireRequest['lose'];
}

export interface PingResult {
  readonly status: string;
  readonly folders: string[];
  readonly heartbeat: string | undefined;
  readonly ms: number;
}

/**
 * An ActiveSync client for tests, written from MS-ASCMD and MS-ASHTTP alone. It keeps folders and items as a phone does
 * and throws a ProtocolViolation when an answer breaks the rules or does not fit to what it holds.
 */
export class EasPhone {
  readonly wire: PhoneWire;
  readonly folders = new Map<string, PhoneFolder>();
  folderKey = '0';
  policyKey: string | undefined;
  #clientIds = 0;

  constructor(identity: Pick<PhoneIdentity, 'url' | 'user' | 'password'> & Partial<PhoneIdentity>) {
    this.wire = new PhoneWire({
      deviceId: 'testphone1',
      deviceType: 'TestPhone',
      version: '16.1',
      base64: false,
      userAgent: 'TestPhone/1.0',
      headers: {},
      ...identity,
    });
  }

  get version(): string {
    return this.wire.identity.version;
  }

  close(): void {
    this.wire.close();
  }

  /** Sends a command and returns whatever comes back. */
  raw(request: WireRequest): Promise<WireAnswer> {
    return this.wire.post({ policyKey: request.command === 'Ping' ? undefined : this.policyKey, ...request });
  }

  /** Sends a command; an HTTP error throws. */
  async command(command: string, body: Tag | undefined, how: Partial<WireRequest> = {}): Promise<WireAnswer> {
    const answer = await this.raw({ command, body, ...how });
    if (answer.status !== 200) throw new HttpFault(answer);
    if (answer.body.length === 0 && Number(answer.headers['content-length'] ?? 0) !== 0)
      violation('Content-Length of an empty answer');
    return answer;
  }

  async #expect(command: string, body: Tag, root: string, how: Partial<WireRequest> = {}): Promise<Tag> {
    const { tree } = await this.command(command, body, how);
    if (tree?.name !== root) violation(`answer to ${command} is ${tree?.name ?? 'empty'}`);
    return tree;
  }

  async options(): Promise<{ versions: string[]; commands: string[]; answer: WireAnswer }> {
    const answer = await this.wire.options();
    const list = (name: string): string[] => String(answer.headers[name] ?? '').split(',');
    return { versions: list('ms-asprotocolversions'), commands: list('ms-asprotocolcommands'), answer };
  }

  /** Both phases of provisioning (MS-ASPROV §3.1.5). Returns the temporary and the final key. */
  async provision(): Promise<{ temporary: string; final: string }> {
    this.policyKey = '0';
    const offer = await this.#expect(
      'Provision',
      t(
        'Provision:Provision',
        Number(this.version) < 14 ? undefined : this.deviceInformation(),
        t('Provision:Policies', t('Provision:Policy', policyType(this.version))),
      ),
      'Provision:Provision',
    );
    const temporary = policyKeyOf(offer);
    const data = offer.child('Provision:Policies', 'Provision:Policy', 'Provision:Data');
    const isDocument = this.version === '2.5' ? /^<wap-/.test(String(data?.value)) : data?.child('Provision:EASProvisionDoc');
    if (!isDocument) violation('no policy', offer);
    this.policyKey = temporary;
    const acknowledged = t(
      'Provision:Policy',
      policyType(this.version),
      t('Provision:PolicyKey', temporary),
      t('Provision:Status', 1),
    );
    const answer = await this.#expect(
      'Provision',
      t('Provision:Provision', t('Provision:Policies', acknowledged)),
      'Provision:Provision',
    );
    this.policyKey = policyKeyOf(answer);
    if (this.policyKey === temporary) violation('the final policy key is the temporary one', answer);
    return { temporary, final: this.policyKey };
  }

  deviceInformation(): Tag {
    const facts = { Model: 'Test Phone 1', FriendlyName: 'Phone of a test', OS: 'TestOS 1.0', OSLanguage: 'en' };
    const set = Object.entries(facts).map(([name, value]) => t(`Settings:${name}`, value));
    return t('Settings:DeviceInformation', t('Settings:Set', set));
  }

  async folderSync(how: { fromScratch?: boolean; lose?: WireRequest['lose'] } = {}): Promise<FolderSyncResult> {
    const scratch = how.fromScratch ?? this.folderKey === '0';
    const key = scratch ? '0' : this.folderKey;
    const body = t('FolderHierarchy:FolderSync', t('FolderHierarchy:SyncKey', key));
    const answer = await this.#expect('FolderSync', body, 'FolderHierarchy:FolderSync', { lose: how.lose });
    const result: FolderSyncResult = { status: answer.text('FolderHierarchy:Status') ?? '', added: [], updated: [], deleted: [] };
    if (result.status !== '1') {
      if (result.status === '9') this.folderKey = '0';
      return result;
    }
    checkOrder(answer, ['Status', 'SyncKey', 'Changes']);
    const changes = answer.child('FolderHierarchy:Changes') ?? violation('FolderSync without Changes', answer);
    applyHierarchy(this.folders, changes, scratch, result);
    this.folderKey = answer.text('FolderHierarchy:SyncKey') || violation('FolderSync without SyncKey', answer);
    return result;
  }

  /** The only folder of a type: 2 Inbox, 3 Drafts, 4 Deleted Items, 5 Sent Items, 8 Calendar, 9 Contacts. */
  folder(type: number): PhoneFolder {
    const found = [...this.folders.values()].find((folder) => folder.type === String(type));
    return found ?? violation(`no folder of type ${type}`);
  }

  nextClientId(): string {
    return `${this.wire.identity.deviceId}-${Date.now().toString(36)}-${++this.#clientIds}`;
  }

  /** Notes a new item; the next sync of the folder sends it. Returns its ClientId. */
  add(folder: PhoneFolder, ...properties: readonly (Tag | undefined)[]): string {
    const id = this.nextClientId();
    folder.pending.push({ kind: 'Add', id, data: t('AirSync:ApplicationData', properties) });
    return id;
  }

  change(folder: PhoneFolder, id: string, ...properties: readonly (Tag | undefined)[]): void {
    folder.pending.push({ kind: 'Change', id, data: t('AirSync:ApplicationData', properties) });
  }

  delete(folder: PhoneFolder, id: string): void {
    folder.pending.push({ kind: 'Delete', id, data: undefined });
  }

  async sync(folders: readonly PhoneFolder[], options: SyncOptions = {}): Promise<SyncResult> {
    const body = t(
      'AirSync:Sync',
      t(
        'AirSync:Collections',
        folders.map((folder) => folder.request(this.version)),
      ),
      options.wait === undefined ? undefined : t('AirSync:Wait', options.wait),
      options.heartbeat === undefined ? undefined : t('AirSync:HeartbeatInterval', options.heartbeat),
      options.window === undefined ? undefined : t('AirSync:WindowSize', options.window),
      options.partial ? t('AirSync:Partial') : undefined,
    );
    return this.#syncAnswer(await this.command('Sync', body, options), folders, options.window !== undefined);
  }

  /** A Sync request without a body: the gateway runs the last one again with the present keys. */
  async syncEmpty(options: SyncOptions = {}): Promise<SyncResult> {
    return this.#syncAnswer(await this.command('Sync', undefined, options), []);
  }

  #syncAnswer({ tree }: WireAnswer, asked: readonly PhoneFolder[], shared = true): SyncResult {
    const collections = new Map<string, CollectionResult>();
    if (!tree) {
      this.#checkUnanswered(asked, collections);
      return { status: '1', empty: true, limit: undefined, collections };
    }
    if (tree.name !== 'AirSync:Sync') violation('answer to Sync', tree);
    checkOrder(tree, ['Status', 'Limit', 'Collections']);
    const status = tree.text('AirSync:Status') ?? '1';
    const answered = tree.child('AirSync:Collections');
    if (answered?.kids.length === 0) violation('empty Collections', tree);
    if (!answered && status === '1') violation('Sync without Status and Collections', tree);
    const sent = asked.some(({ pending }) => pending.length > 0);
    for (const answer of answered?.kids ?? []) this.#applyCollection(answer, collections, shared);
    // A window for all collections may leave no room for one of them; an answer without any progress would loop.
    const results = [...collections.values()];
    if (!sent && results.some(({ more }) => more) && results.every(isNothing)) violation('MoreAvailable with nothing', tree);
    if (status === '1') this.#checkUnanswered(asked, collections);
    return { status, empty: false, limit: tree.text('AirSync:Limit'), collections };
  }

  #applyCollection(answer: Tag, collections: Map<string, CollectionResult>, shared: boolean): void {
    const id = answer.text('AirSync:CollectionId') ?? violation('Collection without CollectionId', answer);
    const folder = this.folders.get(id) ?? violation(`unknown collection ${id}`, answer);
    if (collections.has(id)) violation(`collection ${id} is answered twice`, answer);
    collections.set(id, folder.apply(answer, this.version, shared));
  }

  #checkUnanswered(asked: readonly PhoneFolder[], collections: ReadonlyMap<string, CollectionResult>): void {
    for (const folder of asked) {
      if (collections.has(folder.id)) continue;
      if (folder.syncKey === '0') violation(`SyncKey 0 of ${folder.name} got no answer`);
      if (folder.pending.length > 0) violation(`changes to ${folder.name} got no answer`);
    }
  }

  /** Primes a folder where needed and syncs until nothing more is announced. Returns what came, all rounds together. */
  async syncAll(folder: PhoneFolder, options: SyncOptions = {}): Promise<CollectionResult> {
    const total: CollectionResult = {
      status: '1',
      added: [],
      changed: [],
      deleted: [],
      softDeleted: [],
      more: false,
      outcomes: new Map(),
    };
    if (folder.syncKey === '0') expectDone(await this.sync([folder], options), folder);
    for (let round = 0; round < 500; round++) {
      const result = expectDone(await this.sync([folder], options), folder);
      if (!result) return total;
      for (const list of ['added', 'changed', 'deleted', 'softDeleted'] as const) total[list].push(...result[list]);
      for (const [id, outcome] of result.outcomes) total.outcomes.set(id, outcome);
      if (!result.more) return total;
    }
    return violation(`${folder.name} never ends`);
  }

  /** Waits for changes; without folders the gateway uses those of the Ping before. */
  async ping(folders: readonly PhoneFolder[] | undefined, seconds?: number, how: Partial<WireRequest> = {}): Promise<PingResult> {
    const watched = folders?.map(({ id, kind }) => t('Ping:Folder', t('Ping:Id', id), t('Ping:Class', kind ?? 'Email')));
    const interval = seconds === undefined ? undefined : t('Ping:HeartbeatInterval', seconds);
    const body = watched || interval ? t('Ping:Ping', interval, watched && t('Ping:Folders', watched)) : undefined;
    const { tree, ms } = await this.command('Ping', body, { timeout: ((seconds ?? 60) + 20) * 1000, ...how });
    if (tree?.name !== 'Ping:Ping') violation('answer to Ping', tree);
    const status = tree.text('Ping:Status') ?? violation('Ping without Status', tree);
    const changed =
      tree
        .child('Ping:Folders')
        ?.all('Ping:Folder')
        .map((tag) => String(tag.value)) ?? [];
    if ((status === '2') !== changed.length > 0) violation('Folders and Status of a Ping disagree', tree);
    return { status, folders: changed, heartbeat: tree.text('Ping:HeartbeatInterval'), ms };
  }

  /** Sends a message; returns the Status, `1` for the empty answer that means success. */
  async sendMail(
    mime: string | Buffer,
    how: { clientId?: string; save?: boolean; lose?: WireRequest['lose'] } = {},
  ): Promise<string> {
    return this.compose('SendMail', { ...how, mime });
  }

  /**
   * SendMail, SmartReply or SmartForward: a document from 14.0 on, before that the message itself with its parameters in the
   * query. Returns the Status, `1` for the empty answer that means success.
   */
  async compose(command: 'SendMail' | 'SmartReply' | 'SmartForward', how: Composition): Promise<string> {
    if (Number(this.version) < 14) return this.#composeMessage(command, how);
    const { source } = how;
    const body = t(
      `ComposeMail:${command}`,
      t('ComposeMail:ClientId', how.clientId ?? this.nextClientId()),
      source &&
        t(
          'ComposeMail:Source',
          source.folder === undefined ? undefined : t('ComposeMail:FolderId', source.folder),
          source.item === undefined ? undefined : t('ComposeMail:ItemId', source.item),
          source.longId === undefined ? undefined : t('ComposeMail:LongId', source.longId),
          source.instance === undefined ? undefined : t('ComposeMail:InstanceId', source.instance),
        ),
      how.save === false ? undefined : t('ComposeMail:SaveInSentItems'),
      how.replace ? t('ComposeMail:ReplaceMime') : undefined,
      how.mime === undefined ? undefined : t('ComposeMail:Mime', new Uint8Array(Buffer.from(how.mime))),
      how.more,
    );
    const { tree } = await this.command(command, body, { lose: how.lose });
    if (tree && tree.name !== `ComposeMail:${command}`) violation(`answer to ${command}`, tree);
    return tree ? (tree.text('ComposeMail:Status') ?? violation(`${command} without Status`, tree)) : '1';
  }

  async #composeMessage(command: string, { mime = '', save, source, lose }: Composition): Promise<string> {
    const parameters = {
      ...(source?.folder !== undefined && { CollectionId: source.folder }),
      ...(source?.item !== undefined && { ItemId: source.item }),
      ...(source?.longId !== undefined && { LongId: source.longId }),
      ...(source?.instance !== undefined && { Occurrence: source.instance }),
      ...(save !== false && { SaveInSent: 'T' }),
    };
    const headers = { 'Content-Type': 'message/rfc822' };
    const answer = await this.raw({ command, body: Buffer.from(mime), parameters, headers, lose });
    if (answer.status !== 200) throw new HttpFault(answer);
    if (answer.body.length > 0) violation(`${command} is answered with a body`);
    return '1';
  }

  /** Fetches one item; returns its Properties. */
  async fetchItem(folder: PhoneFolder, id: string, how: { body?: 1 | 2 | 4; mimeSupport?: number } = {}): Promise<Tag> {
    const options = t(
      'ItemOperations:Options',
      how.mimeSupport === undefined ? undefined : t('AirSync:MIMESupport', how.mimeSupport),
      t('AirSyncBase:BodyPreference', t('AirSyncBase:Type', how.body ?? 2)),
    );
    const fetch = await this.#fetch([t('AirSync:CollectionId', folder.id), t('AirSync:ServerId', id), options]);
    const properties = fetch.child('ItemOperations:Properties') ?? violation('Fetch without Properties', fetch);
    checkItem(folder.kind as ItemKind, this.version, properties);
    return properties;
  }

  /** Fetches an attachment by its FileReference. `range` is `first-last`, both inclusive. */
  async fetchAttachment(reference: string, range?: string): Promise<{ type: string; data: Buffer; total: string | undefined }> {
    const options = range ? t('ItemOperations:Options', t('ItemOperations:Range', range)) : undefined;
    const fetch = await this.#fetch([t('AirSyncBase:FileReference', reference), options]);
    const properties = fetch.child('ItemOperations:Properties') ?? violation('Fetch without Properties', fetch);
    const data = properties.text('ItemOperations:Data') ?? violation('Fetch without Data', fetch);
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(data) || data.length % 4 !== 0) violation('Data is no base64');
    return {
      type: properties.text('AirSyncBase:ContentType') ?? violation('Fetch without ContentType', fetch),
      data: Buffer.from(data, 'base64'),
      total: properties.text('ItemOperations:Total'),
    };
  }

  async #fetch(what: readonly (Tag | undefined)[]): Promise<Tag> {
    const body = t('ItemOperations:ItemOperations', t('ItemOperations:Fetch', t('ItemOperations:Store', 'Mailbox'), what));
    const answer = await this.#expect('ItemOperations', body, 'ItemOperations:ItemOperations');
    if (answer.text('ItemOperations:Status') !== '1') violation('ItemOperations failed', answer);
    const fetch = answer.child('ItemOperations:Response', 'ItemOperations:Fetch') ?? violation('no Fetch in the answer', answer);
    if (fetch.text('ItemOperations:Status') !== '1') violation('Fetch failed', fetch);
    return fetch;
  }

  /** Fetches an attachment as versions up to 12.1 can. */
  async getAttachment(name: string): Promise<{ type: string; data: Buffer }> {
    const answer = await this.raw({ command: 'GetAttachment', parameters: { AttachmentName: name } });
    if (answer.status !== 200) throw new HttpFault(answer);
    return { type: String(answer.headers['content-type']), data: answer.body };
  }

  /** Fetches a whole message by Sync, as version 2.5 must; the answer must carry nothing else. */
  async syncFetch(folder: PhoneFolder, id: string): Promise<Tag> {
    folder.fetches.push(id);
    const { collections } = await this.sync([folder]);
    const outcome = collections.get(folder.id)?.outcomes.get(id);
    if (outcome?.status !== '1' || !outcome.data) violation(`Fetch of ${id}: status ${outcome?.status}`);
    return outcome.data;
  }

  /** The same for a multipart answer: the document and the parts after it (MS-ASCMD 2.2.1.10.1). */
  async fetchMultipart(reference: string): Promise<{ tree: Tag; parts: Buffer[] }> {
    const what = t('ItemOperations:Fetch', t('ItemOperations:Store', 'Mailbox'), t('AirSyncBase:FileReference', reference));
    const { body, headers } = await this.command('ItemOperations', t('ItemOperations:ItemOperations', what), { multipart: true });
    if (headers['content-type'] !== 'application/vnd.ms-sync.multipart')
      violation(`multipart came as ${headers['content-type']}`);
    return splitMultipart(body);
  }

  /** Searches a store; returns the Store of the answer. */
  async search(store: string, query: readonly (Tag | string)[], ...options: readonly Tag[]): Promise<Tag> {
    const body = t(
      'Search:Search',
      t(
        'Search:Store',
        t('Search:Name', store),
        t('Search:Query', query),
        options.length > 0 ? t('Search:Options', options) : undefined,
      ),
    );
    const answer = await this.#expect('Search', body, 'Search:Search');
    checkOrder(answer, ['Status', 'Response']);
    if (answer.text('Search:Status') !== '1') violation('Search failed', answer);
    const found = answer.child('Search:Response', 'Search:Store') ?? violation('Search without Store', answer);
    if (found.kids[0]?.name !== 'Search:Status') violation('Store does not begin with Status', found);
    for (const result of found.all('Search:Result')) checkOrder(result, ['Class', 'LongId', 'CollectionId', 'Properties']);
    return found;
  }

  /** Finds mails; returns the whole answer. */
  async find(criterion: Tag, searchId = '12345678-1234-1234-1234-123456789abc'): Promise<Tag> {
    const body = t('Find:Find', t('Find:SearchId', searchId), t('Find:ExecuteSearch', criterion));
    const answer = await this.#expect('Find', body, 'Find:Find');
    checkOrder(answer, ['Status', 'Response']);
    for (const result of answer.child('Find:Response')?.all('Find:Result') ?? [])
      checkOrder(result, ['Class', 'ServerId', 'CollectionId', 'Properties']);
    return answer;
  }

  /** Carries out operations; returns the answer, whose Status is `1`. */
  async itemOperations(operations: readonly Tag[]): Promise<Tag> {
    const answer = await this.#expect(
      'ItemOperations',
      t('ItemOperations:ItemOperations', operations),
      'ItemOperations:ItemOperations',
    );
    checkOrder(answer, ['Status', 'Response']);
    return answer;
  }

  /** Any command with a document; returns the answer's. */
  ask(command: string, body: Tag): Promise<Tag> {
    return this.#expect(command, body, body.name);
  }

  async settings(...parts: readonly Tag[]): Promise<Tag> {
    const answer = await this.#expect('Settings', t('Settings:Settings', parts), 'Settings:Settings');
    if (answer.kids[0]?.name !== 'Settings:Status') violation('Settings does not begin with Status', answer);
    return answer;
  }

  /** Number of changes that wait in a folder, with the Status of the answer. */
  async getItemEstimate(folder: PhoneFolder, key = folder.syncKey): Promise<{ status: string; estimate: number | undefined }> {
    const options = folder.filter === undefined ? undefined : t('AirSync:Options', t('AirSync:FilterType', folder.filter));
    const asked =
      Number(this.version) < 14
        ? t(
            'GetItemEstimate:Collection',
            t('GetItemEstimate:Class', folder.kind ?? 'Email'),
            t('GetItemEstimate:CollectionId', folder.id),
            folder.filter === undefined ? undefined : t('AirSync:FilterType', folder.filter),
            t('AirSync:SyncKey', key),
          )
        : t('GetItemEstimate:Collection', t('AirSync:SyncKey', key), t('GetItemEstimate:CollectionId', folder.id), options);
    const body = t('GetItemEstimate:GetItemEstimate', t('GetItemEstimate:Collections', asked));
    const answer = await this.#expect('GetItemEstimate', body, 'GetItemEstimate:GetItemEstimate');
    const response = answer.child('GetItemEstimate:Response');
    const estimate = response?.text('GetItemEstimate:Collection', 'GetItemEstimate:Estimate');
    const status = response?.text('GetItemEstimate:Status') ?? answer.text('GetItemEstimate:Status');
    return { status: status ?? violation('no Status', answer), estimate: estimate === undefined ? undefined : Number(estimate) };
  }

  /** Moves items; answers per item, in order. Status `3` is success. */
  async moveItems(
    from: PhoneFolder,
    ids: readonly string[],
    to: PhoneFolder,
  ): Promise<{ status: string; id: string | undefined }[]> {
    const moves = ids.map((id) => t('Move:Move', t('Move:SrcMsgId', id), t('Move:SrcFldId', from.id), t('Move:DstFldId', to.id)));
    const answer = await this.#expect('MoveItems', t('Move:MoveItems', moves), 'Move:MoveItems');
    const responses = answer.all('Move:Response');
    if (responses.length !== ids.length) violation(`${responses.length} responses to ${ids.length} moves`, answer);
    return responses.map((response) => ({ status: response.text('Move:Status') ?? '', id: response.text('Move:DstMsgId') }));
  }
}

function policyType(version: string): Tag {
  return t('Provision:PolicyType', version === '2.5' ? 'MS-WAP-Provisioning-XML' : 'MS-EAS-Provisioning-WBXML');
}

function policyKeyOf(answer: Tag): string {
  const policy = answer.child('Provision:Policies', 'Provision:Policy');
  if (answer.text('Provision:Status') !== '1' || policy?.text('Provision:Status') !== '1') violation('Provision failed', answer);
  const key = policy.text('Provision:PolicyKey') ?? '';
  if (!/^[1-9]\d{0,9}$/.test(key) || Number(key) > 0xffffffff) violation(`policy key ${key} is not allowed`, answer);
  return key;
}

function expectDone(result: SyncResult, folder: PhoneFolder): CollectionResult | undefined {
  const collection = result.collections.get(folder.id);
  if (result.status !== '1' || (collection && collection.status !== '1')) {
    throw new Error(`Sync of ${folder.name}: status ${result.status}, collection ${collection?.status}`);
  }
  return collection;
}
