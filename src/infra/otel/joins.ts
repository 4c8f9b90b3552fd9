import type { MailBackend } from '../../domain/mail/backend.js';
import type { Tracing } from '../../domain/tracing.js';

// biome-ignore lint/suspicious/noExplicitAny: methods of others with whatever they take
type Method = (...args: any[]) => unknown;

/** Methods of a connection that send commands. IDLE is none: it lasts. */
const IMAP_COMMANDS: ReadonlySet<string | symbol> = new Set([
  'select', 'noop', 'status', 'list', 'mailboxIds', 'fetch', 'fetchRows', 'fetchSection', 'search', 'threads', 'store', 'move',
  'expunge', 'append', 'create', 'rename', 'delete',
]); // biome-ignore format: names

/** A span for each IMAP command of a connection, by its name: mailboxes and what they hold stay here. */
export function tracedImap<C extends object>(client: C, tracing: Tracing): C {
  return new Proxy(client, {
    get: (target, name) => {
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as Method;
      if (!IMAP_COMMANDS.has(name)) return method;
      return (...args: unknown[]) =>
        tracing.within('client', `IMAP ${String(name)}`, {}, async () => (await method(...args)) as unknown);
    },
  });
}

/** A span for each message that is handed to the submission server. */
export function traceSending(backend: MailBackend, tracing: Tracing): void {
  const submit = backend.submit.bind(backend);
  backend.submit = (s, envelope, raw) =>
    tracing.within('client', 'SMTP send', { 'gateway.bytes': raw.length }, () => submit(s, envelope, raw));
}
