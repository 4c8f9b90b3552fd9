import { createHmac } from 'node:crypto';
import { DomainError } from '../errors.js';
import { HIERARCHY } from '../notify/hub.js';
import type { Clock, Id, Logger, Scope } from '../types.js';
import type { NewSubscription, PushStore, PushSubscription, PushTransport, VapidKeys } from './model.js';

/** A subscription lives at least three days by the draft; more spares the clients renewals. */
const DEFAULT_LIFE = 7 * 86_400_000;
const LONGEST_LIFE = 30 * 86_400_000;
/** In a scope's `quiet`: none of the actor's registrations is to be told. */
export const EVERY_REGISTRATION: Id = '*';
/** Changes within this time become one message, in milliseconds. */
const DEBOUNCE = 1_500;
/** Messages under way at the same time. */
const PARALLEL = 20;

export interface PushDeps {
  readonly store: PushStore;
  readonly transport: PushTransport;
  readonly clock: Clock;
  readonly log: Logger;
  /** The text of a message about a topic. */
  readonly message: (topic: string, changed: { readonly content: boolean; readonly properties: boolean }) => string;
}

interface Pending {
  readonly account: Id;
  readonly collection: Id;
  /** Registrations that asked not to be told of all the changes so far. */
  quiet: ReadonlySet<Id> | null;
}

/** WebDAV-Push: tells subscribed clients that a collection changed, soon after commit and outside the request. */
export class Push {
  private readonly pending = new Map<string, Pending>();
  private readonly keys: Promise<VapidKeys>;
  private sending = 0;

  constructor(private readonly deps: PushDeps) {
    this.keys = deps.store.keys(() => deps.transport.makeKeys());
    this.keys.catch(() => undefined);
  }

  /** The installation's public VAPID key, base64url (RFC 8292). */
  async publicKey(): Promise<string> {
    return (await this.keys).publicKey;
  }

  /** A name for a collection that is stable whatever its URL, and tells nobody whose it is. */
  async topic(account: Id, collection: Id): Promise<string> {
    const { privateKey } = await this.keys;
    return createHmac('sha256', privateKey).update(`${account}/${collection}`).digest('base64url').slice(0, 24);
  }

  /** @throws DomainError `invalid` for a push resource that no message may be sent to */
  async subscribe(
    s: Scope,
    wish: Omit<NewSubscription, 'expires'> & { readonly expires?: Date },
  ): Promise<{ readonly id: Id; readonly created: boolean; readonly expires: Date }> {
    const now = this.deps.clock.now().getTime();
    const asked = wish.expires?.getTime() ?? now + DEFAULT_LIFE;
    const expires = new Date(Math.min(now + LONGEST_LIFE, Math.max(now + DEFAULT_LIFE, asked)));
    if (!URL.canParse(wish.resource) || new URL(wish.resource).protocol !== 'https:') {
      throw new DomainError('invalid', 'the push resource must be an https URL');
    }
    return { ...(await this.deps.store.save(s, { ...wish, expires })), expires };
  }

  unsubscribe(s: Scope, id: Id): Promise<boolean> {
    return this.deps.store.remove(s, id);
  }

  /** A collection changed; its author names his registrations that need not be told, or all of them. */
  changed(account: Id, collection: Id, by?: Pick<Scope, 'account' | 'quiet'>): void {
    const quiet = by?.quiet ?? [];
    // Nobody can keep a change from those whom he shares the collection with.
    if (quiet.includes(EVERY_REGISTRATION) && by?.account === account) return;
    const key = `${account}/${collection}`;
    const waiting = this.pending.get(key);
    if (waiting) {
      waiting.quiet = new Set(quiet.filter((id) => waiting.quiet?.has(id)));
      return;
    }
    this.pending.set(key, { account, collection, quiet: new Set(quiet) });
    setTimeout(() => void this.deliver(key), DEBOUNCE).unref();
  }

  private async deliver(key: string): Promise<void> {
    const pending = this.pending.get(key);
    this.pending.delete(key);
    if (!pending) return;
    try {
      const subscriptions = await this.deps.store.of(pending.account, pending.collection);
      const told = subscriptions.filter((subscription) => !pending.quiet?.has(subscription.id));
      if (told.length === 0) return;
      const topic = await this.topic(pending.account, pending.collection);
      for (const subscription of told) await this.send(pending, subscription, topic);
    } catch (error) {
      this.deps.log.warn({ error: String(error), collection: pending.collection }, 'push failed');
    }
  }

  private async send({ account, collection }: Pending, subscription: PushSubscription, topic: string): Promise<void> {
    const changed = { content: subscription.contentUpdate, properties: collection === HIERARCHY && subscription.propertyUpdate };
    if (!changed.content && !changed.properties) return;
    if (this.sending >= PARALLEL) return; // a hint that comes late is worth less than the queue it would wait in
    this.sending++;
    try {
      const outcome = await this.deps.transport.send(subscription, this.deps.message(topic, changed), await this.keys);
      await this.deps.store.delivered(account, subscription.id, outcome);
    } finally {
      this.sending--;
    }
  }
}
