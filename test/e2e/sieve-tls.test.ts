import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Dovecot } from '../../src/demo/dovecot.js';
import { DomainError } from '../../src/domain/errors.js';
import { SieveClient } from '../../src/infra/sieve/client.js';
import { parseSieveUrl } from '../../src/infra/sieve/url.js';
import { AUTHORITY, certificateMaker } from '../support/certificates.js';
import { PASSWORD, startTestDovecot } from '../support/dovecot.js';

describe('ManageSieve with STARTTLS (RFC 5804 §2.2)', () => {
  let dovecot: Dovecot;
  const me = { username: 'sissi@example.test', password: PASSWORD };
  const url = (option: string, host = '127.0.0.1') => parseSieveUrl(`sieve://${host}:${dovecot.ports.managesieve}${option}`);
  const kind = (expected: string) => (error: unknown) => error instanceof DomainError && error.kind === expected;

  before(async () => {
    const make = await certificateMaker();
    const own = await make({ name: 'localhost', extensions: AUTHORITY });
    dovecot = await startTestDovecot({ managesieve: true, tls: { cert: own.file, key: own.key } });
  });

  test('works encrypted, by name and by address, when the certificate is not looked at', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const client = await SieveClient.connect(url('?tls=insecure', host), me);
      await client.put('mine', 'keep;\r\n');
      await client.activate('mine');
      assert.deepEqual(await client.list(), [{ name: 'mine', active: true }]);
      assert.equal(await client.get('mine'), 'keep;\r\n');
      assert.equal(await client.get('none'), null);
      await assert.rejects(client.put('bad', 'nonsense here'), kind('invalid'));
      await client.activate(null);
      client.close();
    }
  });

  test('a certificate that nobody knows is refused', async () => {
    await assert.rejects(SieveClient.connect(url(''), me), kind('unavailable'));
  });

  test('a wrong password is unauthenticated', async () => {
    await assert.rejects(SieveClient.connect(url('?tls=insecure'), { ...me, password: 'wrong' }), kind('unauthenticated'));
  });
});
