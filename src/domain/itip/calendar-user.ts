import type { Component, Property } from '../../formats/content-lines.js';

/** A calendar user's mail address, lower case, without `mailto:`. */
export type Address = string;

/** Addresses that are one person. */
export type Own = ReadonlySet<Address>;

/** Somebody who was not invited by an address of their own, but by a list or a forwarded mail: a line that they added themselves. */
export const UNLISTED = 'X-UNLISTED';

/** All addresses of an account, for comparison: what follows a plus sign names no other person (RFC 5233). */
export function ownAddresses(user: { readonly address: string; readonly aliases: readonly string[] }): Own {
  return new OwnAddresses([user.address, ...user.aliases].map((address) => address.toLowerCase()));
}

class OwnAddresses extends Set<Address> {
  override has(address: Address): boolean {
    return super.has(address) || (address.includes('+') && super.has(withoutDetail(address)));
  }
}

/** `bob+cal@example.org` → `bob@example.org` */
function withoutDetail(address: Address): Address {
  return address.replace(/\+[^@]*(?=@[^@]*$)/, '');
}

/** Whether mails to both addresses reach one person. */
export function isSameMailbox(a: Address, b: Address): boolean {
  return withoutDetail(a) === withoutDetail(b);
}

const MAX_ADDRESS = 320;

/** The mail address of an ATTENDEE or ORGANIZER: of the `mailto:` URI, else of EMAIL (RFC 7986 §6.2); null where it has none. */
export function userOf(property: Property | undefined): Address | null {
  if (!property) return null;
  const value = property.value.trim();
  return addressOf(/^mailto:/i.test(value) ? value.slice(7) : (property.param('EMAIL') ?? ''));
}

function addressOf(text: string): Address | null {
  const address = decoded(text).replace(/\?.*$/s, '').trim().toLowerCase();
  return address.length <= MAX_ADDRESS && /^[^\s@<>,;:"]+@[^\s@<>,;:"]+$/.test(address) ? address : null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a per cent sign that escapes nothing
  }
}

export function attendeesOf(component: Component): Property[] {
  return component.all('ATTENDEE');
}

export function attendeeOf(component: Component, is: (address: Address) => boolean): Property | undefined {
  return attendeesOf(component).find((property) => {
    const user = userOf(property);
    return user !== null && is(user);
  });
}

export function organizerOf(component: Component): Address | null {
  return userOf(component.first('ORGANIZER'));
}

/** PARTSTAT in upper case; NEEDS-ACTION where none is given (RFC 5545 §3.2.12). */
export function partstatOf(attendee: Property | undefined): string {
  return attendee?.param('PARTSTAT')?.trim().toUpperCase() || 'NEEDS-ACTION';
}

/** Who sends scheduling messages for a calendar user (RFC 6638 §7.1). */
export function isServerScheduled(property: Property | undefined): boolean {
  const agent = property?.param('SCHEDULE-AGENT')?.trim().toUpperCase() ?? 'SERVER';
  return agent !== 'CLIENT' && agent !== 'NONE';
}
