import type { ImapFlow } from 'imapflow';
import { type Tree, textOf, type Untagged } from './tokens.js';

/** imapflow's command pipe: there at run time, not in its types. */
interface Pipe {
  exec(
    command: string,
    attributes: readonly unknown[],
    options: { readonly untagged: { readonly THREAD: (untagged: Untagged) => Promise<void> } },
  ): Promise<{ next(): void }>;
}

interface ThreadUntagged {
  readonly attributes?: readonly Tree[];
}

const MAX_DEPTH = 2000;
const atom = (value: string) => ({ type: 'ATOM', value });

/** `UID THREAD REFERENCES UTF-8 ALL` of the selected mailbox (RFC 5256): the UIDs of each thread, whatever answers what. */
export async function fetchThreads(flow: ImapFlow): Promise<readonly (readonly number[])[]> {
  const threads: number[][] = [];
  const response = await (flow as unknown as Pipe).exec('UID THREAD', [atom('REFERENCES'), atom('UTF-8'), atom('ALL')], {
    untagged: {
      THREAD: async (untagged) => {
        for (const thread of (untagged as ThreadUntagged).attributes ?? []) threads.push([...numbers(thread, 0)]);
      },
    },
  });
  response.next();
  return threads;
}

function* numbers(tree: Tree, depth: number): Generator<number> {
  if (Array.isArray(tree) && depth < MAX_DEPTH) for (const inner of tree as readonly Tree[]) yield* numbers(inner, depth + 1);
  else {
    const uid = Number(textOf(tree));
    if (Number.isSafeInteger(uid) && uid > 0) yield uid;
  }
}
