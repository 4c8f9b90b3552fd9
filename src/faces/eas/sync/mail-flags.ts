import type { FlagState } from '../../../domain/mail/model.js';
import { COMPLETED, REVISIONS } from '../classes/follow-up.js';
import type { Draft } from './state.js';

const SEEN = '\\Seen';
const FLAGGED = '\\Flagged';
/** Flags of which a device sees something besides the categories. */
const VISIBLE: ReadonlyMap<string, string> = new Map(
  [SEEN, FLAGGED, '\\Answered', '$Forwarded', COMPLETED, ...REVISIONS].map((flag) => [flag.toLowerCase(), flag]),
);

/** Keywords that mail programs set for themselves: no categories. */
const INTERNAL = new Set([
  'nonjunk',
  'junk',
  'notjunk',
  'forwarded',
  'mdnsent',
  'gnupg',
  'recent',
  'redirected',
  'receipt-handled',
]);

/** Categories kept of one message. */
const MAX_CATEGORIES = 300;

/** The flags of a message that a device can see, in one spelling. */
export function visibleFlags(flags: readonly string[]): string[] {
  const visible = flags.flatMap((flag) => VISIBLE.get(flag.toLowerCase()) ?? (isCategory(flag) ? [flag] : []));
  return [...new Set(visible)].slice(0, MAX_CATEGORIES);
}

/** Whether a keyword is one that people see: not the system's, not a mail program's own mark. */
export function isCategory(flag: string): boolean {
  return !flag.startsWith('\\') && !flag.startsWith('$') && !INTERNAL.has(flag.toLowerCase());
}

/** Category text → IMAP keyword: what an atom can't hold is written as `=` and two hexadecimal digits for each byte. */
export function keywordOf(category: string): string {
  return [...Buffer.from(category, 'utf8')]
    .map((byte) => (isAtomByte(byte) ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`))
    .join('');
}

/** IMAP keyword → category text. */
export function categoryOf(keyword: string): string {
  if (!/=[0-9A-F]{2}/.test(keyword)) return keyword;
  const latin = keyword.replace(/=([0-9A-F]{2})/g, (_all, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
  return Buffer.from(latin, 'latin1').toString('utf8');
}

function isAtomByte(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f && !'(){%*"\\]=$'.includes(String.fromCharCode(byte));
}

/** Whether the device's picture of the message differs from these flags. */
export function differs(draft: Draft, { uid, flags }: FlagState): boolean {
  const visible = new Set(visibleFlags(flags));
  for (const flag of visible) if (!draft.flags.get(flag)?.has(uid)) return true;
  for (const [flag, uids] of draft.flags) if (!visible.has(flag) && uids.has(uid)) return true;
  return false;
}

/** Notes what the device now knows of the messages' flags. */
export function noteFlags(draft: Draft, messages: readonly FlagState[]): void {
  const byFlag = new Map<string, number[]>();
  const uids = messages.map((message) => message.uid);
  for (const { uid, flags } of messages)
    for (const flag of visibleFlags(flags)) byFlag.set(flag, [...(byFlag.get(flag) ?? []), uid]);
  draft.noteFlags(uids, byFlag);
}
