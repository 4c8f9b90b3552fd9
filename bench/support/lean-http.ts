import { Agent, type IncomingMessage, request } from 'node:http';

export interface LeanRequest {
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly depth?: string;
  /** Look at the body's length only. */
  readonly discard?: boolean;
  /** Read no faster than this. */
  readonly bytesPerSecond?: number;
  readonly signal?: AbortSignal;
}

export interface LeanAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly bytes: number;
}

/** Longest pause in milliseconds that is not worth a timer. */
const TINY_MS = 2;

function pauseUntil(answer: IncomingMessage, moment: number): void {
  const wait = moment - performance.now();
  if (wait < TINY_MS) return;
  answer.pause();
  setTimeout(() => answer.resume(), wait);
}

const TIMEOUT_MS = 600_000;

/** An HTTP client that does as little as possible, so that the server is what is measured. */
export class LeanClient {
  private readonly agent: Agent;
  private readonly authorization: string;

  constructor(
    private readonly base: string,
    user: string,
    password: string,
    connections = 1,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
    this.authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  }

  request(method: string, path: string, how: LeanRequest = {}): Promise<LeanAnswer> {
    const { body, depth } = how;
    const headers = {
      authorization: this.authorization,
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/xml; charset=utf-8', 'content-length': Buffer.byteLength(body) }),
      ...(depth === undefined ? {} : { depth }),
      ...how.headers,
    };
    return new Promise((resolve, reject) => {
      const options = { method, headers, agent: this.agent, timeout: TIMEOUT_MS, signal: how.signal };
      const asked = request(new URL(path, this.base), options, (answer) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        const started = performance.now();
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (!how.discard) chunks.push(chunk);
          if (how.bytesPerSecond) pauseUntil(answer, started + (bytes / how.bytesPerSecond) * 1000);
        });
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks), bytes }),
        );
      });
      asked.on('timeout', () => asked.destroy(new Error(`${method} ${path}: no answer in time`)));
      asked.on('error', reject);
      asked.end(body);
    });
  }

  /** The same; any other status is an error. */
  async expect(status: number, method: string, path: string, how: LeanRequest = {}): Promise<LeanAnswer> {
    const answer = await this.request(method, path, how);
    if (answer.status !== status)
      throw new Error(`${method} ${path}: ${answer.status} ${answer.body.subarray(0, 500).toString('utf8')}`);
    return answer;
  }

  close(): void {
    this.agent.destroy();
  }
}
