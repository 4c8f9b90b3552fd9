import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, connect, type PeerCertificate } from 'node:tls';
import type { Check } from '../engine.js';
import { codeOfError, LineFault } from '../exchange.js';
import { type Found, found } from '../findings.js';
import { EAS_PATH, redirectOf } from '../phone.js';
import type { Patient, Visit } from '../visit.js';

const SOON_DAYS = 14;
const DAY = 86_400_000;
/** Minutes that clocks may differ. */
const SKEW = 5;

export const transport: readonly Check[] = [
  { id: 'tls', title: 'TLS and certificate', after: [], run: checkTls },
  { id: 'tls-old', title: 'Old versions of TLS', after: [], run: checkOldTls },
  { id: 'http', title: 'The server answers', after: ['tls'], run: checkHttp },
];

interface Handshake {
  readonly protocol: string;
  readonly certificate: PeerCertificate;
  /** OpenSSL's name of what is wrong with the chain. */
  readonly error: string | undefined;
}

/** Shakes hands without judging, so that everything wrong can be told at once. @throws LineFault */
function shakeHands({ url, timeout, ca }: Patient, more: ConnectionOptions = {}): Promise<Handshake> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const name = isIP(host) ? {} : { servername: host };
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const fail = (reason: Found) => {
      socket.destroy();
      reject(new LineFault(reason, performance.now() - started));
    };
    const socket = connect({
      host,
      port: Number(url.port || 443),
      ...name,
      ...(ca && { ca }),
      rejectUnauthorized: false,
      ...more,
    });
    socket.setTimeout(timeout * 1000, () => fail(found('silent', `no TLS handshake within ${timeout} s`)));
    socket.on('error', (error: NodeJS.ErrnoException) => fail(found(codeOfError(error.code), error.message)));
    socket.once('secureConnect', () => {
      const error = socket.authorizationError as Error | string | undefined;
      const text = typeof error === 'string' ? error : (error as NodeJS.ErrnoException | undefined)?.code;
      resolve({
        protocol: socket.getProtocol() ?? 'unknown',
        certificate: socket.getPeerCertificate(true),
        error: text ?? undefined,
      });
      socket.destroy();
    });
  });
}

async function checkTls({ patient, now }: Visit): Promise<readonly Found[] | string> {
  if (patient.url.protocol !== 'https:') return [found('unencrypted', `${patient.url.origin} is not encrypted`)];
  const { certificate, error, protocol } = await shakeHands(patient);
  const faults = faultsOf(certificate, error, patient, now());
  return faults.length > 0 ? faults : `${protocol}, valid until ${dateOf(certificate.valid_to)}`;
}

function faultsOf(certificate: PeerCertificate, error: string | undefined, { url }: Patient, now: Date): Found[] {
  const faults: Found[] = [];
  const left = Date.parse(certificate.valid_to) - now.getTime();
  if (left < 0) faults.push(found('certificate-expired', `the certificate was valid until ${dateOf(certificate.valid_to)}`));
  else if (left < SOON_DAYS * DAY)
    faults.push(found('certificate-expires-soon', `the certificate is valid for ${Math.floor(left / DAY)} more days`));
  if (checkServerIdentity(url.hostname, certificate))
    faults.push(
      found('certificate-name', `the certificate is for ${certificate.subjectaltname ?? 'nobody'}, not for ${url.hostname}`),
    );
  if (!error) return faults;
  const code = codeOfError(error);
  if (!faults.some((known) => known.code === code)) faults.push(found(code, sentenceOf(error, certificate)));
  return faults;
}

function sentenceOf(error: string, { issuer }: PeerCertificate): string {
  const by = [issuer?.O, issuer?.CN].flat().filter(Boolean).join(', ') || 'an unknown authority';
  if (error === 'DEPTH_ZERO_SELF_SIGNED_CERT') return 'the certificate is signed by itself';
  return `the certificate, issued by “${by}”, can’t be verified (${error})`;
}

const dateOf = (text: string): string => new Date(text).toISOString().slice(0, 10);

/** Whether the server still takes what no current phone sends. */
async function checkOldTls({ patient }: Visit): Promise<readonly Found[] | string> {
  if (patient.url.protocol !== 'https:') return '';
  try {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const { protocol } = await shakeHands(patient, old);
    return [found('tls-old', `the server still takes ${protocol}`)];
  } catch (error) {
    if (error instanceof LineFault) return 'refused, as it should be';
    throw error;
  }
}

/** The first contact, without a password: 401 with a challenge is what is wanted. */
async function checkHttp(visit: Visit): Promise<readonly Found[] | string> {
  const { status, headers } = await visit.ask(EAS_PATH, { method: 'OPTIONS' });
  const faults: Found[] = [];
  if (status >= 300 && status < 400) faults.push(redirectOf(String(headers.location ?? ''), status));
  if (status === 404) faults.push(found('not-activesync', `${EAS_PATH} is not there (404)`));
  if (status === 401 && !/basic/i.test(String(headers['www-authenticate'] ?? '')))
    faults.push(found('challenge-missing', 'the 401 has no WWW-Authenticate: Basic'));
  const minutes = headers.date ? Math.abs(Date.parse(headers.date) - visit.now().getTime()) / 60_000 : 0;
  if (minutes > SKEW) faults.push(found('clock-skew', `the clocks of server and check differ by ${Math.round(minutes)} minutes`));
  return faults.length > 0 ? faults : '';
}
