import type { CertificateVerdict } from '../../../domain/accounts/certificates.js';
import { bytes, child, children, childText, type Element, el } from '../../../formats/wbxml/tree.js';
import { documentAnswer, type EasAnswer, type EasContext } from '../context.js';
import { StatusError } from '../status.js';

/** Status values of ValidateCert (MS-ASCMD 2.2.3.177.17). */
const STATUS = { Success: 1, ProtocolError: 2 } as const;
const BY_VERDICT: Readonly<Record<CertificateVerdict, number>> = {
  valid: 1,
  signature: 3,
  untrusted: 4,
  purpose: 6,
  expired: 7,
  issuer: 9,
  unreadable: 10,
  'revocation-unknown': 16,
};
const MAX_CERTIFICATES = 100;

/** Tells whether certificates that came with signed mail can be trusted (MS-ASCMD 2.2.1.22). */
export async function validateCert(context: EasContext): Promise<EasAnswer> {
  const { body, services } = context;
  const listed = children(child(body ?? undefined, 'ValidateCert:Certificates'), 'ValidateCert:Certificate');
  const chain = children(child(body ?? undefined, 'ValidateCert:CertificateChain'), 'ValidateCert:Certificate');
  if (listed.length === 0 || listed.length + chain.length > MAX_CERTIFICATES)
    throw new StatusError(STATUS.ProtocolError, 'no certificates, or too many');
  const between = [...chain, ...listed].map(derOf);
  const revocation = (body && childText(body, 'ValidateCert:CheckCRL'))?.trim() === '1';
  const answers = listed.map((element) => {
    const verdict = services.certificates.check(derOf(element), between, { revocation });
    return el('ValidateCert:Certificate', el('ValidateCert:Status', BY_VERDICT[verdict]));
  });
  return documentAnswer(el('ValidateCert:ValidateCert', el('ValidateCert:Status', STATUS.Success), answers));
}

/** Base64 as text, or the bytes themselves. */
function derOf(element: Element): Uint8Array {
  const isText = element.content.some((node) => typeof node === 'string');
  const content = bytes(element) ?? new Uint8Array();
  return isText ? Buffer.from(Buffer.from(content).toString('latin1'), 'base64') : content;
}
