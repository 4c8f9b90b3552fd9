import { join } from 'node:path';
import { type Dovecot, type DovecotOptions, startDovecot } from '../../src/demo/dovecot.js';
import { type Submission, type SubmissionOptions, startSubmission } from '../../src/demo/submission.js';
import { onEnd, temporaryFolder } from './cleanup.js';

/** The password of every address in a test Dovecot. */
export const PASSWORD = 'demo';

/** A Dovecot of this test file: anybody may log in with `demo`, wrong passwords are answered at once. Ends with the file. */
export async function startTestDovecot(options: Partial<DovecotOptions> = {}): Promise<Dovecot> {
  const dir = options.dir ?? join(await temporaryFolder('gw-dc'), 'd');
  const dovecot = await startDovecot({ password: PASSWORD, authFailureDelay: 0, authPenalty: false, ...options, dir });
  onEnd(() => dovecot.stop());
  return dovecot;
}

/** A submission server in this process: mail to `example.test` goes to that Dovecot, the rest is only remembered. */
export async function startTestSubmission(dovecot: Dovecot, options: Partial<SubmissionOptions> = {}): Promise<Submission> {
  const submission = await startSubmission({
    deliver: (to, raw, from) => dovecot.deliver(to, raw, from),
    isLocal: (address) => address.toLowerCase().endsWith('@example.test'),
    authenticate: (_user, password) => password === PASSWORD,
    ...options,
  });
  onEnd(() => submission.stop());
  return submission;
}
