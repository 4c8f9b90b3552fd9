import { createHash } from 'node:crypto';
import { ATTACHMENT_LIMITS, type Attachment } from '../../../domain/attachments/model.js';
import { addAttachment, idsIn } from '../../../domain/attachments/text.js';
import type { Collection } from '../../../domain/pim/model.js';
import { children, childText, type Element, el } from '../../../formats/wbxml/tree.js';
import { deletedFiles, eventFileReference, fileLists } from '../classes/event-attachments.js';
import { type AddedFile, MalformedItem } from '../classes/item-class.js';
import type { EasContext } from '../context.js';
import { atLeast } from '../versions.js';
import { readAdded } from './draft-request.js';
import type { ClientCommand } from './request.js';

/** Files that a command added to an event, kept before its text names them. */
export interface KeptFiles {
  readonly files: readonly AddedFile[];
  readonly attachments: readonly Attachment[];
}

export const NO_FILES: KeptFiles = { files: [], attachments: [] };

/**
 * Keeps what a command adds to an event, or to occurrences of a new one (MS-ASAIRS Add, from 16.0 on). The identifiers
 * follow from the command, so that one that is repeated after a crash adds nothing twice.
 * @param text the event as it is; empty for a new one
 * @throws MalformedItem, DomainError `too-large`, `forbidden`
 */
export async function keepFiles(
  context: EasContext,
  collection: Collection,
  command: ClientCommand,
  how: { readonly requestKey: string; readonly text: string; readonly serverId: string | null },
): Promise<KeptFiles> {
  if (!command.data || collection.kind !== 'calendar' || !atLeast(context.version, '16.0')) return NO_FILES;
  const lists = fileLists(command.data, command.kind === 'Add');
  const deleted = lists.flatMap(({ list }) => deletedFiles(list));
  if (deleted.some((name) => !name || name.serverId !== how.serverId))
    throw new MalformedItem('a file of another item is to be deleted');
  const adds = lists.flatMap(({ list, of }) => children(list, 'AirSyncBase:Add').map((add) => ({ add, of })));
  const rest = idsIn(how.text).filter((id) => !deleted.some((name) => name?.key === `m${id}`));
  if (adds.length > 0 && adds.length + rest.length > ATTACHMENT_LIMITS.perItem) throw new MalformedItem('too many attachments');
  const files: AddedFile[] = [];
  const attachments: Attachment[] = [];
  for (const { add, of } of adds) {
    const file = readAdded(add);
    const clientId = childText(add, 'AirSyncBase:ClientId');
    if (!file || clientId === undefined) throw new MalformedItem('unreadable attachment');
    const facts = [
      context.query.deviceId,
      collection.id,
      how.requestKey,
      command.kind === 'Add' ? command.clientId : command.print,
      clientId,
      ...(of === '' ? [] : [of]),
    ];
    const id = uuidOf([collection.source.account, ...facts].join('\n'));
    const draft = { id, name: file.name, type: file.isMessage ? 'message/rfc822' : file.type, content: file.bytes };
    const { attachment, url } = await context.services.attachments.hold(context.session, collection, draft);
    attachments.push(attachment);
    files.push({ add, clientId, write: (part) => addAttachment(part, attachment, url) });
  }
  return { files, attachments };
}

/** Names for what was added, for the ApplicationData of the answer (MS-ASAIRS ClientId). */
export function fileNames({ files, attachments }: KeptFiles, serverId: string): Element[] {
  if (files.length === 0) return [];
  const named = files.map(({ clientId }, at) =>
    el(
      'AirSyncBase:Attachment',
      el('AirSyncBase:FileReference', eventFileReference({ serverId, key: `m${attachments[at]?.id}` })),
      el('AirSyncBase:ClientId', clientId),
    ),
  );
  return [el('AirSyncBase:Attachments', named)];
}

/** A UUID of version 8 (RFC 9562 §5.8): 122 bits of a hash. */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
