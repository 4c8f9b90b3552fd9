import { attributeText, text } from '../../formats/xml/write.js';
import { type AccountSettings, type ClientServer, davUrl, domainOf } from './settings.js';

const SOCKET_TYPES: Readonly<Record<ClientServer['security'], string>> = { tls: 'SSL', starttls: 'STARTTLS', none: 'plain' };

/** The configuration file that Thunderbird and its relatives look for (Mozilla autoconfig, version 1.1). */
export function autoconfig(address: string, settings: AccountSettings): string {
  const domain = domainOf(address);
  const { imap, smtp, publicUrl } = settings;
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<clientConfig version="1.1">',
    `  <emailProvider id="${attributeText(domain)}">`,
    `    <domain>${text(domain)}</domain>`,
    `    <displayName>${text(domain)}</displayName>`,
    `    <displayShortName>${text(domain)}</displayShortName>`,
    server('incomingServer', 'imap', imap),
    ...(smtp ? [server('outgoingServer', 'smtp', smtp)] : []),
    remote('addressBook', 'carddav', publicUrl),
    remote('calendar', 'caldav', publicUrl),
    '  </emailProvider>',
    '</clientConfig>',
    '',
  ].join('\n');
}

function server(element: string, type: string, { host, port, security }: ClientServer): string {
  return [
    `    <${element} type="${type}">`,
    `      <hostname>${text(host)}</hostname>`,
    `      <port>${port}</port>`,
    `      <socketType>${SOCKET_TYPES[security]}</socketType>`,
    '      <authentication>password-cleartext</authentication>',
    '      <username>%EMAILADDRESS%</username>',
    `    </${element}>`,
  ].join('\n');
}

function remote(element: string, type: string, publicUrl: string): string {
  return [
    `    <${element} type="${type}">`,
    '      <username>%EMAILADDRESS%</username>',
    '      <authentication system="http">basic</authentication>',
    `      <serverURL>${text(davUrl(publicUrl))}</serverURL>`,
    `    </${element}>`,
  ].join('\n');
}
