import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { CertificateCheck } from '../../../../src/domain/accounts/certificates.js';
import { AUTHORITY, certificateMaker, type TestCertificate } from '../../../support/certificates.js';

describe('certificates for mail (RFC 5280 §6, RFC 8550; MS-ASCMD ValidateCert)', () => {
  let make: Awaited<ReturnType<typeof certificateMaker>>;
  let root: TestCertificate;
  let between: TestCertificate;
  let leaf: TestCertificate;
  let check: CertificateCheck;
  const clock = { now: () => new Date() };
  const judge = (certificate: { der: Uint8Array }, chain: readonly { der: Uint8Array }[] = [], revocation = false) =>
    check.check(
      certificate.der,
      chain.map(({ der }) => der),
      { revocation },
    );

  before(async () => {
    make = await certificateMaker();
    root = await make({ name: 'Root', extensions: AUTHORITY });
    between = await make({ name: 'Between', by: root, extensions: AUTHORITY });
    leaf = await make({ name: 'leaf@example.test', by: between });
    check = new CertificateCheck(root.pem, clock);
  });

  it('are valid when a chain leads to a root', () => {
    assert.equal(judge(leaf, [between]), 'valid');
    assert.equal(judge(root), 'valid');
  });

  it('are untrusted without the chain, or when nobody knows the root', async () => {
    assert.equal(judge(leaf), 'untrusted');
    assert.equal(judge(await make({ name: 'self@example.test' })), 'untrusted');
    assert.equal(new CertificateCheck('', clock).check(leaf.der, [between.der, root.der], { revocation: false }), 'untrusted');
  });

  it('are refused when an issuer of that name did not sign them, or may not sign', async () => {
    const double = await make({ name: 'Between', by: root, extensions: AUTHORITY });
    assert.equal(judge(leaf, [double]), 'signature');
    const below = await make({ name: 'below@example.test', by: leaf });
    assert.equal(judge(below, [leaf, between]), 'issuer');
  });

  it('are refused before and after their time, and where they were made for something else', async () => {
    for (const year of [2000, 2100]) {
      const then = new CertificateCheck(root.pem, { now: () => new Date(Date.UTC(year, 0)) });
      assert.equal(then.check(leaf.der, [between.der], { revocation: false }), 'expired');
      assert.equal(then.isUsable(leaf.der), false);
    }
    const web = await make({ name: 'web', by: between, extensions: ['extendedKeyUsage=serverAuth'] });
    assert.equal(judge(web, [between]), 'purpose');
    assert.equal(check.isUsable(web.der), false);
    assert.equal(check.isUsable(leaf.der), true);
    const any = await make({ name: 'any', by: between, extensions: ['basicConstraints=CA:FALSE'] });
    assert.equal(judge(any, [between]), 'valid');
  });

  it('whether they were revoked is not known', () => {
    assert.equal(judge(leaf, [between], true), 'revocation-unknown');
  });

  it('what can not be read is neither valid nor a danger', () => {
    for (const bytes of [new Uint8Array(), Buffer.from('nonsense'), leaf.der.subarray(0, 100)]) {
      assert.equal(check.check(bytes, [bytes], { revocation: false }), 'unreadable');
      assert.equal(check.isUsable(bytes), false);
    }
  });

  it('rings of issuers end', async () => {
    const a = await make({ name: 'A', extensions: AUTHORITY });
    const b = await make({ name: 'A', by: a, extensions: AUTHORITY });
    assert.equal(judge(b, Array.from({ length: 50 }, () => [a, b]).flat()), 'untrusted');
  });
});
