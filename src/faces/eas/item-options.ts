import { children, childText, type Element } from '../../formats/wbxml/tree.js';
import { integer, readBodyPreferences } from './sync/request.js';
import { DEFAULT_OPTIONS, type SyncOptions } from './sync/state.js';

/** BodyPreference and MIMESupport of an ItemOperations or Search request. Without any, `absent` says which bodies come. */
export function readItemOptions(element: Element | undefined, absent: SyncOptions['bodies']): SyncOptions {
  const bodies = readBodyPreferences(children(element, 'AirSyncBase:BodyPreference'));
  return {
    ...DEFAULT_OPTIONS,
    mimeSupport: integer(childText(element, 'AirSync:MIMESupport') ?? '') ?? 0,
    bodies: bodies.length > 0 ? bodies : absent,
  };
}
