import { decode } from '../../src/formats/wbxml/decode.js';
import { encode } from '../../src/formats/wbxml/encode.js';
import { child, children, childText, type Element, el } from '../../src/formats/wbxml/tree.js';
import { type LeanAnswer, LeanClient, type LeanRequest } from './lean-http.js';
import { scanSync } from './scan-sync.js';

export interface LeanPhoneOptions {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly deviceId: string;
  /** Items in one answer. */
  readonly window?: number;
  /** Bytes of each body; 0: none. */
  readonly truncation?: number;
}

/** What one Sync brought. */
export interface Round {
  readonly added: number;
  readonly changed: number;
  readonly more: boolean;
  readonly bytes: number;
}

const PATH = '/Microsoft-Server-ActiveSync';
/** What SOGo knows, too. */
const VERSION = '14.1';
const TYPE = 'LeanPhone';
const INBOX = '2';
const NOTHING: Round = { added: 0, changed: 0, more: false, bytes: 0 };

/** A phone that does as little as possible, so that the server is what is measured. */
export class LeanPhone {
  readonly client: LeanClient;
  policyKey = '0';
  inbox = '';
  syncKey = '0';
  /** Requests and bytes of answers of the last first Sync. */
  taken = { requests: 0, bytes: 0 };
  /** Type → ServerId of the default folders. */
  readonly folders = new Map<string, string>();
  #collection: string | null = null;

  constructor(private readonly options: LeanPhoneOptions) {
    this.client = new LeanClient(options.url, options.user, options.password);
  }

  /** OPTIONS, both phases of Provision, FolderSync from key 0. */
  async setUp(): Promise<void> {
    await this.client.expect(200, 'OPTIONS', PATH);
    const asked = el('Provision:Policies', el('Provision:Policy', POLICY_TYPE));
    const offer = policyOf(await this.command('Provision', el('Provision:Provision', INFORMATION, asked)));
    const temporary = childText(offer, 'Provision:PolicyKey');
    if (temporary) {
      this.policyKey = temporary;
      const key = el('Provision:PolicyKey', temporary);
      const taken = el('Provision:Policy', POLICY_TYPE, key, el('Provision:Status', 1));
      const answer = policyOf(await this.command('Provision', el('Provision:Provision', el('Provision:Policies', taken))));
      this.policyKey = childText(answer, 'Provision:PolicyKey') ?? temporary;
    }
    await this.folderSync();
  }

  async folderSync(): Promise<void> {
    const asked = el('FolderHierarchy:FolderSync', el('FolderHierarchy:SyncKey', 0));
    const root = await this.command('FolderSync', asked);
    if (childText(root, 'FolderHierarchy:Status') !== '1')
      throw new Error(`FolderSync: Status ${childText(root, 'FolderHierarchy:Status')}`);
    const folders = children(child(root, 'FolderHierarchy:Changes'), 'FolderHierarchy:Add');
    const inbox = folders.find((folder) => childText(folder, 'FolderHierarchy:Type') === INBOX);
    for (const folder of folders)
      this.folders.set(childText(folder, 'FolderHierarchy:Type') ?? '', childText(folder, 'FolderHierarchy:ServerId') ?? '');
    this.inbox = childText(inbox, 'FolderHierarchy:ServerId') ?? '';
    if (this.inbox === '') throw new Error('FolderSync gave no INBOX');
  }

  /** What is synced from now on, instead of the INBOX: 8 calendar, 9 contacts (MS-ASCMD FolderSync Type). */
  choose(type: string): void {
    this.#collection = this.folders.get(type) ?? null;
    this.syncKey = '0';
  }

  /** One Sync of the INBOX, or of what was chosen. */
  async sync(): Promise<Round> {
    const { body } = await this.post('Sync', this.syncRequest());
    if (body.length === 0) return NOTHING;
    const { status = '1', syncKey, ...round } = scanSync(body);
    if (status !== '1') throw new Error(`Sync: Status ${status}`);
    this.syncKey = syncKey ?? this.syncKey;
    return { ...round, bytes: body.length };
  }

