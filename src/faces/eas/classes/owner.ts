import type { Collection } from '../../../domain/pim/model.js';
import type { Account, Session } from '../../../domain/types.js';

/** Who organizes and answers what is in a collection: of somebody else's calendar its owner. Times are the viewer's. */
export function ownerOf({ user }: Session, { owner }: Collection): Account {
  if (!owner) return user;
  const { account: id, address, displayName, aliases = [] } = owner;
  return { id, address, aliases, displayName, zone: user.zone };
}
