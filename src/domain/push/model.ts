import type { Id, Scope } from '../types.js';

/** Where and how a client wants to be told of changes (draft-bitfire-webdav-push). */
export interface PushSubscription {
  readonly id: Id;
  /** Collection of the subscriber's home, or `hierarchy` for the home itself. */
  readonly collection: Id;
  /** URL of the push service. */
  readonly resource: string;
  /** Subscriber's P-256 public key and secret, base64url (RFC 8291). */
  readonly publicKey: string;
  readonly authSecret: string;
  readonly contentUpdate: boolean;
  readonly propertyUpdate: boolean;
  readonly expires: Date;
}

export type NewSubscription = Omit<PushSubscription, 'id'>;

export interface VapidKeys {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** Persistence of subscriptions; implemented by infra/db. */
export interface PushStore {
  /** The installation's VAPID keys; `make` is asked once in its life. */
  keys(make: () => VapidKeys): Promise<VapidKeys>;
  /** Creates the subscription, or renews the one with the same push resource. @throws DomainError `too-large` */
  save(s: Scope, subscription: NewSubscription): Promise<{ readonly id: Id; readonly created: boolean }>;
  remove(s: Scope, id: Id): Promise<boolean>;
  /** Those in force for a collection. */
  of(account: Id, collection: Id): Promise<readonly PushSubscription[]>;
  /** Notes the outcome of a delivery; a subscription that keeps failing is dropped. */
  delivered(account: Id, id: Id, outcome: PushOutcome): Promise<void>;
}

/** `gone`: the push service says that the subscription is over. */
export type PushOutcome = 'ok' | 'failed' | 'gone';

/** Encrypts and posts a message. Implemented by infra/webpush. */
export interface PushTransport {
  makeKeys(): VapidKeys;
  send(subscription: PushSubscription, message: string, keys: VapidKeys): Promise<PushOutcome>;
}
