import type { ImapFlow } from 'imapflow';

/** A token as imapflow's parser gives it. */
interface Token {
  readonly value?: unknown;
}

type List = readonly (Token | List | null)[];

interface Untagged {
  readonly attributes?: List;
}

/** imapflow's command pipe: there at run time, not in its types. */
interface Pipe {
  exec(
    command: string,
    attributes: readonly unknown[],
    options: { readonly untagged: { readonly STATUS: (untagged: Untagged) => Promise<void> } },
  ): Promise<{ next(): void }>;
}

const atom = (value: string) => ({ type: 'ATOM', value });

/**
 * MAILBOXID of all mailboxes in one LIST (RFC 8474 §4.3, RFC 5819), by the paths as the server spells them. Empty when the
 * server fails: the ids only make renames surer.
 */
export async function mailboxIds(flow: ImapFlow): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  const take = async ({ attributes = [] }: Untagged) => {
    const [path, list] = attributes;
    const id = Array.isArray(list) ? readMailboxId(list) : null;
    const name = (path as Token | undefined)?.value;
    if (id !== null && name !== undefined) ids.set(String(name), id);
  };
  try {
    const command = ['', '*', atom('RETURN'), [atom('STATUS'), [atom('MAILBOXID')]]];
    const response = await (flow as unknown as Pipe).exec('LIST', command, { untagged: { STATUS: take } });
    response.next();
  } catch {
    return new Map();
  }
  return ids;
}

/** `(MAILBOXID (F2212ea87-6097-4256-9d51-71338625))` */
function readMailboxId(list: List): string | null {
  const at = list.findIndex((token) => String((token as Token | null)?.value).toUpperCase() === 'MAILBOXID');
  const value = at < 0 ? undefined : list[at + 1];
  const id = Array.isArray(value) ? (value[0] as Token | undefined)?.value : (value as Token | undefined)?.value;
  return typeof id === 'string' && id.length > 0 && id.length <= 255 ? id : null;
}
