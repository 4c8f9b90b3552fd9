import { readArguments, USAGE, UsageError } from './arguments.js';
import { CHECKS } from './checks.js';
import { examine } from './engine.js';
import { readPassword } from './password.js';
import { exitStatus, inJson, inWords, summary } from './report.js';
import { Visit } from './visit.js';

/** Exit status where no check was made, as monitoring programs expect it. */
const UNKNOWN = 3;

/** `gateway check`; gives the exit status. */
export async function check(args: readonly string[]): Promise<number> {
  try {
    const { patient, json, stdin, help } = readArguments(args);
    if (help) {
      process.stdout.write(USAGE);
      return 0;
    }
    const password = await readPassword({ env: process.env, input: process.stdin, stdin });
    if (!json) console.log(`${patient.address} at ${patient.url.origin}\n`);
    const outcomes = await examine(CHECKS, new Visit({ ...patient, password }), (outcome) => {
      if (!json) console.log(inWords(outcome));
    });
    console.log(json ? inJson(patient, outcomes) : `\n${summary(outcomes)}`);
    return exitStatus(outcomes);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    return UNKNOWN;
  }
}
