import type { Ground } from '../peers/ground.js';
import { Missing } from '../peers/programs.js';
import { type FilePeer, startRadicale } from '../peers/radicale.js';
import { type SogoPeer, startSogo } from '../peers/sogo.js';
import { startXandikos } from '../peers/xandikos.js';

export const PEER_NAMES = ['SOGo', 'Radicale', 'Xandikos'] as const;
export type PeerName = (typeof PEER_NAMES)[number];

/** The servers that the gateway is measured against, where they can be had. */
export interface Peers {
  readonly sogo: SogoPeer | null;
  readonly radicale: FilePeer | null;
  readonly xandikos: FilePeer | null;
  /** Why one is not there. */
  readonly why: Partial<Record<PeerName, string>>;
}

/** Starts those whose packages are installed; a broken start is told as well, and leaves the others alone. */
export async function startPeers(ground: Ground): Promise<Peers> {
  const why: Partial<Record<PeerName, string>> = {};
  const attempt = <P>(name: PeerName, start: (ground: Ground) => Promise<P>): Promise<P | null> =>
    start(ground).catch((error: Error) => {
      why[name] = `no ${name}: ${error.message}`;
      console.log(why[name]);
      if (!(error instanceof Missing)) process.exitCode = 1;
      return null;
    });
  const sogo = await attempt('SOGo', startSogo);
  const radicale = await attempt('Radicale', startRadicale);
  const xandikos = await attempt('Xandikos', startXandikos);
  return { sogo, radicale, xandikos, why };
}
