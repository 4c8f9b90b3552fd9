import type { Id } from '../types.js';

/** The pseudo collection under which processes tell each other that a device began a newer request. */
export const TURN: Id = 'turn';

/** The request of a device that counts from now on: an older one of the same kind, on whatever process, is to end. */
export interface Turn {
  readonly device: string;
  readonly kind: 'Ping' | 'Sync';
  /** When it looked at its device, in microseconds by the database's clock: which of two is the newer. */
  readonly at: number;
}

/** Tells all processes whose turn it is. Losing a word costs nothing but an older request that waits to its end. */
export interface DeviceTurns {
  tell(account: Id, turn: Turn): void;
  listen(heard: (account: Id, turn: Turn) => void): void;
}

/** What it needs of the hub. */
interface Words {
  tell(account: Id, word: Id, detail: string): void;
  onSignal(word: Id, heard: (account: Id, detail: string) => void): void;
}

/** Turns over the bus that carries change signals: coalesced with them, no statement of their own. */
export class BusTurns implements DeviceTurns {
  constructor(private readonly hub: Words) {}

  tell(account: Id, { device, kind, at }: Turn): void {
    this.hub.tell(account, TURN, `${kind}:${at}:${encodeURIComponent(device)}`);
  }

  listen(heard: (account: Id, turn: Turn) => void): void {
    this.hub.onSignal(TURN, (account, detail) => {
      const [, kind, at, device] = /^(Ping|Sync):(\d{1,16}):(\S+)$/.exec(detail) ?? [];
      if (kind !== undefined) heard(account, { device: decoded(device), kind: kind as Turn['kind'], at: Number(at) });
    });
  }
}

function decoded(text = ''): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
