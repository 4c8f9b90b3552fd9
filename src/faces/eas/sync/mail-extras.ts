import type { MailFolder, MessageSummary } from '../../../domain/mail/model.js';
import { type MailNote, noteKey } from '../../../domain/mail/notes.js';
import { calendarPart, readInvitations } from '../../../domain/scheduling/invitations.js';
import { type RenderedBody, renderBodyParts } from '../classes/body.js';
import { mayHaveNote } from '../classes/email.js';
import type { EasContext } from '../context.js';
import type { SyncOptions } from './state.js';

/** What is shown of messages besides their summary and body, by UID. */
export interface MailExtras {
  /** Calendar texts of messages about meetings. */
  readonly invitations: ReadonlyMap<number, string>;
  /** What devices said of them. */
  readonly notes: ReadonlyMap<number, MailNote>;
  /** What each adds to its conversation. */
  readonly bodyParts: ReadonlyMap<number, RenderedBody>;
}

const NONE: ReadonlyMap<number, never> = new Map<number, never>();
export const NO_EXTRAS: MailExtras = { invitations: NONE, notes: NONE, bodyParts: NONE };

/** Reads them for messages that are shown whole. */
export async function readExtras(
  context: EasContext,
  folder: MailFolder,
  messages: readonly MessageSummary[],
  options: SyncOptions,
): Promise<MailExtras> {
  return {
    invitations: await invitationsOf(context, folder, messages),
    notes: await readNotes(context, messages),
    bodyParts: options.bodyPart ? await renderBodyParts(context, folder, messages, options.bodyPart) : NONE,
  };
}

/** A calendar part that can't be read makes no meeting of the message. */
async function invitationsOf({ services, session }: EasContext, folder: MailFolder, messages: readonly MessageSummary[]) {
  if (!messages.some((message) => calendarPart(message))) return NONE;
  return readInvitations(services.mail, session, folder, messages);
}

/** What devices said of these messages; asked only for those that carry a mark of it. */
export async function readNotes(
  { services, session }: EasContext,
  messages: readonly MessageSummary[],
): Promise<ReadonlyMap<number, MailNote>> {
  const marked = messages.filter(mayHaveNote);
  if (marked.length === 0) return NONE;
  const found = await services.mailNotes.read(session, marked.map(noteKey));
  return new Map(
    marked.flatMap((message) => {
      const note = found.get(noteKey(message));
      return note ? [[message.uid, note] as const] : [];
    }),
  );
}
