import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Patient } from './visit.js';

export const USAGE = `usage: gateway check ADDRESS --url https://HOST [options]

Acts as a phone (ActiveSync) and as a DAV client, step by step, and says in plain words what is wrong. It works against any
server. It changes nothing but that a device "gatewaycheck" appears in the account's list.

The password comes from the environment (CHECK_PASSWORD), from standard input (--stdin), or is asked for. Never give it as an
argument: everybody on the machine can read those.

  --url URL        where phones reach the server; default: https:// and the domain of ADDRESS
  --login NAME     login name, where it is not ADDRESS
  --hold SECONDS   how long a waiting request must last (default 70); as long as the heartbeats of phones, 3540, for certainty
  --body MB        size of a request that must pass (default 25)
  --timeout S      for any other answer (default 20)
  --ca FILE        PEM file of further certificate authorities
  --insecure       go on, and send the password, where the certificate can't be verified
  --json           print one JSON document
  --stdin          read the password from the first line of standard input

Ends with 0: all is well, 1: warnings, 2: faults, 3: the check could not be made.
`;

/** The command line can't be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface Arguments {
  readonly patient: Omit<Patient, 'password'>;
  readonly json: boolean;
  readonly stdin: boolean;
  readonly help: boolean;
}

const OPTIONS = {
  url: { type: 'string' },
  login: { type: 'string' },
  hold: { type: 'string', default: '70' },
  body: { type: 'string', default: '25' },
  timeout: { type: 'string', default: '20' },
  ca: { type: 'string' },
  insecure: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  stdin: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false, short: 'h' },
} as const;

/** @throws UsageError */
export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parse(args);
  const { json, stdin, help, insecure } = values;
  const [address = ''] = positionals;
  if (help) return { patient: patientOf('help@localhost', values), json, stdin, help };
  if (positionals.length !== 1 || !/^[^@\s]+@[^@\s]+$/.test(address))
    throw new UsageError('one address is needed, like user@example.org');
  return { patient: { ...patientOf(address, values), insecure }, json, stdin, help };
}

type Values = ReturnType<typeof parse>['values'];

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function patientOf(address: string, values: Values): Omit<Patient, 'password'> {
  return {
    address,
    login: values.login ?? address,
    url: urlOf(values.url ?? `https://${address.slice(address.lastIndexOf('@') + 1)}`),
    hold: number('--hold', values.hold, 3600),
    body: Math.round(number('--body', values.body, 1000) * 1e6),
    timeout: number('--timeout', values.timeout, 600),
    insecure: false,
    ...(values.ca !== undefined && { ca: pemIn(values.ca) }),
  };
}

function urlOf(text: string): URL {
  if (!URL.canParse(text) || !/^https?:/.test(text))
    throw new UsageError(`--url: ${text} is no address that begins with https://`);
  const url = new URL(text);
  if (url.username || url.password) throw new UsageError('--url must not hold a password');
  return new URL(url.origin);
}

function number(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!(value > 0) || value > most) throw new UsageError(`${name}: ${text} is no number above 0 and up to ${most}`);
  return value;
}

function pemIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new UsageError(`--ca: ${file} can't be read`);
  }
}
