import { children, childText, type Element } from '../../formats/wbxml/tree.js';
import type { BodyPreference } from './classes/item-class.js';
import { StatusError } from './status.js';
import { integer, readBodyPart, readBodyPreferences } from './sync/request.js';
import { DEFAULT_OPTIONS, type SyncOptions } from './sync/state.js';

/** What both ItemOperations and Search say of a request that breaks the protocol. */
const PROTOCOL_ERROR = 2;

/**
 * BodyPreference and MIMESupport of an ItemOperations or Search request. Without any, `absent` says which bodies come.
 * @throws StatusError 2
 */
export function readItemOptions(element: Element | undefined, absent: SyncOptions['bodies']): SyncOptions {
  const bodies = readBodies(element);
  return {
    ...DEFAULT_OPTIONS,
    mimeSupport: integer(childText(element, 'AirSync:MIMESupport') ?? '') ?? 0,
    bodies: bodies.length > 0 ? bodies : absent,
    ...readBodyPart(element),
  };
}

function readBodies(element: Element | undefined): readonly BodyPreference[] {
  try {
    return readBodyPreferences(children(element, 'AirSyncBase:BodyPreference'));
  } catch (error) {
    if (error instanceof StatusError) throw new StatusError(PROTOCOL_ERROR, error.message);
    throw error;
  }
}
