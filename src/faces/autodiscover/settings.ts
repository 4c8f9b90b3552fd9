/** A mail server as clients are told to reach it. */
export interface ClientServer {
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'starttls' | 'none';
}

/** What an account of a domain is set up with. */
export interface AccountSettings {
  /** Base URL of the gateway without a trailing slash. */
  readonly publicUrl: string;
  readonly imap: ClientServer;
  readonly smtp: ClientServer | null;
}

/** The settings of an address's domain; undefined for a domain that is not served here. */
export type SettingsFor = (address: string) => AccountSettings | undefined;

export const easUrl = (publicUrl: string): string => `${publicUrl}/Microsoft-Server-ActiveSync`;
export const davUrl = (publicUrl: string): string => `${publicUrl}/dav/`;

/** A plausible address, lower case, or undefined. */
export function parseAddress(text: string | undefined): string | undefined {
  const address = text?.trim().toLowerCase() ?? '';
  return address.length <= 254 && /^[^\s@<>"'\\/]+@[^\s@<>"'\\/:]+$/.test(address) ? address : undefined;
}

export const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1);
