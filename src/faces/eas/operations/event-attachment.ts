import { Readable } from 'node:stream';
import { DomainError } from '../../../domain/errors.js';
import { type EventFileName, findEventFile } from '../classes/event-attachments.js';
import { openObject } from '../classes/event-model.js';
import type { EasContext } from '../context.js';
import { type ByteRange, slice } from '../sync/attachment.js';
import { splitServerId } from '../sync/source.js';
import type { Attachment } from './attachment.js';
import { within } from './large.js';

/** Files of more bytes are sent while they are read. */
const LARGE = 1024 * 1024;

/** Opens a file of an event or a range of it, for whoever sees the event. @throws DomainError `not-found` */
export async function openEventFile(context: EasContext, name: EventFileName, range: ByteRange | null): Promise<Attachment> {
  const { session, services } = context;
  const id = splitServerId(name.serverId);
  if (!id) throw missing();
  const collection = await services.pim.collection(session, id.collection);
  const item = await services.pim.item(session, collection, { id: String(id.number) });
  const file = item && findEventFile(openObject(item.text, session.user), name.key);
  if (!file) throw missing();
  if (file.inline) return { type: file.type, ...(await slice(Readable.from([file.inline]), range)) };
  const opened = await services.attachments.open(session, await keeper(context, file.uri), file.id);
  if (!opened) throw missing();
  const { type, size } = opened.attachment;
  const read = () => Readable.from(opened.content());
  if (size <= LARGE) return { type, ...(await slice(read(), range)) };
  const span = { first: range?.first ?? 0, last: Math.min(range?.last ?? size - 1, size - 1) };
  return { type, bytes: { length: Math.max(0, span.last + 1 - span.first), open: () => within(read(), span) }, total: size };
}

/** The account that keeps a file: an invited user's event names one of the organizer's. */
async function keeper({ session, services }: EasContext, uri: string): Promise<string> {
  const address = services.attachments.ownerIn(uri)?.toLowerCase();
  if (address === undefined) throw missing();
  const { user } = session;
  if ([user.address, ...user.aliases].some((own) => own.toLowerCase() === address)) return user.id;
  const owner = await services.directory.byAddress(session, address);
  if (!owner) throw missing();
  return owner.id;
}

function missing(): DomainError {
  return new DomainError('not-found', 'no such attachment');
}
