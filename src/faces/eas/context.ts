import type { Device, DeviceStore, SyncStates } from '../../domain/devices/model.js';
import type { DevicePolicy } from '../../domain/devices/policies.js';
import type { MailSearches } from '../../domain/mail/search.js';
import type { Services } from '../../domain/services.js';
import type { Id, Logger, Session } from '../../domain/types.js';
import type { Element } from '../../formats/wbxml/tree.js';
import type { Damper } from './damper.js';
import type { Locks } from './locks.js';
import type { Pulse } from './pulse.js';
import type { EasQuery } from './query.js';
import type { CachedSync } from './sync/cache.js';
import type { Told } from './told.js';
import type { Traces } from './trace/traces.js';
import type { EasVersion } from './versions.js';
import type { Waits } from './waits.js';

/** What lives as long as the process and is shared by all requests. */
export interface Runtime {
  readonly locks: Locks;
  readonly waits: Waits;
  readonly damper: Damper;
  readonly told: Told;
  readonly traces: Traces;
  /** The last Sync request of each device, so that an empty request needs one look into the database. */
  readonly lastSync: Map<string, CachedSync>;
  readonly searches: MailSearches;
}

/** One command on its way: everything a handler may use. */
export interface EasContext {
  readonly services: Services;
  readonly runtime: Runtime;
  readonly session: Session;
  readonly query: EasQuery;
  readonly version: EasVersion;
  /** The decoded document, null when the request had no body. */
  readonly body: Element | null;
  /** The body as it came, for commands that are not WBXML. */
  readonly raw: Uint8Array;
  readonly device: Device;
  /** What is asked of the device. */
  readonly policy: DevicePolicy;
  /** The protocol versions that the device is offered, comma-separated. */
  readonly offered: string;
  /** Sync states of the collections the command table asked for. */
  readonly states: ReadonlyMap<Id, SyncStates>;
  /** Those collections: what is not among them may have a state all the same. */
  readonly asked: ReadonlySet<Id>;
  /** The device store, or one without memory for devices that only try the account. */
  readonly store: DeviceStore;
  /** When the device was looked up, by the clock that all processes share (`DeviceSnapshot.at`). */
  readonly openedAt?: number;
  readonly log: Logger;
  /** Shows the device that a long answer is being made. */
  readonly pulse: Pulse;
}

/** A request that is answered later. Nothing of it is held but what is needed then: no body, no promise, no timer. */
export interface Parked {
  readonly kind: 'parked';
  /** Calls `ready` once, when there may be something to say. */
  rest(ready: () => void): void;
  /** Looks what there is to say; it may be parked again. `signal`: the client hung up. */
  wake(signal: AbortSignal): Promise<EasAnswer | Parked>;
  /** The client hung up. */
  leave(): void;
}

/** What a handler answers. */
export type EasAnswer =
  | { readonly kind: 'document'; readonly root: Element }
  | { readonly kind: 'empty' }
  | { readonly kind: 'bytes'; readonly type: string; readonly body: Uint8Array }
  /** Exactly `length` bytes, made while they are sent. */
  | { readonly kind: 'stream'; readonly type: string; readonly length: number; readonly body: AsyncIterable<Uint8Array> };

export function documentAnswer(root: Element): EasAnswer {
  return { kind: 'document', root };
}

/** Type of a body that is a WBXML document. */
export const WBXML = 'application/vnd.ms-sync.wbxml';

/** HTTP 200 without a body: nothing changed, or the message was sent. */
export const EMPTY: EasAnswer = { kind: 'empty' };

/** Identifies the device over all accounts, for locks and waiting requests. */
export function deviceKey(context: { readonly session: Session; readonly query: EasQuery }): string {
  return `${context.session.account}/${context.query.deviceId}`;
}

const NO_BYTES = new Uint8Array();
const NO_STATES: EasContext['states'] = new Map();
const NONE_ASKED: EasContext['asked'] = new Set();

/** The same without what came with the request: a waiting device must not hold it for an hour. */
export function parked(context: EasContext): EasContext {
  const session = { ...context.session, signal: undefined };
  return { ...context, session, body: null, raw: NO_BYTES, states: NO_STATES, asked: NONE_ASKED };
}
