import { lookup } from 'node:dns';
import { Agent } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import webpush from 'web-push';
import type { PushOutcome, PushSubscription, PushTransport, VapidKeys } from '../../domain/push/model.js';
import type { Logger } from '../../domain/types.js';
import { isPublicAddress } from './addresses.js';

const TIMEOUT = 10_000;
/** How long the push service keeps a message for a device that is away, in seconds. */
const TTL = 86_400;

export interface WebPushOptions {
  readonly log: Logger;
  /** Contact of the operator, a `mailto:` or `https:` URL (RFC 8292 §2.1). */
  readonly subject: string;
  /** Only these hosts get messages; absent: every public one. */
  readonly hosts?: readonly string[];
  /** For tests: also private addresses, with this certificate authority. */
  readonly insecure?: { readonly ca: string };
}

/**
 * Web Push: encrypted (RFC 8291), signed with VAPID (RFC 8292), to public addresses only. The address is judged where the
 * connection is made, after the name was resolved, so a name that changes its mind gains nothing; redirects are not followed.
 */
export class WebPush implements PushTransport {
  private readonly agent: Agent;

  constructor(private readonly options: WebPushOptions) {
    this.agent = new Agent({ keepAlive: false, ...(options.insecure ? { ca: options.insecure.ca } : { lookup: publicLookup }) });
  }

  makeKeys(): VapidKeys {
    return webpush.generateVAPIDKeys();
  }

  async send(subscription: PushSubscription, message: string, keys: VapidKeys): Promise<PushOutcome> {
    const { resource, publicKey, authSecret } = subscription;
    const { hostname } = new URL(resource);
    if (!this.allowed(hostname)) return 'gone';
    try {
      await webpush.sendNotification({ endpoint: resource, keys: { p256dh: publicKey, auth: authSecret } }, message, {
        vapidDetails: { subject: this.options.subject, ...keys },
        contentEncoding: 'aes128gcm',
        TTL,
        timeout: TIMEOUT,
        agent: this.agent,
      });
      return 'ok';
    } catch (error) {
      const status = (error as { statusCode?: number }).statusCode;
      this.options.log.debug({ host: hostname, status, error: status ? undefined : String(error) }, 'push refused');
      return status === 404 || status === 410 ? 'gone' : 'failed';
    }
  }

  /** A literal address is never looked up, so it is judged here. */
  private allowed(hostname: string): boolean {
    const address = hostname.replace(/^\[|\]$/g, '');
    const { hosts, insecure } = this.options;
    if (hosts && !hosts.includes(hostname)) return false;
    return insecure !== undefined || isIP(address) === 0 || isPublicAddress(address);
  }
}

const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const found = addresses?.filter(({ address }) => isPublicAddress(address)) ?? [];
    const [first] = found;
    if (error || !first) callback(error ?? new Error(`${hostname} has no public address`), '', 0);
    else if (options.all) callback(null, found);
    else callback(null, first.address, first.family);
  });
};
