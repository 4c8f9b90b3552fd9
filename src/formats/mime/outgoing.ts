import libmime from 'libmime';
import { envelopeAddress, parseAddressList, sameAddress } from './addresses.js';
import { fieldValue, type HeaderField, joinMessage, MimeError, splitMessage } from './headers.js';

/** More recipients of one message are refused. */
export const MAX_RECIPIENTS = 1000;

/** Who sends, and what is added where the phone left it out. */
export interface Sender {
  readonly address: string;
  /** Further addresses that may stand in From. */
  readonly aliases: readonly string[];
  readonly displayName: string;
  readonly date: Date;
  /** Without angle brackets. */
  readonly messageId: string;
  /** Somebody else's addresses, in whose name it is sent: From is theirs, Sender says who sends it (RFC 5322 §3.6.2). */
  readonly onBehalfOf?: readonly string[];
}

/** A message ready to be submitted. */
export interface Outgoing {
  readonly from: string;
  readonly to: readonly string[];
  /** Without Bcc. */
  readonly transmitted: Uint8Array;
  /** With Bcc, for the sender's own Sent folder. */
  readonly kept: Uint8Array;
}

const RECIPIENT_FIELDS = ['to', 'cc', 'bcc'];
/** Set by those who deliver, not by those who send; a foreign Sender would contradict the login. */
const DROPPED_FIELDS = new Set(['return-path', 'delivered-to', 'sender']);

/**
 * Puts a phone's message right without touching its body, so that signatures stay valid: From is an own address, Date and
 * Message-ID are there, Bcc goes into the envelope only.
 * @throws MimeError when it can't be read or names no or too many recipients.
 */
export function prepareOutgoing(raw: Uint8Array, sender: Sender): Outgoing {
  const { fields, body } = splitMessage(raw);
  const to = recipients(fields);
  const from = ownFrom(fields, sender);
  const kept = complete([...from.fields.filter((field) => !DROPPED_FIELDS.has(field.name)), ...from.sender], sender);
  const open = kept.filter((field) => field.name !== 'bcc');
  const whole = joinMessage(kept, body);
  // A large message is not held twice for nothing.
  return { from: from.address, to, kept: whole, transmitted: open.length === kept.length ? whole : joinMessage(open, body) };
}

/** Envelope recipients of To, Cc and Bcc, each once. */
function recipients(fields: readonly HeaderField[]): readonly string[] {
  const found = new Map<string, string>();
  for (const field of fields.filter(({ name }) => RECIPIENT_FIELDS.includes(name))) {
    for (const { address } of parseAddressList(headerText(field))) {
      const fit = envelopeAddress(address);
      if (fit === null) throw new MimeError(`not an address: ${address.slice(0, 80)}`);
      found.set(fit.toLowerCase(), fit);
    }
  }
  if (found.size === 0) throw new MimeError('no recipient');
  if (found.size > MAX_RECIPIENTS) throw new MimeError('too many recipients');
  return [...found.values()];
}

/** Whether a message goes to more than one mailbox; what can't be read goes to none. */
export function isToSeveral(raw: Uint8Array): boolean {
  try {
    return recipients(splitMessage(raw).fields).length > 1;
  } catch {
    return false;
  }
}

/** The fields with their From, the envelope's sender, and a Sender where that is somebody else. */
interface From {
  readonly fields: readonly HeaderField[];
  readonly address: string;
  readonly sender: readonly HeaderField[];
}

/** Keeps a From that is the sender's own; anything else becomes the account's address. */
function ownFrom(fields: readonly HeaderField[], sender: Sender): From {
  const given = fields.filter((field) => field.name === 'from');
  const addresses = given.flatMap((field) => parseAddressList(headerText(field)));
  const own = [sender.address, ...sender.aliases];
  const first = addresses[0]?.address ?? '';
  const match = own.find((address) => sameAddress(address, first));
  const isOne = given.length === 1 && addresses.length === 1;
  if (isOne && match !== undefined) return { fields, address: match, sender: [] };
  if (isOne && sender.onBehalfOf?.some((address) => sameAddress(address, first))) {
    const field = { name: 'sender', raw: `Sender: ${mailbox(sender.displayName, sender.address)}` };
    return { fields, address: sender.address, sender: [field] };
  }
  const from = { name: 'from', raw: `From: ${mailbox(sender.displayName, sender.address)}` };
  return { fields: [from, ...fields.filter((field) => field.name !== 'from')], address: sender.address, sender: [] };
}

function complete(fields: readonly HeaderField[], sender: Sender): readonly HeaderField[] {
  const has = (name: string) => fields.some((field) => field.name === name);
  const added = [
    { name: 'date', raw: `Date: ${mailDate(sender.date)}` },
    { name: 'message-id', raw: `Message-ID: <${sender.messageId}>` },
    { name: 'mime-version', raw: 'MIME-Version: 1.0' },
  ];
  return [...fields, ...added.filter(({ name }) => !has(name))];
}

/** Raw UTF-8 in a header (RFC 6532) is read as such. */
function headerText(field: HeaderField): string {
  return Buffer.from(fieldValue(field), 'latin1').toString('utf8');
}

/** `Name <address>` with the name quoted or encoded as needed. */
export function mailbox(name: string, address: string): string {
  const clean = name
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
    .slice(0, 200);
  if (clean === '') return address;
  if (/^[\w !#$%&'*+/=?^`{|}~-]+$/.test(clean)) return `${clean} <${address}>`;
  if (/^[ -~]*$/.test(clean)) return `"${clean.replace(/["\\]/g, '\\$&')}" <${address}>`;
  return `${libmime.encodeWord(clean, 'B', 52)} <${address}>`;
}

/** RFC 5322 §3.3, in UTC. */
export function mailDate(date: Date): string {
  return date.toUTCString().replace(/GMT$/, '+0000');
}
