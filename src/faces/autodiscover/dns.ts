import type { AccountSettings, ClientServer } from './settings.js';

/** A record of a zone; the name is absolute, with a dot at its end. */
export interface DnsRecord {
  readonly name: string;
  readonly type: 'CNAME' | 'SRV' | 'TXT';
  readonly value: string;
  /** What breaks without it. */
  readonly why: string;
}

const TTL = 3600;

/** The records by which clients find a domain's services (RFC 6764, RFC 6186, RFC 8314, RFC 5804, MS-OXDISCO). */
export function dnsRecords(
  domain: string,
  settings: AccountSettings & { readonly sieve?: ClientServer | null },
): readonly DnsRecord[] {
  const { hostname, port, protocol } = new URL(settings.publicUrl);
  const secure = protocol === 'https:';
  const web = { host: hostname, port: Number(port) || (secure ? 443 : 80) };
  const srv = (
    service: string,
    { host, port: at }: { readonly host: string; readonly port: number },
    why: string,
  ): DnsRecord => ({
    name: `_${service}._tcp.${domain}.`,
    type: 'SRV',
    value: `0 1 ${at} ${host}.`,
    why,
  });
  const dav = (service: string, why: string): DnsRecord[] => [
    srv(service, web, why),
    { name: `_${service}._tcp.${domain}.`, type: 'TXT', value: '"path=/dav/"', why: 'the path there' },
  ];
  const alias = (label: string, why: string): DnsRecord[] =>
    hostname === `${label}.${domain}` ? [] : [{ name: `${label}.${domain}.`, type: 'CNAME', value: `${hostname}.`, why }];
  return [
    ...alias('autodiscover', 'phones find ActiveSync; the certificate must name it, too'),
    srv('autodiscover', web, 'Outlook, where the alias is not possible'),
    ...alias('autoconfig', 'Thunderbird finds everything'),
    ...dav(secure ? 'caldavs' : 'caldav', 'calendar apps'),
    ...dav(secure ? 'carddavs' : 'carddav', 'contact apps'),
    ...mail(settings, srv),
  ];
}

/** By the way a connection is protected: from its beginning, or by STARTTLS. */
const MAIL_SERVICES = { imap: ['imaps', 'imap'], smtp: ['submissions', 'submission'] } as const;

function mail(
  { imap, smtp, sieve }: AccountSettings & { readonly sieve?: ClientServer | null },
  srv: (service: string, to: ClientServer, why: string) => DnsRecord,
): DnsRecord[] {
  const service = (kind: keyof typeof MAIL_SERVICES, { security }: ClientServer) =>
    MAIL_SERVICES[kind][security === 'tls' ? 0 : 1];
  return [
    srv(service('imap', imap), imap, 'mail programs read mail'),
    ...(smtp ? [srv(service('smtp', smtp), smtp, 'mail programs send mail')] : []),
    ...(sieve ? [srv('sieve', sieve, 'mail programs manage filters')] : []),
  ];
}

/** As lines of a zone file. */
export function zoneLines(records: readonly DnsRecord[]): readonly string[] {
  return records.map(({ name, type, value, why }) => `${name}\t${TTL}\tIN\t${type}\t${value}\t; ${why}`);
}
