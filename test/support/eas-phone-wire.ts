import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { violation } from './eas-phone-schema.js';
import { decodeTag, encodeTag, type Tag } from './eas-phone-wbxml.js';

/** Who the phone says it is. */
export interface PhoneIdentity {
  /** `http://127.0.0.1:8080`, without the path. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly deviceId: string;
  readonly deviceType: string;
  readonly version: string;
  /** Send the query in its base64 form (MS-ASHTTP 2.2.1.1.1.1). */
  readonly base64: boolean;
  readonly userAgent: string;
  /** Further request headers, such as X-Forwarded-For. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface WireRequest {
  readonly command: string;
  readonly body?: Tag | Buffer;
  readonly policyKey?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly multipart?: boolean;
  readonly timeout?: number;
  /** `answer`: read the whole answer and throw it away; `connection`: cut the line as soon as the request is out. */
  readonly lose?: 'answer' | 'connection';
  readonly signal?: AbortSignal;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The decoded body, when it is WBXML. */
  readonly tree: Tag | undefined;
  readonly ms: number;
}

/** The answer did not reach the phone: it must repeat its request. */
export class LostAnswer extends Error {
  override readonly name = 'LostAnswer';
}

const COMMAND_CODES: Record<string, number> = {
  Sync: 0, SendMail: 1, SmartForward: 2, SmartReply: 3, GetAttachment: 4, FolderSync: 9, FolderCreate: 10, FolderDelete: 11,
  FolderUpdate: 12, MoveItems: 13, GetItemEstimate: 14, MeetingResponse: 15, Search: 16, Settings: 17, Ping: 18,
  ItemOperations: 19, Provision: 20, ResolveRecipients: 21, ValidateCert: 22, Find: 23,
}; // biome-ignore format: a table
const PARAMETER_TAGS: Record<string, number> = { AttachmentName: 0, CollectionId: 1, ItemId: 3, LongId: 4, Occurrence: 6 };
const LOCALE_EN_US = 0x0409;
const PATH = '/Microsoft-Server-ActiveSync';
const WBXML_TYPE = 'application/vnd.ms-sync.wbxml';

/** One phone's line to the gateway: keeps its connections alive, decodes and checks what comes back. */
export class PhoneWire {
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(readonly identity: PhoneIdentity) {
    this.#agent = identity.url.startsWith('https:')
      ? new HttpsAgent({ keepAlive: true, rejectUnauthorized: false })
      : new HttpAgent({ keepAlive: true });
  }

  async options(): Promise<WireAnswer> {
    return this.#exchange('OPTIONS', PATH, this.#credentials(), undefined, {});
  }

  async post(request: WireRequest): Promise<WireAnswer> {
    const { identity } = this;
    const body = request.body && (Buffer.isBuffer(request.body) ? request.body : encodeTag(request.body));
    const headers: Record<string, string | undefined> = {
      ...this.#credentials(),
      'Content-Type': body ? WBXML_TYPE : undefined,
      'Content-Length': String(body?.length ?? 0),
      ...(identity.base64 ? {} : this.#plainHeaders(request)),
      ...request.headers,
    };
    const query = identity.base64 ? this.#base64Query(request) : this.#plainQuery(request);
    const answer = await this.#exchange('POST', `${PATH}?${query}`, headers, body, request);
    if (request.lose === 'answer') throw new LostAnswer(`answer to ${request.command} thrown away`);
    return answer;
  }

  close(): void {
    this.#agent.destroy();
  }

  #credentials(): Record<string, string> {
    const { user, password, userAgent, headers } = this.identity;
    return {
      Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      'User-Agent': userAgent,
      ...headers,
    };
  }

