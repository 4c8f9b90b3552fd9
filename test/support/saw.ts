import type { TestContext } from 'node:test';

/** Tells what a real client was seen to do, where somebody asked for it (script/clients); other runs stay quiet. */
export function saw(t: TestContext, ...lines: string[]): void {
  if (process.env.CLIENTS_TELL) for (const line of lines) t.diagnostic(line);
}
