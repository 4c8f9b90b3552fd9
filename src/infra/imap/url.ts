/** How a mail server is reached; the same for IMAP and submission. */
export interface ServerUrl {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte, an upgrade that must succeed, or none. */
  readonly security: 'tls' | 'starttls' | 'none';
  /** False accepts any certificate. */
  readonly verifyCertificate: boolean;
}

const IMAP_SCHEMES: Schemes = { 'imap:': { port: 143, tls: false }, 'imaps:': { port: 993, tls: true } };

type Schemes = Readonly<Record<string, { readonly port: number; readonly tls: boolean }>>;

/**
 * Reads `imap://host:port` (STARTTLS required), `imap://host?tls=off` (no encryption), `imaps://host`, and `?tls=insecure`
 * (encrypted, certificate not verified) with either.
 * @throws Error with a sentence for the operator.
 */
export function parseImapUrl(text: string): ServerUrl {
  return parseMailUrl(text, IMAP_SCHEMES);
}

/** The same with any table of schemes. */
export function parseMailUrl(text: string, schemes: Schemes): ServerUrl {
  const url = URL.canParse(text) ? new URL(text) : null;
  const scheme = url && schemes[url.protocol];
  if (!url || !scheme || url.hostname === '')
    throw new Error(`must look like ${Object.keys(schemes).join('//host:port or ')}//host:port`);
  if (url.username !== '' || url.password !== '') throw new Error('must not hold a user name or password');
  if (!['', '/'].includes(url.pathname)) throw new Error('must not have a path');
  const unknown = [...url.searchParams.keys()].find((key) => key !== 'tls');
  if (unknown !== undefined) throw new Error(`has an unknown option ${unknown}`);
  return {
    host: decodeURIComponent(url.hostname).replace(/^\[|\]$/g, ''),
    port: url.port === '' ? scheme.port : Number(url.port),
    ...tlsMode(url.searchParams.get('tls'), scheme.tls),
  };
}

function tlsMode(option: string | null, implicit: boolean): Pick<ServerUrl, 'security' | 'verifyCertificate'> {
  const security = implicit ? 'tls' : 'starttls';
  if (option === null || option === 'on') return { security, verifyCertificate: true };
  if (option === 'insecure') return { security, verifyCertificate: false };
  if (option === 'off' && !implicit) return { security: 'none', verifyCertificate: true };
  throw new Error(`has an unusable tls=${option}`);
}