  #plainHeaders(request: WireRequest): Record<string, string | undefined> {
    return {
      'MS-ASProtocolVersion': this.identity.version,
      'X-MS-PolicyKey': request.policyKey,
      'MS-ASAcceptMultiPart': request.multipart ? 'T' : undefined,
    };
  }

  #plainQuery({ command, parameters }: WireRequest): string {
    const { user, deviceId, deviceType } = this.identity;
    return new URLSearchParams({
      Cmd: command,
      User: user,
      DeviceId: deviceId,
      DeviceType: deviceType,
      ...parameters,
    }).toString();
  }

  #base64Query({ command, policyKey, parameters = {}, multipart }: WireRequest): string {
    const { version, deviceId, deviceType } = this.identity;
    const code = COMMAND_CODES[command] ?? 0xfe;
    const key = Buffer.alloc(4);
    key.writeUInt32LE(Number(policyKey ?? 0));
    const bytes = Buffer.concat([
      Buffer.from([Math.round(Number(version) * 10), code, LOCALE_EN_US & 0xff, LOCALE_EN_US >> 8]),
      counted(Buffer.from(deviceId)),
      counted(policyKey === undefined ? Buffer.alloc(0) : key),
      counted(Buffer.from(deviceType)),
      ...Object.entries(parameters)
        .filter(([name]) => name in PARAMETER_TAGS)
        .flatMap(([name, value]) => [Buffer.from([PARAMETER_TAGS[name] ?? 0]), counted(Buffer.from(value))]),
      optionBits(parameters.SaveInSent === 'T', multipart === true),
    ]);
    return bytes.toString('base64');
  }

  #exchange(
    method: string,
    path: string,
    headers: Record<string, string | undefined>,
    body: Buffer | undefined,
    how: Partial<WireRequest>,
  ): Promise<WireAnswer> {
    const url = new URL(this.identity.url);
    const started = performance.now();
    const present = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as Record<
      string,
      string
    >;
    return new Promise((resolve, reject) => {
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const request = send(
        { agent: this.#agent, host: url.hostname, port: url.port, method, path, headers: present, signal: how.signal },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', (error) => reject(new LostAnswer(error.message)));
          response.on('aborted', () => reject(new LostAnswer('the gateway cut the answer')));
          response.on('end', () => {
            // The gateway was quicker than the cut: the phone has not seen the answer all the same.
            if (how.lose === 'connection') return reject(new LostAnswer('cut'));
            try {
              resolve(toAnswer(response.statusCode ?? 0, response.headers, Buffer.concat(chunks), started));
            } catch (error) {
              reject(error);
            }
          });
        },
      );
      request.setTimeout(how.timeout ?? 30_000, () =>
        request.destroy(new Error(`no answer to ${how.command ?? method} in time`)),
      );
      request.on('error', (error: NodeJS.ErrnoException) => reject(isLineFault(error) ? new LostAnswer(error.message) : error));
      request.end(body, () => {
        if (how.lose === 'connection')
          setTimeout(() => request.destroy(Object.assign(new Error('cut'), { code: 'ECONNRESET' })), 5);
      });
    });
  }
}

function isLineFault(error: NodeJS.ErrnoException): boolean {
  return ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ECONNABORTED'].includes(error.code ?? '');
}

/** Parameter 7 of the base64 form: SaveInSent and AcceptMultiPart. */
function optionBits(save: boolean, multipart: boolean): Buffer {
  const bits = (save ? 1 : 0) | (multipart ? 2 : 0);
  return bits === 0 ? Buffer.alloc(0) : Buffer.from([7, 1, bits]);
}

function counted(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function toAnswer(status: number, headers: IncomingHttpHeaders, body: Buffer, started: number): WireAnswer {
  const type = headers['content-type']?.split(';')[0];
  const wbxml = body.length > 0 && type === WBXML_TYPE;
  if (status === 200 && body.subarray(0, 4).toString('hex') === '03016a00' && !wbxml) violation(`WBXML was sent as ${type}`);
  return { status, headers, body, tree: wbxml ? decodeTag(body) : undefined, ms: performance.now() - started };
}

/** Takes a multipart answer apart: part 0 is the WBXML document, the others are what its Part elements name. */
export function splitMultipart(body: Buffer): { tree: Tag; parts: Buffer[] } {
  const count = body.readUInt32LE(0);
  const parts = Array.from({ length: count }, (_, part) => {
    const offset = body.readUInt32LE(4 + part * 8);
    const length = body.readUInt32LE(8 + part * 8);
    if (offset + length > body.length) violation(`part ${part} reaches beyond the answer`);
    return body.subarray(offset, offset + length);
  });
  return { tree: decodeTag(parts[0] ?? Buffer.alloc(0)), parts: parts.slice(1) };
}
