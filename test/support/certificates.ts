import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './cleanup.js';

const run = promisify(execFile);
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** What a test certificate says of itself; `extensions` are lines of openssl's configuration. */
export interface CertificateFacts {
  readonly name: string;
  readonly by?: TestCertificate;
  readonly extensions?: readonly string[];
  /** How long a signed one is valid; below 0: it has ended already. */
  readonly days?: number;
}

export interface TestCertificate {
  readonly pem: string;
  readonly der: Buffer;
  /** PEM files. */
  readonly file: string;
  readonly key: string;
}

export const AUTHORITY = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
/** Extensions of a server's certificate. */
export const forHost = (...hosts: string[]): string[] => [
  'basicConstraints=CA:FALSE',
  `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(',')}`,
  'extendedKeyUsage=serverAuth',
];
export const FOR_MAIL = ['basicConstraints=CA:FALSE', 'extendedKeyUsage=emailProtection'];
let count = 0;

/** Makes certificates with openssl, signed by another one or by themselves. */
export async function certificateMaker(): Promise<(facts: CertificateFacts) => Promise<TestCertificate>> {
  const dir = await temporaryFolder('gw-certs');
  return async ({ name, by, extensions = FOR_MAIL, days = 365 }) => {
    const base = join(dir, String(++count));
    const [file, key] = [`${base}.pem`, `${base}.key`];
    const subject = ['-subj', `/CN=${name}`, '-keyout', key];
    if (by) {
      await run('openssl', ['req', '-new', ...KEY, ...subject, '-out', `${base}.csr`]);
      await writeFile(`${base}.ext`, extensions.join('\n'));
      const signer = ['-CA', by.file, '-CAkey', by.key, '-set_serial', String(count), '-extfile', `${base}.ext`];
      await run('openssl', ['x509', '-req', '-in', `${base}.csr`, ...signer, '-days', String(days), '-out', file]);
    } else {
      const added = extensions.flatMap((line) => ['-addext', line]);
      await run('openssl', ['req', '-x509', ...KEY, ...subject, '-days', '365', '-out', file, ...added]);
    }
    const pem = await readFile(file, 'utf8');
    return { pem, der: Buffer.from(new X509Certificate(pem).raw), file, key };
  };
}
