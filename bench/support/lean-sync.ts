import { Agent, request } from 'node:http';
import { decode } from '../../src/formats/wbxml/decode.js';
import { encode } from '../../src/formats/wbxml/encode.js';
import { child, children, childText, type Element, el } from '../../src/formats/wbxml/tree.js';
import { PASSWORD } from '../../test/support/dovecot.js';
import type { EasPhone } from '../../test/support/eas-phone.js';

/** A Sync client that does as little as possible, so that the gateway is what is measured. The phone is already set up. */
export class LeanSync {
  private readonly agent = new Agent({ keepAlive: true });
  syncKey = '0';

  constructor(
    private readonly phone: EasPhone,
    private readonly collection: string,
    private readonly window = 512,
  ) {}

  /** One round; how many items came and whether there are more. */
  async round(): Promise<{ added: number; changed: number; more: boolean; bytes: number }> {
    const body = await this.post(encode(this.request()));
    if (body.length === 0) return { added: 0, changed: 0, more: false, bytes: 0 };
    const collection = child(child(decode(body), 'AirSync:Collections'), 'AirSync:Collection');
    if (childText(collection, 'AirSync:Status') !== '1') throw new Error(`Status ${childText(collection, 'AirSync:Status')}`);
    this.syncKey = childText(collection, 'AirSync:SyncKey') ?? '0';
    const commands = child(collection, 'AirSync:Commands');
    return {
      added: children(commands, 'AirSync:Add').length,
      changed: children(commands, 'AirSync:Change').length,
      more: child(collection, 'AirSync:MoreAvailable') !== undefined,
      bytes: body.length,
    };
  }

  /** From key 0 until nothing more is announced; how many items came. */
  async first(): Promise<number> {
    this.syncKey = '0';
    await this.round();
    let items = 0;
    for (let more = true; more; ) {
      const round = await this.round();
      items += round.added;
      more = round.more;
    }
    return items;
  }

  close(): void {
    this.agent.destroy();
  }

  private request(): Element {
    const options = el(
      'AirSync:Options',
      el('AirSync:FilterType', 0),
      el('AirSyncBase:BodyPreference', el('AirSyncBase:Type', 2), el('AirSyncBase:TruncationSize', 200_000)),
    );
    const rest = this.syncKey === '0' ? [] : [el('AirSync:WindowSize', this.window), options];
    const collection = el(
      'AirSync:Collection',
      el('AirSync:SyncKey', this.syncKey),
      el('AirSync:CollectionId', this.collection),
      rest,
    );
    return el('AirSync:Sync', el('AirSync:Collections', collection));
  }

  private post(body: Uint8Array): Promise<Buffer> {
    const { url, user, deviceId, deviceType, version } = this.phone.wire.identity;
    const query = new URLSearchParams({ Cmd: 'Sync', User: user, DeviceId: deviceId, DeviceType: deviceType });
    const headers = {
      authorization: `Basic ${Buffer.from(`${user}:${PASSWORD}`).toString('base64')}`,
      'content-type': 'application/vnd.ms-sync.wbxml',
      'content-length': body.length,
      'ms-asprotocolversion': version,
      'x-ms-policykey': this.phone.policyKey ?? '0',
    };
    return new Promise((resolve, reject) => {
      const path = `/Microsoft-Server-ActiveSync?${query}`;
      const asked = request(new URL(path, url), { method: 'POST', headers, agent: this.agent }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve(Buffer.concat(chunks));
          else reject(new Error(`Sync: ${answer.statusCode}`));
        });
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }
}
