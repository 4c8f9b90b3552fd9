import type { Access, Collection } from '../../../domain/pim/model.js';
import type { Exchange } from '../exchange.js';
import { type ProxyDegree, proxyPath } from '../paths.js';

/** Whoever may write some calendar is a write delegate; whoever may read some and write none, a read delegate. */
function higher(a: ProxyDegree | undefined, b: Access): ProxyDegree | undefined {
  if (b === 'busy') return a;
  return a === 'write' || b !== 'read' ? 'write' : 'read';
}

function ownCalendars(all: readonly Collection[]): readonly Collection[] {
  return all.filter(({ access }) => access === 'owner');
}

/** To whom the user's calendars are shared: address → degree. */
export async function delegatesOf(x: Exchange): Promise<ReadonlyMap<string, ProxyDegree>> {
  const found = new Map<string, ProxyDegree>();
  for (const calendar of ownCalendars(await x.collectionsOf('calendars'))) {
    for (const { grantee, access, status } of await x.services.pim.shares(x.session, calendar)) {
      const degree = status === 'accepted' ? higher(found.get(grantee.address), access) : undefined;
      if (degree !== undefined) found.set(grantee.address, degree);
    }
  }
  return found;
}

/** Whose calendars are shared to the user: address → degree. */
export async function delegatorsOf(x: Exchange): Promise<ReadonlyMap<string, ProxyDegree>> {
  const found = new Map<string, ProxyDegree>();
  for (const { owner, access } of await x.collectionsOf('calendars')) {
    const degree = owner === null ? undefined : higher(found.get(owner.address), access);
    if (owner !== null && degree !== undefined) found.set(owner.address, degree);
  }
  return found;
}

/** Those of a degree, as the addresses of a map of delegates. */
export function ofDegree(people: ReadonlyMap<string, ProxyDegree>, degree: ProxyDegree): string[] {
  return [...people].filter(([, has]) => has === degree).map(([address]) => address);
}

/** Groups of others in which the user is. */
export async function groupsOf(x: Exchange): Promise<readonly string[]> {
  return [...(await delegatorsOf(x))].map(([address, degree]) => proxyPath(address, degree));
}

/**
 * Makes these people the delegates of one degree: all calendars are shared to who is new, and no calendar any more to who
 * is not named. There is one table behind this and the other ways of sharing.
 */
export async function setDelegates(x: Exchange, degree: ProxyDegree, addresses: ReadonlySet<string>): Promise<void> {
  const present = await delegatesOf(x);
  const calendars = ownCalendars(await x.collectionsOf('calendars'));
  const share = async (address: string, to: { access: ProxyDegree } | null): Promise<void> => {
    for (const calendar of calendars) await x.services.pim.share(x.session, calendar, address, to);
  };
  for (const address of ofDegree(present, degree)) if (!addresses.has(address)) await share(address, null);
  for (const address of addresses) if (present.get(address) !== degree) await share(address, { access: degree });
}
