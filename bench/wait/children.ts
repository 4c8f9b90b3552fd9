import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { onEnd } from '../../test/support/cleanup.js';
import { builtPath } from '../../test/support/paths.js';
import type { Answered, FleetOrder, FleetWord } from './fleet.js';
import type { ImapOrder, ImapWord } from './lean-imap.js';

export interface LeanImap {
  readonly url: string;
  arrive(users: readonly string[]): void;
  /** IMAP commands by name since the last call, connections open now, and those of them in IDLE. */
  take(): Promise<Pick<Extract<ImapWord, { kind: 'taken' }>, 'commands' | 'connections' | 'idling'>>;
  /** Closes the connections on which nobody listens, as mail servers do after a while. */
  hangUp(): void;
  stop(): void;
}

export async function startLeanImap(): Promise<LeanImap> {
  const child = start('lean-imap.js');
  const { port } = await word<ImapWord, 'listening'>(child, 'listening');
  const order = (what: ImapOrder) => child.send(what);
  return {
    url: `imap://127.0.0.1:${port}?tls=off`,
    arrive: (users) => order({ kind: 'arrive', users }),
    take: () => {
      order({ kind: 'take' });
      return word<ImapWord, 'taken'>(child, 'taken');
    },
    hangUp: () => order({ kind: 'hangUp' }),
    stop: () => child.disconnect(),
  };
}

export interface Fleet {
  join(phones: Extract<FleetOrder, { kind: 'join' }>['phones']): Promise<number>;
  /** All send their waiting request once more. */
  again(): void;
  /** Answers since the last call, and connections that the gateway cut. */
  take(): Promise<{ readonly answers: readonly Answered[]; readonly cut: number }>;
  leave(): void;
}

/** Phones that one order brings: a message between processes has its price. */
const BATCH = 1_000;

export function startFleet(): Fleet {
  const child = start('fleet.js');
  const order = (what: FleetOrder) => child.send(what);
  return {
    join: async (phones) => {
      let failed = 0;
      for (let at = 0; at < phones.length; at += BATCH) {
        order({ kind: 'join', phones: phones.slice(at, at + BATCH) });
        failed += (await word<FleetWord, 'joined'>(child, 'joined')).failed;
      }
      return failed;
    },
    again: () => order({ kind: 'again' }),
    take: () => {
      order({ kind: 'take' });
      return word<FleetWord, 'taken'>(child, 'taken');
    },
    leave: () => order({ kind: 'leave' }),
  };
}

/** Lets processes run for a share of the time until it is ended. */
export function throttle(share: number, pids: readonly number[]): { end(): Promise<void> } {
  const child = start('throttle.js', [share, ...pids].map(String));
  const gone = once(child, 'exit');
  return {
    end: async () => {
      child.disconnect();
      await gone;
    },
  };
}

function start(program: string, parameters: readonly string[] = []): ChildProcess {
  const child = fork(builtPath('bench', 'wait', program), parameters, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  onEnd(() => {
    if (child.connected) child.disconnect();
  });
  return child;
}

function word<W extends { readonly kind: string }, K extends W['kind']>(
  child: ChildProcess,
  kind: K,
): Promise<Extract<W, { readonly kind: K }>> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error('a process of the bench ended'));
    child.once('exit', gone);
    const heard = (message: W) => {
      if (message.kind !== kind) return;
      child.off('message', heard).off('exit', gone);
      resolve(message as Extract<W, { readonly kind: K }>);
    };
    child.on('message', heard);
  });
}