  /** The FileReferences of the attachments that one Sync from key 0 brings. */
  async references(): Promise<readonly string[]> {
    this.syncKey = '0';
    await this.sync();
    const { body } = await this.post('Sync', this.syncRequest());
    const collection = child(child(decode(body), 'AirSync:Collections'), 'AirSync:Collection');
    return children(child(collection, 'AirSync:Commands'), 'AirSync:Add').flatMap(referencesIn);
  }

  /** From key 0 until nothing more is announced; how many items came. */
  async firstSync(): Promise<number> {
    this.syncKey = '0';
    await this.sync();
    let items = 0;
    this.taken = { requests: 1, bytes: 0 };
    for (let more = true; more; ) {
      const round = await this.sync();
      items += round.added;
      more = round.more;
      this.taken.requests++;
      this.taken.bytes += round.bytes;
    }
    return items;
  }

  /** Waits for changes of the INBOX; whether there were some. */
  async ping(seconds: number): Promise<boolean> {
    const folder = el('Ping:Folder', el('Ping:Id', this.inbox), el('Ping:Class', 'Email'));
    const asked = el('Ping:Ping', el('Ping:HeartbeatInterval', seconds), el('Ping:Folders', folder));
    return childText(await this.command('Ping', asked), 'Ping:Status') === '2';
  }

  /** Fetches an attachment and throws it away; how many bytes came. */
  async fetchAttachment(reference: string, multipart: boolean): Promise<number> {
    const fetch = el('ItemOperations:Fetch', el('ItemOperations:Store', 'Mailbox'), el('AirSyncBase:FileReference', reference));
    const headers: Record<string, string> = multipart ? { 'ms-asacceptmultipart': 'T' } : {};
    const asked = encode(el('ItemOperations:ItemOperations', fetch));
    return (await this.post('ItemOperations', asked, { headers, discard: true })).bytes;
  }

  close(): void {
    this.client.close();
  }

  private syncRequest(): Uint8Array {
    const { window = 100, truncation = 200_000 } = this.options;
    const preference = el('AirSyncBase:BodyPreference', el('AirSyncBase:Type', 2), el('AirSyncBase:TruncationSize', truncation));
    const rest =
      this.syncKey === '0'
        ? []
        : [
            el('AirSync:DeletesAsMoves', 1),
            el('AirSync:GetChanges', 1),
            el('AirSync:WindowSize', window),
            el('AirSync:Options', el('AirSync:FilterType', 0), preference),
          ];
    const identity = [el('AirSync:SyncKey', this.syncKey), el('AirSync:CollectionId', this.#collection ?? this.inbox)];
    const collection = el('AirSync:Collection', identity, rest);
    return encode(el('AirSync:Sync', el('AirSync:Collections', collection)));
  }

  private async command(name: string, body: Element): Promise<Element> {
    return decode((await this.post(name, encode(body))).body);
  }

  private post(command: string, body: Uint8Array, how: LeanRequest = {}): Promise<LeanAnswer> {
    const { user, deviceId } = this.options;
    const query = new URLSearchParams({ Cmd: command, User: user, DeviceId: deviceId, DeviceType: TYPE });
    const headers = {
      'content-type': 'application/vnd.ms-sync.wbxml',
      'ms-asprotocolversion': VERSION,
      'x-ms-policykey': this.policyKey,
      ...how.headers,
    };
    return this.client.expect(200, 'POST', `${PATH}?${query}`, { ...how, body, headers });
  }
}

const POLICY_TYPE = el('Provision:PolicyType', 'MS-EAS-Provisioning-WBXML');

const INFORMATION = el('Settings:DeviceInformation', el('Settings:Set', el('Settings:Model', 'Lean Phone')));

function policyOf(root: Element): Element | undefined {
  return child(child(root, 'Provision:Policies'), 'Provision:Policy');
}

function referencesIn(item: Element): string[] {
  const attachments = child(child(item, 'AirSync:ApplicationData'), 'AirSyncBase:Attachments');
  return children(attachments, 'AirSyncBase:Attachment').flatMap(
    (attachment) => childText(attachment, 'AirSyncBase:FileReference') ?? [],
  );
}
