import { C, CARD, type ClarkName, CS, D } from '../../../formats/xml/names.js';
import type { XmlElement } from '../../../formats/xml/read.js';
import type { Exchange } from '../exchange.js';
import type { DavReply } from '../message.js';
import type { Resource } from '../resource.js';
import { expandProperty } from './expand-property.js';
import { freeBusyQuery } from './free-busy.js';
import { multiget } from './multiget.js';
import {
  aclPrincipalPropSet,
  calendarServerPrincipalSearch,
  principalMatch,
  principalPropertySearch,
  principalSearchPropertySet,
} from './principals.js';
import { addressbookQuery, calendarQuery } from './query.js';
import { syncCollection } from './sync-collection.js';

export type Report = (x: Exchange, body: XmlElement, target: Resource) => Promise<DavReply>;

/** Reports by the root element of their request. */
export const REPORTS: ReadonlyMap<ClarkName, Report> = new Map<ClarkName, Report>([
  [D('sync-collection'), syncCollection],
  [C('calendar-multiget'), multiget],
  [C('calendar-query'), calendarQuery],
  [C('free-busy-query'), freeBusyQuery],
  [CARD('addressbook-multiget'), multiget],
  [CARD('addressbook-query'), addressbookQuery],
  [D('expand-property'), expandProperty],
  [D('principal-match'), principalMatch],
  [D('principal-property-search'), principalPropertySearch],
  [D('principal-search-property-set'), principalSearchPropertySet],
  [CS('calendarserver-principal-search'), calendarServerPrincipalSearch],
  [D('acl-principal-prop-set'), aclPrincipalPropSet],
]);
