import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFile, rename } from 'node:fs/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** PEM texts and the file of the certificate. */
export interface OwnCertificate {
  file: string;
  cert: string;
  key: string;
}

const DAYS = 397; // Apple's systems refuse server certificates of more than 825
const RENEW_MS = 30 * 86_400_000;

/**
 * The self-made certificate in `dir`, made with openssl where there is none, where it ends soon or where it lacks one of `names`.
 * Null when openssl is not installed.
 */
export async function ownCertificate(dir: string, names: readonly string[]): Promise<OwnCertificate | null> {
  const file = join(dir, 'demo-cert.pem');
  const keyFile = join(dir, 'demo-key.pem');
  if (!(await stillGood(file, names)) && !(await make(file, keyFile, names))) return null;
  return { file, cert: await readFile(file, 'utf8'), key: await readFile(keyFile, 'utf8') };
}

/** Addresses under which others reach this machine, most likely first. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}

async function stillGood(file: string, names: readonly string[]): Promise<boolean> {
  const pem = await readFile(file, 'utf8').catch(() => undefined);
  if (pem === undefined) return false;
  const certificate = new X509Certificate(pem);
  if (Date.parse(certificate.validTo) - Date.now() < RENEW_MS) return false;
  return names.every((name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)));
}

/** A certificate that is its own authority, so that a phone can be told to trust it. */
async function make(file: string, keyFile: string, names: readonly string[]): Promise<boolean> {
  const list = names.map((name) => `${isIP(name) ? 'IP' : 'DNS'}:${name}`).join(',');
  const extensions = [`subjectAltName=${list}`, 'extendedKeyUsage=serverAuth', 'basicConstraints=critical,CA:TRUE'];
  try {
    await promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-sha256'],
      ...['-days', String(DAYS), '-subj', '/CN=Mobile sync gateway demo', '-keyout', `${keyFile}.new`, '-out', `${file}.new`],
      ...extensions.flatMap((extension) => ['-addext', extension]),
    ]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  await rename(`${keyFile}.new`, keyFile);
  await rename(`${file}.new`, file);
  return true;
}
