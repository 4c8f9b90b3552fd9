import { spawn } from 'node:child_process';

export interface ProgramOptions {
  /** Debian package that brings it. */
  debian: string;
  args?: readonly string[];
  cwd?: string;
  env?: Readonly<Record<string, string>>;
  /** What is typed in. */
  input?: string;
  /** Milliseconds; default 120,000. */
  timeout?: number;
}

/** What a program said on both channels, in its order, and its exit code. */
export interface ProgramRun {
  output: string;
  code: number | null;
}

/** Runs somebody's program to its end with nothing of our own environment but PATH. Throws when it is not installed. */
export function runProgram(program: string, options: ProgramOptions): Promise<ProgramRun> {
  const { debian, args = [], cwd, input = '', timeout = 120_000 } = options;
  const env = { PATH: process.env.PATH, LANG: 'C.UTF-8', TZ: 'UTC', ...options.env };
  const child = spawn(program, args, { cwd, env, timeout, killSignal: 'SIGKILL' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += data;
    });
  }
  child.stdin.on('error', () => {}); // it may end without reading
  child.stdin.end(input);
  return new Promise((done, fail) => {
    child.on('error', (error) => fail(new Error(`${program} (Debian package ${debian}): ${error.message}`)));
    child.on('close', (code) => done({ output, code }));
  });
}

/** The same, and throws what it said when it failed. */
export async function runWell(program: string, options: ProgramOptions): Promise<string> {
  const { output, code } = await runProgram(program, options);
  if (code !== 0) throw new Error(`${program} ${options.args?.join(' ') ?? ''} ended with ${code}:\n${output}`);
  return output;
}
