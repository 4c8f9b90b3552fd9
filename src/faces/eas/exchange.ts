import type { IncomingMessage, ServerResponse } from 'node:http';
import { isDomainError } from '../../domain/errors.js';
import type { ParkedSpans } from '../../domain/tracing.js';
import type { Logger } from '../../domain/types.js';
import type { Command } from './commands/index.js';
import type { EasAnswer, Parked } from './context.js';
import type { Responder } from './responder.js';
import { failureOf, HttpError, StatusError, statusAfterBegin } from './status.js';
import type { EasVersion } from './versions.js';

/** What an exchange needs to know to answer. */
export interface ExchangeParts {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly responder: Responder;
  readonly version: EasVersion;
  /** Undefined: nobody knows it. */
  readonly command: Command | undefined;
  readonly log: Logger;
  /** Where requests are traced. */
  readonly spans?: ParkedSpans;
}

/**
 * One request and its answer, which is made now or after a long wait. While a request is parked this small object is all
 * that keeps it: no promise waits, and what came with it is let go.
 */
export class Exchange {
  /** Hears of the answer before it is sent. */
  onAnswer: ((answer: EasAnswer) => void) | undefined;
  #work: AbortController | undefined = new AbortController();
  #parked: Parked | undefined;
  #gone = false;

  constructor(private readonly parts: ExchangeParts) {
    // Not `once`, which costs 300 bytes more.
    parts.res.on('close', () => this.#hungUp());
  }

  /** Fires when the client hangs up on the work under way. */
  get signal(): AbortSignal {
    this.#work ??= new AbortController();
    return this.#work.signal;
  }

  /** Sends what is made, or what it failed with. */
  async answer(making: Promise<EasAnswer | Parked>): Promise<void> {
    try {
      const answer = await making;
      if (answer.kind === 'parked') this.#park(answer);
      else await this.#send(answer);
    } catch (error) {
      if (!this.#gone) await this.#fail(error);
    }
  }

  #park(parked: Parked): void {
    if (this.#gone) {
      parked.leave();
      return;
    }
    this.#parked = parked;
    this.#work = undefined;
    this.parts.spans?.parked();
    unburden(this.parts.req);
    parked.rest(() => this.#wake(parked));
  }

  #wake(parked: Parked): void {
    this.#parked = undefined;
    const work = () => {
      this.answer(parked.wake(this.signal)).catch((error) => {
        this.parts.log.error({ err: error }, 'a waiting request could not be answered');
        this.parts.responder.cut();
      });
    };
    if (this.parts.spans) this.parts.spans.resumed(work);
    else work();
  }

  async #send(answer: EasAnswer): Promise<void> {
    this.onAnswer?.(answer);
    const { command, responder } = this.parts;
    if (command && !this.#gone) await responder.send(answer, command);
  }

  #hungUp(): void {
    this.#gone = true;
    this.parts.responder.pulse.end();
    this.#work?.abort();
    this.#parked?.leave();
  }

  async #fail(error: unknown): Promise<void> {
    const { res, responder, version, command, log } = this.parts;
    const failure = failureOf(error, version);
    logFailure(log, error, failure);
    const { open } = responder;
    const status = 'status' in failure ? failure.status : open === 'status' ? statusAfterBegin(failure.http, version) : null;
    if (open === 'closed' || (open === 'status' && status === null)) {
      log.warn({ err: error }, 'answer was cut off');
      responder.cut();
    } else if (status !== null) {
      if (!command) throw error;
      await responder.fail(status, command);
    } else if ('http' in failure) {
      responder.pulse.end();
      for (const [name, value] of Object.entries(failure.headers ?? {})) res.setHeader(name, value);
      res.statusCode = failure.http;
      res.end();
    }
  }
}

function logFailure(log: Logger, error: unknown, failure: ReturnType<typeof failureOf>): void {
  const expected = error instanceof StatusError || error instanceof HttpError || isDomainError(error, 'unavailable');
  const message = error instanceof Error ? error.message : String(error);
  if (expected) log.info({ ...failure, reason: message }, 'ActiveSync command refused');
  else log.error({ ...failure, err: error }, 'ActiveSync command failed');
}

/** What came with a request and nobody asks for again: its head (3 KB), and Express's way back through its routers (2 KB). */
function unburden(req: IncomingMessage): void {
  Object.assign(req, { headers: {}, rawHeaders: [], params: undefined, next: undefined, _parsedUrl: undefined });
}
