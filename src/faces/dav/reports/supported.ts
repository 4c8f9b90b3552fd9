import { C, CARD, type ClarkName, CS, D } from '../../../formats/xml/names.js';
import { COLLECTIONS, EVERYTHING, HOMES, type ResourceKind } from '../resource.js';

/** Which reports are served where: what supported-report-set says (RFC 3253 §3.1.5) and what REPORT holds to. */
export const REPORTS_ON: ReadonlyMap<ClarkName, readonly ResourceKind[]> = new Map([
  [D('sync-collection'), [...COLLECTIONS, ...HOMES]],
  [C('calendar-multiget'), ['calendar', 'event', 'inbox']],
  [C('calendar-query'), ['calendar', 'event', 'inbox']],
  [C('free-busy-query'), ['calendar']],
  [CARD('addressbook-multiget'), ['addressbook', 'card']],
  [CARD('addressbook-query'), ['addressbook', 'card']],
  [D('expand-property'), EVERYTHING],
  [D('principal-match'), ['root', 'principal']],
  [D('principal-property-search'), ['root', 'principal']],
  [D('principal-search-property-set'), ['root', 'principal']],
  [CS('calendarserver-principal-search'), ['root', 'principal']],
  [D('acl-principal-prop-set'), ['principal', 'calendar-home', 'addressbook-home', 'calendar', 'addressbook', 'event', 'card']],
]);

/** The reports of a kind of resource. */
export function reportsOn(kind: ResourceKind): readonly ClarkName[] {
  return [...REPORTS_ON].filter(([, kinds]) => kinds.includes(kind)).map(([name]) => name);
}
