import { PAGES } from '../../src/formats/wbxml/pages.js';

/** What a phone must know of a Sync answer for one collection. */
export interface Scanned {
  readonly status: string | undefined;
  readonly syncKey: string | undefined;
  readonly added: number;
  readonly changed: number;
  readonly more: boolean;
}

const [SWITCH_PAGE, END, STR_I, OPAQUE] = [0x00, 0x01, 0x03, 0xc3];
const HEADER_BYTES = 4;
const CONTENT = 0x40;
const AIR_SYNC = 0;

/**
 * Reads a Sync answer of one collection by skipping over its content: the phone's own work, which is another machine's in
 * life, must not be what is measured here.
 */
export function scanSync(body: Buffer): Scanned {
  const { Status, SyncKey, Add, Change, MoreAvailable } = PAGES.AirSync.tokens;
  const texts = new Map<number, string>();
  const counts = new Map<number, number>();
  const open: number[] = [];
  let page = AIR_SYNC;
  for (let at = HEADER_BYTES; at < body.length; ) {
    const byte = body[at++] as number;
    if (byte === SWITCH_PAGE) page = body[at++] as number;
    else if (byte === END) open.pop();
    else if (byte === STR_I) {
      const end = body.indexOf(0, at);
      const tag = open.at(-1) as number;
      if (page === AIR_SYNC && (tag === Status || tag === SyncKey) && !texts.has(tag))
        texts.set(tag, body.toString('latin1', at, end));
      at = end + 1;
    } else if (byte === OPAQUE) {
      let length = 0;
      for (let more = true; more; at++) {
        const part = body[at] as number;
        length = length * 0x80 + (part & 0x7f);
        more = part >= 0x80;
      }
      at += length;
    } else {
      const tag = byte & 0x3f;
      if (page === AIR_SYNC) counts.set(tag, (counts.get(tag) ?? 0) + 1);
      if (byte & CONTENT) open.push(page === AIR_SYNC ? tag : -1);
    }
  }
  return {
    status: texts.get(Status),
    syncKey: texts.get(SyncKey),
    added: counts.get(Add) ?? 0,
    changed: counts.get(Change) ?? 0,
    more: counts.has(MoreAvailable),
  };
}
