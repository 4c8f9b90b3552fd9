import pg from 'pg';
import type { ChangeBus } from '../../domain/notify/local-hub.js';
import type { Id, Logger } from '../../domain/types.js';
import { Lag, Outgoing, readSignals } from './outgoing.js';

const CHANNEL = 'gateway_changes';
/** Bytes of one payload; PostgreSQL refuses 8,000. */
const MAX_PAYLOAD = 7_900;
const LONGEST_PAUSE = 30_000;

/**
 * Change signals by NOTIFY on a connection of its own, after commit: inside the writing transaction it would cost five
 * to eight times, because commits that notify queue on one lock of the whole server. A signal that is lost with its
 * process is made good by the waiters' sweep.
 */
export class PostgresBus implements ChangeBus {
  private client: pg.Client | undefined;
  private heard: (account: Id, collection: Id) => void = () => undefined;
  private readonly outgoing = new Outgoing((payload) => this.notify(payload), MAX_PAYLOAD);
  private readonly lag = new Lag();
  private retry: NodeJS.Timeout | undefined;
  private pause = 500;
  private closed = false;

  constructor(
    private readonly url: string,
    private readonly log: Logger,
  ) {}

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

  /** Connects, and connects again by itself when the connection is lost. */
  async start(): Promise<void> {
    const client = new pg.Client({ connectionString: this.url, application_name: 'gateway-bus', keepAlive: true });
    client.on('error', () => undefined);
    client.on('end', () => this.reconnect());
    this.lag.forget();
    client.on('notification', ({ processId, payload = '' }) => {
      if (processId !== (client as unknown as { processID: number }).processID) readSignals(payload, this.heard);
      else this.lag.back(payload);
    });
    await client.connect();
    await client.query(`LISTEN ${CHANNEL}`);
    this.client = client;
    this.pause = 500;
  }

  async stop(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    await this.outgoing.flush();
    await this.client?.end().catch(() => undefined);
  }

  private async notify(payload: string): Promise<void> {
    this.lag.left(payload);
    await this.client?.query('SELECT pg_notify($1, $2)', [CHANNEL, payload]).catch((error: Error) => {
      this.log.warn({ error: error.message }, 'a change signal was lost');
    });
  }

  private reconnect(): void {
    if (this.closed || this.retry) return;
    this.client = undefined;
    this.log.warn({ pause: this.pause }, 'the bus connection was lost');
    this.retry = setTimeout(() => {
      this.retry = undefined;
      this.start().catch(() => this.reconnect());
    }, this.pause).unref();
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }
}
