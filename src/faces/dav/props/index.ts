import type { ClarkName } from '../../../formats/xml/names.js';
import type { ResourceKind } from '../resource.js';
import { aclProperties } from './acl.js';
import { appleProperties } from './apple.js';
import { availabilityProperties } from './availability.js';
import { caldavProperties } from './caldav.js';
import { carddavProperties } from './carddav.js';
import { lockProperties } from './locks.js';
import type { Property } from './property.js';
import { pushProperties } from './push.js';
import { quotaProperties } from './quota.js';
import { sharingProperties } from './sharing.js';
import { syncProperties } from './sync.js';
import { webdavProperties } from './webdav.js';

/** Every property the server computes or checks. What is in no table is kept as a client set it. */
export const PROPERTIES: readonly Property[] = [
  ...webdavProperties,
  ...lockProperties,
  ...quotaProperties,
  ...aclProperties,
  ...syncProperties,
  ...caldavProperties,
  ...carddavProperties,
  ...appleProperties,
  ...sharingProperties,
  ...pushProperties,
  ...availabilityProperties,
];

const byName = new Map<ClarkName, Property[]>();
for (const row of PROPERTIES) byName.set(row.name, [...(byName.get(row.name) ?? []), row]);

/** The row of a property on a kind of resource. */
export function propertyOn(kind: ResourceKind, name: ClarkName): Property | undefined {
  return byName.get(name)?.find(({ on }) => on.includes(kind));
}

/** Whether some table knows the property, on whatever resource: clients may not keep values under such names elsewhere. */
export function isLive(name: ClarkName): boolean {
  return byName.has(name);
}

/** The rows of a kind of resource. */
export function propertiesOn(kind: ResourceKind): readonly Property[] {
  return PROPERTIES.filter(({ on }) => on.includes(kind));
}
