import { IcalError } from '../../formats/ical/error.js';
import { isDomainError } from '../errors.js';
import type { MailFolder, MessageSummary } from '../mail/model.js';
import type { Mail } from '../mail/service.js';
import { type Clock, type Id, type Logger, type Session, SYSTEM } from '../types.js';
import type { Deliver } from './deliver.js';
import { calendarPart, readInvitations } from './invitations.js';
import type { MailMarkRow, SchedulingStore } from './store.js';

/** The first look goes back so far, in milliseconds. */
const LOOK_BACK = 14 * 86_400_000;
/** Messages of one look; older ones among more are left. */
const MAX_MESSAGES = 500;

const INBOX: MailFolder = { id: '', parent: null, name: 'INBOX', path: 'INBOX', role: 'inbox', selectable: true };

export interface InboundDeps {
  readonly store: SchedulingStore;
  readonly mail: Pick<Mail, 'mark' | 'list' | 'summaries' | 'parts'>;
  readonly deliver: Deliver;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Invitations and answers that come by mail (RFC 6047). INBOX is looked through from where the last look ended; what was
 * applied before says nothing new, so that two looks at once do no harm. Read messages stay unread.
 */
export class Inbound {
  readonly #looking = new Map<Id, { again: Session | null }>();
  readonly #running = new Set<Promise<void>>();

  constructor(private readonly deps: InboundDeps) {}

  /** Looks for new messages; a call during a look is a further one after it. */
  look(s: Session): void {
    if (!s.credentials) return;
    const looking = this.#looking.get(s.account);
    if (looking) {
      looking.again = s;
      return;
    }
    const done = this.run({ ...s, signal: undefined });
    this.#running.add(done);
    void done.finally(() => this.#running.delete(done));
  }

  async stop(): Promise<void> {
    await Promise.allSettled([...this.#running]);
  }

  private async run(s: Session): Promise<void> {
    const state: { again: Session | null } = { again: s };
    this.#looking.set(s.account, state);
    try {
      while (state.again) {
        const session = state.again;
        state.again = null;
        await this.lookOnce({ ...session, signal: undefined });
      }
    } catch (error) {
      const level = isDomainError(error) ? 'info' : 'warn';
      this.deps.log[level]({ account: s.account, err: error }, 'INBOX was not looked through for invitations');
    } finally {
      this.#looking.delete(s.account);
    }
  }

  private async lookOnce(s: Session): Promise<void> {
    const { mail, store } = this.deps;
    const [before, mark] = await Promise.all([store.mailMark(s.account), mail.mark({ ...s, origin: SYSTEM }, INBOX)]);
    const now: MailMarkRow = { uidValidity: mark.uidValidity, nextUid: mark.uidNext };
    if (before && before.uidValidity === now.uidValidity && before.nextUid >= now.nextUid) return;
    const uids = await this.newUids(s, before, now);
    const summaries = uids.length === 0 ? [] : await mail.summaries(s, INBOX, uids);
    await this.apply(
      s,
      [...summaries].sort((a, b) => a.uid - b.uid),
    );
    await store.setMailMark(s.account, before, now);
  }

  private async newUids(s: Session, before: MailMarkRow | null, now: MailMarkRow): Promise<readonly number[]> {
    if (before?.uidValidity === now.uidValidity) {
      const first = Math.max(before.nextUid, now.nextUid - MAX_MESSAGES);
      return Array.from({ length: now.nextUid - first }, (_, at) => first + at);
    }
    const since = new Date(this.deps.clock.now().getTime() - LOOK_BACK);
    return [...(await this.deps.mail.list(s, INBOX, since))].filter((uid) => uid < now.nextUid).slice(-MAX_MESSAGES);
  }

  private async apply(s: Session, messages: readonly MessageSummary[]): Promise<void> {
    const invitations = messages.filter((message) => calendarPart(message) !== null);
    if (invitations.length === 0) return;
    const texts = await readInvitations(this.deps.mail, s, INBOX, invitations);
    for (const message of invitations) {
      const text = texts.get(message.uid);
      if (text !== undefined) await this.applyOne(s, message, text);
    }
  }

  /** One broken message must not keep the others from being seen. */
  private async applyOne(s: Session, message: MessageSummary, text: string): Promise<void> {
    const from = message.from.length === 1 ? message.from[0]?.address.toLowerCase() : undefined;
    if (!from) return;
    try {
      const changed = await this.deps.deliver.deliver(s.user, { text, from, session: s });
      if (changed) this.deps.log.info({ account: s.account, uid: message.uid }, 'scheduling message by mail applied');
    } catch (error) {
      if (isDomainError(error, 'unavailable')) throw error;
      const level = error instanceof IcalError || isDomainError(error) ? 'info' : 'warn';
      this.deps.log[level]({ account: s.account, uid: message.uid, err: error }, 'scheduling message by mail refused');
    }
  }
}
