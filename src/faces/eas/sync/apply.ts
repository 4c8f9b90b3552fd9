import { type Element, el, optional } from '../../../formats/wbxml/tree.js';
import { atLeast, type EasVersion } from '../versions.js';
import { type ClientCommand, SYNC } from './request.js';
import type { AppliedReply, ItemSource } from './source.js';
import type { Draft, Reply } from './state.js';

/**
 * Carries out the client's commands and makes their Responses. A command that was answered in the round that is now
 * repeated is not carried out again: its answer is given again and the draft is kept in step. `keep` stores what is done so far.
 */
export async function applyCommands(
  source: ItemSource,
  commands: readonly ClientCommand[],
  draft: Draft,
  earlier: Readonly<Record<string, Reply>>,
  version: EasVersion,
  keep: () => Promise<void>,
): Promise<readonly Element[]> {
  const replies = new Map<ClientCommand, AppliedReply>();
  const open: ClientCommand[] = [];
  /** Adds whose items were edited on the device before it heard of them, by the edit that is left to be done. */
  const edited = new Map<ClientCommand, ClientCommand>();
  for (const command of commands) {
    const known = command.kind === 'Fetch' ? undefined : (earlier[command.print] ?? earlier[creation(command)]);
    if (known) {
      source.settle(command, known, draft);
      replies.set(command, known);
      const edit = source.takesEdits && !earlier[command.print] ? editOf(command, known) : null;
      if (edit) edited.set(edit, command);
      if (edit) open.push(edit);
    } else open.push(command);
  }
  const done = async (place: number, reply: AppliedReply) => {
    record(draft, open[place] as ClientCommand, reply);
    await keep();
  };
  for (const [place, reply] of (await source.apply(open, draft, done)).entries()) {
    const command = open[place] as ClientCommand;
    const add = edited.get(command);
    if (!add) replies.set(command, reply);
    else if (reply.back || reply.status !== SYNC.Success) replies.set(add, { ...(replies.get(add) as AppliedReply), back: true });
  }
  for (const [command, reply] of replies) record(draft, command, reply);
  return commands.flatMap((command) => response(command, replies.get(command) as AppliedReply, version) ?? []);
}

/** An Add is known by its ClientId, even if the device edited the item before it sent it again. */
function creation(command: ClientCommand): string {
  return command.kind === 'Add' ? `id:${command.clientId}` : '';
}

/** The item is there, but not as the device has it by now. */
function editOf(command: ClientCommand, { status, serverId }: Reply): ClientCommand | null {
  if (command.kind !== 'Add' || status !== SYNC.Success || serverId === undefined) return null;
  return { ...command, kind: 'Change', clientId: null, serverId };
}

function record(draft: Draft, command: ClientCommand, reply: AppliedReply): void {
  if (command.kind === 'Fetch') return;
  const { status, serverId, back } = reply;
  const kept: Reply = { status, ...(serverId !== undefined && { serverId }), ...(back && { back }) };
  draft.replies[command.print] = kept;
  if (command.kind === 'Add' && status === SYNC.Success) draft.replies[creation(command)] = kept;
}

/** Every Add and Fetch is answered, Change and Delete when they failed, were about one occurrence or made something (MS-ASCMD Responses). */
function response(command: ClientCommand, reply: AppliedReply, version: EasVersion): Element | undefined {
  const occurrence = command.instance !== null && atLeast(version, '16.0');
  const quiet = (command.kind === 'Change' || command.kind === 'Delete') && !reply.data;
  if (quiet && reply.status === SYNC.Success && !occurrence) return undefined;
  return el(
    `AirSync:${command.kind}`,
    // Where it is not the folder's own class (MS-ASMS).
    command.className === 'SMS' && command.kind === 'Add' && atLeast(version, '14.1') ? el('AirSync:Class', 'SMS') : undefined,
    command.kind === 'Add' ? optional('AirSync:ClientId', command.clientId) : undefined,
    optional('AirSync:ServerId', reply.serverId ?? command.serverId),
    occurrence ? optional('AirSyncBase:InstanceId', command.instance) : undefined,
    el('AirSync:Status', reply.status),
    reply.data ? el('AirSync:ApplicationData', reply.data) : undefined,
  );
}
