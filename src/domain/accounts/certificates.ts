import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';

/** What is wrong with a certificate, the worst first that is found on the way from it to a root. */
export type CertificateVerdict =
  | 'valid'
  | 'unreadable'
  /** Its signature is not its issuer's. */
  | 'signature'
  /** Nobody that is trusted stands behind it. */
  | 'untrusted'
  /** Not made for mail. */
  | 'purpose'
  | 'expired'
  /** Issued by one who may not issue. */
  | 'issuer'
  /** Good, but whether it was revoked is not known. */
  | 'revocation-unknown';

const EMAIL_PROTECTION = '1.3.6.1.5.5.7.3.4';
const ANY_PURPOSE = '2.5.29.37.0';
const LONGEST_CHAIN = 10;

/** Judges S/MIME certificates against the roots of this system and those an operator added (RFC 5280 §6, RFC 8550). */
export class CertificateCheck {
  private roots: ReadonlyMap<string, readonly X509Certificate[]> | null = null;

  /** `extra`: PEM text of further roots, empty for none. */
  constructor(
    private readonly extra: string,
    private readonly clock: { now(): Date },
  ) {}

  /** @param chain certificates that may stand between it and a root; those that can't be read are left out */
  check(der: Uint8Array, chain: readonly Uint8Array[], options: { readonly revocation: boolean }): CertificateVerdict {
    const certificate = readCertificate(der);
    if (!certificate) return 'unreadable';
    const between = chain.map(readCertificate).filter((each) => each !== null);
    const verdict = this.follow(certificate, between);
    if (verdict !== 'valid') return verdict;
    if (!isForMail(certificate)) return 'purpose';
    // No list of revoked certificates is fetched: that would let a certificate say where the gateway connects to.
    return options.revocation ? 'revocation-unknown' : 'valid';
  }

  /** Whether a certificate can be used to encrypt mail now, whoever issued it. */
  isUsable(der: Uint8Array): boolean {
    const certificate = readCertificate(der);
    return certificate !== null && this.isCurrent(certificate) && isForMail(certificate);
  }

  private follow(leaf: X509Certificate, between: readonly X509Certificate[]): CertificateVerdict {
    let at = leaf;
    for (let depth = 0; depth < LONGEST_CHAIN; depth++) {
      if (!this.isCurrent(at)) return 'expired';
      if (this.isRoot(at)) return 'valid';
      const named = [...(this.rootsBySubject().get(at.issuer) ?? []), ...between].filter((each) => issued(each, at));
      const issuer = named.find((each) => at.fingerprint256 !== each.fingerprint256 && at.verify(each.publicKey));
      if (!issuer) return named.length > 0 && !isSelfIssued(at) ? 'signature' : 'untrusted';
      if (!issuer.ca) return 'issuer';
      at = issuer;
    }
    return 'untrusted';
  }

  private isCurrent({ validFrom, validTo }: X509Certificate): boolean {
    const now = this.clock.now().getTime();
    return Date.parse(validFrom) <= now && now <= Date.parse(validTo);
  }

  private isRoot(certificate: X509Certificate): boolean {
    const roots = this.rootsBySubject().get(certificate.subject) ?? [];
    return roots.some((root) => root.fingerprint256 === certificate.fingerprint256);
  }

  /** Read when first asked for: it takes a while. */
  private rootsBySubject(): ReadonlyMap<string, readonly X509Certificate[]> {
    if (this.roots) return this.roots;
    const found = new Map<string, X509Certificate[]>();
    for (const pem of [...rootCertificates, ...pemBlocks(this.extra)]) {
      const root = readCertificate(Buffer.from(pem));
      if (root) found.set(root.subject, [...(found.get(root.subject) ?? []), root]);
    }
    this.roots = found;
    return found;
  }
}

/** The certificates in a PEM text. */
export function pemBlocks(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
}

function readCertificate(bytes: Uint8Array): X509Certificate | null {
  try {
    return new X509Certificate(bytes);
  } catch {
    return null;
  }
}

function issued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.issuer === issuer.subject;
}

function isSelfIssued(certificate: X509Certificate): boolean {
  return certificate.issuer === certificate.subject;
}

/** Without extended key usage a certificate is for everything (RFC 5280 §4.2.1.12). */
function isForMail({ keyUsage }: X509Certificate): boolean {
  return !keyUsage || keyUsage.length === 0 || keyUsage.includes(EMAIL_PROTECTION) || keyUsage.includes(ANY_PURPOSE);
}
