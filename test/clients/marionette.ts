import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What a script in the application failed with. */
export class MarionetteError extends Error {}

const SCRIPT_MS = 60_000;

interface Waiting {
  done(value: unknown): void;
  fail(error: Error): void;
}

/**
 * Remote control of a Mozilla application (Marionette protocol version 3: `LENGTH:[0, id, command, parameters]` over TCP,
 * answered by `LENGTH:[1, id, error, result]`). Scripts run in the application's own ("chrome") context.
 */
export class Marionette {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #input = Buffer.alloc(0);
  #lastId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#failAll(error));
    socket.on('close', () => this.#failAll(new Error('the application closed the connection')));
  }

  static async connect(port: number): Promise<Marionette> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const client = new Marionette(socket);
    await client.send('WebDriver:NewSession', { capabilities: {} });
    await client.send('WebDriver:SetTimeouts', { script: SCRIPT_MS });
    await client.send('Marionette:SetContext', { value: 'chrome' });
    return client;
  }

  send(command: string, parameters: object = {}): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = new Promise<unknown>((done, fail) => this.#waiting.set(id, { done, fail }));
    const body = JSON.stringify([0, id, command, parameters]);
    this.#socket.write(`${Buffer.byteLength(body)}:${body}`);
    return answer;
  }

  /** Runs the body of an async function with `args`; gives what it returns, a JSON value. */
  async run<T>(body: string, ...args: unknown[]): Promise<T> {
    const script = `const done = arguments[arguments.length - 1]; const args = [...arguments].slice(0, -1);
      (async () => { ${body} })().then((value) => done({ value }), (error) => done({ error: String(error) + "\\n" + (error.stack ?? "") }));`;
    const parameters = { script, args, sandbox: 'system', newSandbox: true };
    const { value } = (await this.send('WebDriver:ExecuteAsyncScript', parameters)) as {
      value: { value: T; error?: string } | null;
    };
    if (!value) throw new MarionetteError('a dialog opened while the script ran');
    if (value.error) throw new MarionetteError(value.error);
    return value.value;
  }

  /** A picture (PNG) of the window. */
  async screenshot(): Promise<Buffer> {
    const { value } = (await this.send('WebDriver:TakeScreenshot', { full: true })) as { value: string };
    return Buffer.from(value, 'base64');
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#input = Buffer.concat([this.#input, chunk]);
    for (;;) {
      const colon = this.#input.indexOf(':');
      const end = colon + 1 + Number(this.#input.subarray(0, colon).toString());
      if (colon < 0 || this.#input.length < end) return;
      const message = JSON.parse(this.#input.subarray(colon + 1, end).toString('utf8')) as unknown;
      this.#input = this.#input.subarray(end);
      if (Array.isArray(message)) this.#answer(message);
    }
  }

  #answer([, id, error, result]: unknown[]): void {
    const waiting = this.#waiting.get(id as number);
    this.#waiting.delete(id as number);
    if (error) waiting?.fail(new MarionetteError(JSON.stringify(error)));
    else waiting?.done(result);
  }

  #failAll(error: Error): void {
    for (const { fail } of this.#waiting.values()) fail(error);
    this.#waiting.clear();
  }
}
