import { createHash } from 'node:crypto';
import { text } from '../../formats/xml/write.js';
import { type AccountSettings, type ClientServer, domainOf } from './settings.js';

/** What an Apple device is set up with: everything by ActiveSync, or mail by IMAP and the rest by CalDAV and CardDAV. */
export type ProfileKind = 'exchange' | 'internet';

type Plist = string | number | boolean | readonly Plist[] | { readonly [key: string]: Plist | undefined };

/** An Apple configuration profile without passwords: the device asks for them. Its UUIDs are the same each time, so it is replaced. */
export function mobileConfig(address: string, settings: AccountSettings, kind: ProfileKind): string {
  const payloads = kind === 'exchange' ? [exchange(address, settings)] : internet(address, settings);
  const profile = {
    ...header('Configuration', `${kind}.${address}`, address),
    PayloadDescription: `Sets up ${address}`,
    PayloadOrganization: domainOf(address),
    PayloadRemovalDisallowed: false,
    PayloadContent: payloads,
  };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    `<plist version="1.0">${plist(profile)}</plist>`,
    '',
  ].join('\n');
}

function exchange(address: string, { publicUrl }: AccountSettings): Plist {
  const { host, protocol } = new URL(publicUrl);
  return {
    ...header('com.apple.eas.account', `eas.${address}`, 'Exchange ActiveSync'),
    EmailAddress: address,
    UserName: address,
    Host: host,
    SSL: protocol === 'https:',
    MailNumberOfPastDaysToSync: 0,
  };
}

function internet(address: string, { publicUrl, imap, smtp }: AccountSettings): Plist[] {
  const mail: Plist = {
    ...header('com.apple.mail.managed', `mail.${address}`, 'Mail'),
    EmailAccountType: 'EmailTypeIMAP',
    EmailAddress: address,
    ...mailServer('IncomingMailServer', imap, address),
    ...(smtp ? mailServer('OutgoingMailServer', smtp, address) : {}),
    OutgoingPasswordSameAsIncomingPassword: true,
  };
  return [mail, dav('CalDAV', 'caldav', address, publicUrl), dav('CardDAV', 'carddav', address, publicUrl)];
}

function mailServer(prefix: string, { host, port, security }: ClientServer, address: string): Record<string, Plist> {
  return {
    [`${prefix}Authentication`]: 'EmailAuthPassword',
    [`${prefix}HostName`]: host,
    [`${prefix}PortNumber`]: port,
    [`${prefix}UseSSL`]: security !== 'none',
    [`${prefix}Username`]: address,
  };
}

function dav(name: 'CalDAV' | 'CardDAV', type: string, address: string, publicUrl: string): Plist {
  const { hostname, port, protocol } = new URL(publicUrl);
  const secure = protocol === 'https:';
  return {
    ...header(`com.apple.${type}.account`, `${type}.${address}`, name),
    [`${name}AccountDescription`]: `${name} ${address}`,
    [`${name}HostName`]: hostname,
    [`${name}Port`]: port === '' ? (secure ? 443 : 80) : Number(port),
    [`${name}UseSSL`]: secure,
    [`${name}Username`]: address,
    [`${name}PrincipalURL`]: `/dav/principals/${encodeURIComponent(address)}/`,
  };
}

function header(type: string, name: string, display: string): Record<string, Plist> {
  return {
    PayloadType: type,
    PayloadVersion: 1,
    PayloadIdentifier: `sync.gateway.${name}`,
    PayloadUUID: uuidOf(`${type} ${name}`),
    PayloadDisplayName: display,
  };
}

/** A UUID made from a name (RFC 9562 §5.8: version 8, own scheme). */
function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `${variant}${hex.slice(17, 20)}`, hex.slice(20, 32)]
    .join('-')
    .toUpperCase();
}

function plist(value: Plist): string {
  if (typeof value === 'string') return `<string>${text(value)}</string>`;
  if (typeof value === 'number') return `<integer>${value}</integer>`;
  if (typeof value === 'boolean') return value ? '<true/>' : '<false/>';
  if (Array.isArray(value)) return `<array>${value.map(plist).join('')}</array>`;
  const entries = Object.entries(value as Record<string, Plist | undefined>);
  const pairs = entries.flatMap(([key, entry]) => (entry === undefined ? [] : [`<key>${text(key)}</key>${plist(entry)}`]));
  return `<dict>${pairs.join('')}</dict>`;
}
