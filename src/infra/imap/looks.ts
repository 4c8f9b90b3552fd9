/** What identifies a state of a mailbox. */
export interface MailboxState {
  readonly uidValidity: string;
  readonly uidNext: number;
  readonly messages: number;
  readonly modseq: string | null;
}

const MAX_USERS = 20_000;

/**
 * The state in which each user's mailboxes were last looked at by this process. A watch that begins later compares with it,
 * so that a message which came between a phone's look and the watch is told too.
 */
export class Looks {
  private readonly users = new Map<string, Map<string, string>>();

  remember(user: string, path: string, state: MailboxState): void {
    const paths = this.users.get(user) ?? new Map<string, string>();
    this.users.delete(user);
    this.users.set(user, paths.set(path, stateKey(state)));
    if (this.users.size > MAX_USERS) this.users.delete(this.users.keys().next().value as string);
  }

  get(user: string, path: string): string | undefined {
    return this.users.get(user)?.get(path);
  }
}

/** A state as text to compare. */
export function stateKey({ uidValidity, uidNext, messages, modseq }: MailboxState): string {
  return `${uidValidity}:${uidNext}:${messages}:${modseq ?? ''}`;
}
