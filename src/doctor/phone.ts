import { decode, WbxmlError } from '../formats/wbxml/decode.js';
import { encode } from '../formats/wbxml/encode.js';
import type { Element } from '../formats/wbxml/tree.js';
import { Refusal } from './engine.js';
import { type Answer, unpacked } from './exchange.js';
import { type Found, found } from './findings.js';
import type { Visit } from './visit.js';

export const EAS_PATH = '/Microsoft-Server-ActiveSync';
const WBXML = 'application/vnd.ms-sync.wbxml';
const DEVICE = { id: 'gatewaycheck', type: 'GatewayCheck' };
const COMMAND_CODES = { Sync: 0, FolderSync: 9, Ping: 18, Provision: 20 } as const;
const LOCALE_EN_US = 0x0409;

export type CommandName = keyof typeof COMMAND_CODES;

export interface How {
  readonly base64?: boolean;
  readonly gzip?: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** A phone that knows as much ActiveSync as a check needs. */
export class DoctorPhone {
  version = '14.1';
  policyKey = 0;
  /** ServerId of the Inbox, and how far it is synced. */
  inbox = { id: '', key: '0' };

  constructor(readonly visit: Visit) {}

  /** Sends a command; whatever comes back is returned. @throws LineFault */
  post(command: CommandName, body: Uint8Array, how: How = {}): Promise<Answer> {
    const plain: Record<string, string> = how.base64
      ? {}
      : { 'MS-ASProtocolVersion': this.version, 'X-MS-PolicyKey': String(this.policyKey) };
    const headers = { 'Content-Type': WBXML, ...plain, ...(how.gzip && { 'Accept-Encoding': 'gzip' }) };
    const query = how.base64 ? this.#base64Query(command) : this.#plainQuery(command);
    const timeout = how.timeout === undefined ? {} : { timeout: how.timeout };
    return this.visit.askAsUser(`${EAS_PATH}?${query}`, { method: 'POST', headers, body, ...timeout });
  }

  /** Sends a document and reads the answer's; undefined for an empty one. @throws LineFault, Refusal */
  async command(command: CommandName, document: Element, how: How = {}): Promise<Element | undefined> {
    const answer = await this.post(command, encode(document), how);
    const refused = refusalOf(answer);
    if (refused) throw new Refusal(refused);
    return readDocument(answer);
  }

  #plainQuery(command: string): string {
    return new URLSearchParams({
      Cmd: command,
      User: this.visit.patient.login,
      DeviceId: DEVICE.id,
      DeviceType: DEVICE.type,
    }).toString();
  }

  /** MS-ASHTTP 2.2.1.1.1.1. */
  #base64Query(command: CommandName): string {
    const key = Buffer.alloc(4);
    key.writeUInt32LE(this.policyKey);
    const counted = (bytes: Buffer) => Buffer.concat([Buffer.from([bytes.length]), bytes]);
    const head = [Math.round(Number(this.version) * 10), COMMAND_CODES[command], LOCALE_EN_US & 0xff, LOCALE_EN_US >> 8];
    return Buffer.concat([
      Buffer.from(head),
      counted(Buffer.from(DEVICE.id)),
      counted(key),
      counted(Buffer.from(DEVICE.type)),
    ]).toString('base64');
  }
}

/** What an HTTP status other than success means. */
export function refusalOf({ status, headers }: Answer): Found | undefined {
  if (status === 200 || status === 207) return undefined;
  if (status === 401) return found('password-wrong', 'the server answers 401 to the password that it took before');
  if (status === 403 || status === 451) return found('forbidden', `the server answers ${status}`);
  if (status >= 300 && status < 400) return redirectOf(String(headers.location ?? ''), status);
  if (status === 502 || status === 503 || status === 504)
    return found('mail-server-down', `the server answers ${status}${headers['retry-after'] ? ' and asks for patience' : ''}`);
  if (status >= 500) return found('server-error', `the server answers ${status}`);
  return found('not-activesync', `the answer is ${status}`);
}

export function redirectOf(location: string, status: number): Found {
  return /^http:/i.test(location)
    ? found('redirect-insecure', `${status} leads to ${location}`)
    : found('redirected', `${status} leads to ${location || 'nowhere'}`);
}

/** The document of a good answer; undefined for an empty one. @throws Refusal */
export function readDocument(answer: Answer): Element | undefined {
  if (answer.body.length === 0) return undefined;
  const body = unpacked(answer);
  if (!Buffer.isBuffer(body)) throw new Refusal(body);
  const type = String(answer.headers['content-type'] ?? 'none');
  if (type.startsWith('text/html')) throw new Refusal(found('not-activesync', 'a web page answers'));
  if (body.length > 0 && !/^application\/vnd\.ms-sync(\.wbxml)?($|;)/.test(type))
    throw new Refusal(found('type-changed', `Content-Type is ${type} and not ${WBXML}`));
  try {
    return decode(body);
  } catch (error) {
    if (error instanceof WbxmlError) throw new Refusal(found('answer-broken', `the answer can’t be read: ${error.message}`));
    throw error;
  }
}
