import { randomUUID } from 'node:crypto';
import { createClient } from 'redis';
import type { ChangeBus } from '../../domain/notify/local-hub.js';
import type { Id, Logger } from '../../domain/types.js';
import { Lag, Outgoing, readSignals } from './outgoing.js';

const CHANNEL = 'gateway:changes';
const MAX_PAYLOAD = 64_000;
const LONGEST_PAUSE = 10_000;

/** Change signals by Redis publish/subscribe. What is lost while Redis is away is made good by the waiters' sweep. */
export class RedisBus implements ChangeBus {
  private heard: (account: Id, collection: Id) => void = () => undefined;
  private readonly self = randomUUID();
  private readonly publisher;
  private readonly subscriber;
  private readonly lag = new Lag();
  private readonly outgoing = new Outgoing((payload) => this.publish(payload), MAX_PAYLOAD);

  constructor(
    url: string,
    private readonly log: Logger,
  ) {
    const reconnectStrategy = (tries: number) => Math.min(LONGEST_PAUSE, 100 * 2 ** Math.min(tries, 10));
    this.publisher = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy } });
    this.subscriber = this.publisher.duplicate();
    for (const client of [this.publisher, this.subscriber]) {
      client.on('error', (error: Error) => this.log.warn({ error: error.message }, 'Redis is not reachable'));
    }
  }

  /** Seconds from a signal's leaving to its arrival, as last seen. */
  get lagSeconds(): number {
    return this.lag.seconds;
  }

  listen(heard: (account: Id, collection: Id) => void): void {
    this.heard = heard;
  }

  send(account: Id, collection: Id): void {
    this.heard(account, collection);
    this.outgoing.add(account, collection);
  }

  async start(): Promise<void> {
    await Promise.all([this.publisher.connect(), this.subscriber.connect()]);
    await this.subscriber.subscribe(CHANNEL, (message) => {
      const space = message.indexOf(' ');
      if (message.slice(0, space) !== this.self) readSignals(message.slice(space + 1), this.heard);
      else this.lag.back(message.slice(space + 1));
    });
  }

  async stop(): Promise<void> {
    await this.outgoing.flush();
    this.publisher.destroy();
    this.subscriber.destroy();
  }

  private async publish(payload: string): Promise<void> {
    this.lag.left(payload);
    await this.publisher.publish(CHANNEL, `${this.self} ${payload}`).catch((error: Error) => {
      this.log.warn({ error: error.message }, 'a change signal was lost');
    });
  }
}
