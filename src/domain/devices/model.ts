import type { Id, Scope } from '../types.js';

/** What an operator wants done to a device. */
export type WipeState = 'none' | 'pending' | 'account-pending' | 'done';

/** What a device says of a policy; `managed`: somebody else manages it. */
export type Compliance = 'full' | 'partial' | 'none' | 'managed';

/** A phone or desktop program that speaks ActiveSync, by the identifier it gave itself. */
export interface Device {
  readonly id: string;
  readonly type: string;
  readonly userAgent: string;
  /** Protocol version last used, `16.1`. */
  readonly protocol: string;
  /** Settings DeviceInformation as sent: Model, IMEI, FriendlyName, OS, … */
  readonly information: Readonly<Record<string, string>>;
  /** Final policy key the device must carry, 0 when it has none yet (MS-ASPROV). */
  readonly policyKey: number;
  /** Temporary key handed out in the first phase of provisioning. */
  readonly pendingPolicyKey: number;
  /** Identifier of the policy that it acknowledged; empty: one that asks for nothing, or none yet. */
  readonly policy: string;
  /** How far it says to apply that policy; empty: it has not said. */
  readonly compliance: Compliance | '';
  /** Protocol versions it was last told of, comma-separated; empty: all there are. */
  readonly versions: string;
  readonly wipe: WipeState;
  readonly blocked: boolean;
  /** Until when an operator wants its requests written down; null or past: not. */
  readonly traceUntil?: Date | null;
  /** Last Ping parameters and last Sync request, for requests that leave them out; JSON values of the face. */
  readonly cache: Readonly<Record<string, unknown>>;
}

export type DevicePatch = Partial<Omit<Device, 'id'>>;

/** One generation of what a device holds of a collection. `data` is a JSON value of the face. */
export interface SyncState<D = unknown> {
  /** Text of the SyncKey that names this state; never `0`. */
  readonly key: string;
  readonly data: D;
}

/** The two generations that are kept: the answer to `previous` may have been lost on its way. */
export interface SyncStates<D = unknown> {
  readonly current: SyncState<D>;
  readonly previous: SyncState<D> | null;
}

export interface DeviceSnapshot {
  readonly device: Device;
  /** By collection, only for those asked for that have a state. */
  readonly states: ReadonlyMap<Id, SyncStates>;
  /** When it was looked at, in microseconds by the store's own clock, which all processes share. */
  readonly at?: number;
}

export interface StateCommit {
  readonly collection: Id;
  /** The key of `current` when the state was opened, null when there was none: someone else's commit in between is a `conflict`. */
  readonly expected: string | null;
  /** Which stored generation the new one was computed from; it becomes `previous`. Null after a start from key 0. */
  readonly base: 'current' | 'previous' | null;
  readonly next: SyncState;
}

/** An item that could not be shown to a device, so that an operator can look at it. */
export interface LeftOut {
  readonly collection: Id;
  readonly item: string;
  readonly reason: string;
  readonly at: Date;
}

/** Registry of devices and what each has seen and holds. */
export interface DeviceStore {
  /** Device and sync states in one round trip; null when the device is unknown. */
  open(s: Scope, device: string, collections: readonly Id[]): Promise<DeviceSnapshot | null>;
  /** Creates the device or changes the fields named. */
  save(s: Scope, device: string, patch: DevicePatch): Promise<Device>;
  list(s: Scope): Promise<readonly Device[]>;
  /** All states in one transaction. @throws DomainError `conflict` */
  commit(s: Scope, device: string, commits: readonly StateCommit[]): Promise<void>;
  /** Forgets what the device holds of these collections. */
  dropStates(s: Scope, device: string, collections: readonly Id[]): Promise<void>;
  /**
   * Reserves the ClientId of a message that is about to be handed over. `sent`: the device sent it before (MS-ASCMD ClientId,
   * Status 118). `underway`: another request is at it, or died at it a moment ago; after a minute without an end it may be
   * tried again, because a message that arrives twice is better than one that is lost.
   */
  reserveSend(s: Scope, device: string, clientId: string): Promise<'go' | 'sent' | 'underway'>;
  /** The message was accepted. */
  confirmSend(s: Scope, device: string, clientId: string): Promise<void>;
  /** Gives a reservation back: the message was not accepted. */
  releaseSend(s: Scope, device: string, clientId: string): Promise<void>;
  /** Notes items that a device did not get; they are kept for a month. */
  noteLeftOut(s: Scope, device: string, items: readonly Omit<LeftOut, 'at'>[]): Promise<void>;
  /** What the device did not get, latest first, at most 1,000. */
  leftOut(s: Scope, device: string): Promise<readonly LeftOut[]>;
}
