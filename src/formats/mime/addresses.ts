import { domainToASCII } from 'node:url';
import { addressParser } from 'postal-mime';

/** Longer address headers are cut. */
const MAX_LIST_CHARS = 256 * 1024;

export interface MailboxAddress {
  /** Decoded display name, may be empty. */
  readonly name: string;
  /** `local@domain` as written. */
  readonly address: string;
}

/** The mailboxes of an address header, groups (RFC 5322 §3.4) opened; entries without an address are left out. */
export function parseAddressList(value: string): readonly MailboxAddress[] {
  const flat = addressParser(value.slice(0, MAX_LIST_CHARS), { flatten: true });
  return flat
    .map((entry) => ({ name: entry.name ?? '', address: (entry.address ?? '').trim() }))
    .filter((entry) => entry.address !== '');
}

/** An address fit for an SMTP envelope, its domain in ASCII; null when it is none. */
export function envelopeAddress(address: string): string | null {
  const at = address.lastIndexOf('@');
  const local = address.slice(0, at);
  const domain = domainToASCII(address.slice(at + 1)).toLowerCase();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters would end the SMTP command
  const unfit = /[\u0000-\u0020<>\u007f]/;
  if (at < 1 || local.length > 256 || unfit.test(local) || !/^[a-z0-9.:[\]-]{1,255}$/.test(domain)) return null;
  return `${local}@${domain}`;
}

/** Whether two addresses are the same mailbox, read as every provider does: without regard to case. */
export function sameAddress(left: string, right: string): boolean {
  return left.trim().toLowerCase() === right.trim().toLowerCase();
}
