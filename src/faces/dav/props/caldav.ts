import { ATTACHMENT_LIMITS } from '../../../domain/attachments/model.js';
import { KINDS } from '../../../domain/pim/kinds.js';
import type { Collection } from '../../../domain/pim/model.js';
import { DEFAULT_ICAL_LIMITS } from '../../../formats/ical/parse.js';
import { C, D } from '../../../formats/xml/names.js';
import { elementsOf, type XmlElement } from '../../../formats/xml/read.js';
import { element, elementWith, join, text, textElement, type Xml } from '../../../formats/xml/write.js';
import { conditionError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { homePath, inboxPath, outboxPath, principalPath } from '../paths.js';
import type { ResourceKind } from '../resource.js';
import { calendarDataGetter } from './calendar-data.js';
import { keepPlain, kept, keptProperty, type Property } from './property.js';
import { timezoneProperties } from './timezone.js';

const CALENDAR: readonly ResourceKind[] = ['calendar'];
const PRINCIPAL: readonly ResourceKind[] = ['principal'];
const number = (value: number): Xml => String(value) as Xml;

/** What a calendar takes for which no component set was asked. */
export const OFFERED_COMPONENTS: readonly string[] = ['VEVENT', 'VTODO', 'VJOURNAL'];

const componentSet = (names: readonly string[]): Xml => join(names.map((name) => elementWith(C('comp'), { name })));
const componentsOf = (collection: Collection | null): Xml => componentSet(collection?.components ?? []);

/** `opaque` counts in free/busy, `transparent` does not (RFC 6638 §9.1). */
function setTransparency(value: XmlElement | null): ReturnType<NonNullable<Property['set']>> {
  const known = value === null || elementsOf(value).every(({ name }) => name === C('opaque') || name === C('transparent'));
  return known ? keepPlain(C('schedule-calendar-transp'), value) : conditionError(403, C('supported-transparency'));
}

/** RFC 4791 §5.2, §6.2, §7.5.1, §9.6; RFC 6638 §2.4. */
export const caldavProperties: readonly Property[] = [
  {
    name: C('calendar-home-set'),
    on: PRINCIPAL,
    spec: 'RFC 4791 §6.2.1',
    get: ({ person }, x) =>
      person?.id === x.session.account ? textElement(D('href'), homePath('calendars', x.address)) : undefined,
  },
  {
    name: C('calendar-user-address-set'),
    on: PRINCIPAL,
    spec: 'RFC 6638 §2.4.1',
    get: ({ person }) => {
      const { address, aliases } = person ?? { address: '', aliases: [] };
      const mailto = (to: string, index: number): Xml =>
        index === 0 ? elementWith(D('href'), { preferred: '1' }, text(`mailto:${to}`)) : textElement(D('href'), `mailto:${to}`);
      return join([...[address, ...aliases].map(mailto), textElement(D('href'), principalPath(address))]);
    },
  },
  {
    name: C('calendar-user-type'),
    on: PRINCIPAL,
    spec: 'RFC 6638 §2.4.2',
    get: ({ person }) => (person?.kind ?? 'individual').toUpperCase() as Xml,
  },
  {
    name: C('schedule-outbox-URL'),
    on: PRINCIPAL,
    spec: 'RFC 6638 §2.1.1',
    get: ({ person }, x) => (person?.id === x.session.account ? textElement(D('href'), outboxPath(x.address)) : undefined),
  },
  {
    name: C('schedule-inbox-URL'),
    on: PRINCIPAL,
    spec: 'RFC 6638 §2.2.1',
    get: ({ person }, x) => (person?.id === x.session.account ? textElement(D('href'), inboxPath(x.address)) : undefined),
  },
  {
    name: C('schedule-default-calendar-URL'),
    on: ['inbox', 'calendar-home'],
    spec: 'RFC 6638 §9.2',
    get: async (_, x) => {
      const calendar = (await x.collections()).find(({ kind, primary }) => kind === 'calendar' && primary);
      return calendar === undefined ? undefined : textElement(D('href'), x.collectionHref(calendar));
    },
  },
  keptProperty(C('calendar-description'), CALENDAR, 'RFC 4791 §5.2.1'),
  ...timezoneProperties,
  {
    name: C('schedule-calendar-transp'),
    on: CALENDAR,
    spec: 'RFC 6638 §9.1',
    get: (r) => kept(r, C('schedule-calendar-transp')) ?? element(C('opaque')),
    set: setTransparency,
  },
  {
    name: C('supported-calendar-component-set'),
    on: CALENDAR,
    spec: 'RFC 4791 §5.2.3',
    get: (r) => componentsOf(r.collection),
  },
  {
    name: C('supported-calendar-component-sets'),
    on: ['calendar-home'],
    spec: 'caldav-ctag-07 (component sets in which calendars can be made)',
    get: () => join(OFFERED_COMPONENTS.map((name) => element(C('supported-calendar-component-set'), componentSet([name])))),
  },
  {
    name: C('supported-calendar-data'),
    on: ['calendar', 'inbox'],
    spec: 'RFC 4791 §5.2.4',
    get: () => elementWith(C('calendar-data'), { 'content-type': 'text/calendar', version: '2.0' }),
  },
  {
    name: C('max-resource-size'),
    on: CALENDAR,
    spec: 'RFC 4791 §5.2.5',
    get: ({ collection }) => number(KINDS[collection?.kind ?? 'calendar'].maxBytes),
  },
  {
    name: C('managed-attachments-server-URL'),
    on: ['calendar-home'],
    spec: 'RFC 8607 §6.1: empty, they are kept where the calendars are',
    get: () => '' as Xml,
  },
  {
    name: C('max-attachment-size'),
    on: CALENDAR,
    spec: 'RFC 8607 §6.2',
    get: () => number(ATTACHMENT_LIMITS.size),
  },
  {
    name: C('max-attachments-per-resource'),
    on: CALENDAR,
    spec: 'RFC 8607 §6.3',
    get: () => number(ATTACHMENT_LIMITS.perItem),
  },
  {
    name: C('max-attendees-per-instance'),
    on: CALENDAR,
    spec: 'RFC 4791 §5.2.9',
    get: () => number(DEFAULT_ICAL_LIMITS.maxAttendees),
  },
  {
    name: C('supported-collation-set'),
    on: CALENDAR,
    spec: 'RFC 4791 §7.5.1',
    get: () => join(LIMITS.collations.map((name) => textElement(C('supported-collation'), name))),
  },
  {
    name: C('calendar-data'),
    on: ['event', 'message'],
    spec: 'RFC 4791 §9.6',
    needs: 'text',
    get: ({ item }) => (item?.text === undefined ? undefined : text(item.text)),
    compile: calendarDataGetter,
  },
  {
    name: C('schedule-tag'),
    on: ['event'],
    spec: 'RFC 6638 §9.3',
    needs: 'head',
    get: ({ item }) => (item?.scheduleTag ? text(`"${item.scheduleTag}"`) : undefined),
  },
];
