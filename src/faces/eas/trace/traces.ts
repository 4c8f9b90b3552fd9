import type { ServerResponse } from 'node:http';
import type { Device } from '../../../domain/devices/model.js';
import { tracedUntil } from '../../../domain/devices/trace.js';
import type { Clock, Logger } from '../../../domain/types.js';
import type { Element } from '../../../formats/wbxml/tree.js';
import type { EasAnswer } from '../context.js';
import type { EasQuery } from '../query.js';
import { type Redacted, redact } from './redact.js';

/** Devices remembered as traced, for requests that are refused before the device is looked up. */
const MOST_REMEMBERED = 1_000;

/** One request and the way of its answer. */
export interface Traced {
  readonly account: string;
  readonly query: EasQuery;
  /** Bytes of the request's body. */
  readonly bytes: number;
  readonly res: ServerResponse;
  /** Hears of the answer when it is sent. */
  readonly responder: { told?: ((answer: EasAnswer) => void) | undefined };
  readonly log: Logger;
}

/**
 * Writes down what devices say and are told while an operator wants to see it: two log lines for each request, the documents
 * redacted. A device that is not traced costs one comparison of what its row says.
 */
export class Traces {
  readonly #remembered = new Map<string, Date>();

  constructor(private readonly clock: Clock) {}

  /** A request of a device whose row was read. */
  begin(device: Device, body: Element | null, traced: Traced): void {
    const key = `${traced.account}/${device.id}`;
    const until = tracedUntil(device, this.clock.now());
    if (until) this.#remember(key, until);
    else if (this.#remembered.size > 0) this.#remembered.delete(key);
    if (until) trace(traced, body);
  }

  /** A request that was refused, maybe before the device's row was read. */
  refused(traced: Traced): void {
    if (this.#remembered.size === 0 || traced.responder.told) return;
    const until = this.#remembered.get(`${traced.account}/${traced.query.deviceId}`);
    if (until && until > this.clock.now()) trace(traced, null);
  }

  #remember(key: string, until: Date): void {
    this.#remembered.delete(key);
    this.#remembered.set(key, until);
    if (this.#remembered.size > MOST_REMEMBERED) this.#remembered.delete(this.#remembered.keys().next().value as string);
  }
}

function trace({ account, query, bytes, res, responder, log }: Traced, body: Element | null): void {
  const began = performance.now();
  const { deviceId: device, command, version, policyKey } = query;
  const common = { trace: true, account, device, command: command.slice(0, 40), version };
  const document = body ? redact(body) : undefined;
  log.info({ ...common, direction: 'request', policyKey, bytes, document }, 'device trace');
  let answer: { readonly kind: string; readonly document?: Redacted } | undefined;
  responder.told = (told) => {
    answer = summaryOf(told);
  };
  res.once('close', () => {
    const length = Number(res.getHeader('Content-Length') ?? 0) || undefined;
    const compressed = res.getHeader('Content-Encoding') !== undefined || undefined;
    const done = { http: res.statusCode, bytes: length, compressed, ms: Math.round(performance.now() - began) };
    const cut = res.writableFinished ? undefined : true;
    log.info({ ...common, direction: 'answer', ...done, cut, ...answer }, 'device trace');
  });
}

/** Redacted at once: the document itself is not held until the device has read it. */
function summaryOf(answer: EasAnswer) {
  return answer.kind === 'document' ? { kind: answer.kind, document: redact(answer.root) } : { kind: answer.kind };
}
