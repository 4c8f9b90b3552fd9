import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { UsageError } from './arguments.js';

export interface PasswordSources {
  readonly env: NodeJS.ProcessEnv;
  readonly input: NodeJS.ReadStream;
  readonly stdin: boolean;
}

/** From standard input where that was asked for, else from CHECK_PASSWORD, else by a question at a terminal. @throws UsageError */
export async function readPassword({ env, input, stdin }: PasswordSources): Promise<string> {
  const password = stdin ? await firstLine(input) : (env.CHECK_PASSWORD ?? (input.isTTY ? await question(input) : ''));
  if (!password) throw new UsageError('a password is needed: in CHECK_PASSWORD, by --stdin, or at a terminal');
  return password;
}

async function firstLine(input: NodeJS.ReadStream): Promise<string> {
  const lines = createInterface({ input });
  for await (const line of lines) return line;
  return '';
}

/** What is typed is not shown. */
async function question(input: NodeJS.ReadStream): Promise<string> {
  process.stderr.write('Password: ');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input, output: nowhere, terminal: true });
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
