/** How the properties of one kind of object are merged. */
export interface MergeRules {
  /** Properties that say one thing together, by the name of what they say: they change as one. */
  readonly together: Readonly<Record<string, string>>;
  /** Properties of which an object has many, each a thing of its own. */
  readonly many: ReadonlySet<string>;
  /** Lists of words whose members come and go one by one. */
  readonly words: ReadonlySet<string>;
  /** Moments of the latest change: the later one counts. */
  readonly stamps: ReadonlySet<string>;
  /** What is never an edit, or is merged by a step of its own. */
  readonly passed: ReadonlySet<string>;
}

/** What decides when something is and how it recurs: a new start or rule renames every occurrence. */
export const SCHEDULE = 'schedule';

function groups(all: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  return Object.fromEntries(Object.entries(all).flatMap(([group, names]) => names.map((name) => [name, group])));
}

const ICAL_GROUPS = groups({
  [SCHEDULE]: ['DTSTART', 'DTEND', 'DUE', 'DURATION', 'RRULE', 'EXRULE', 'RDATE', 'X-MICROSOFT-CDO-ALLDAYEVENT'],
  body: ['DESCRIPTION', 'X-ALT-DESC', 'STYLED-DESCRIPTION'],
  place: ['LOCATION', 'GEO', 'X-APPLE-STRUCTURED-LOCATION', 'X-MICROSOFT-LOCATIONS'],
  time: ['TRANSP', 'X-MICROSOFT-CDO-BUSYSTATUS', 'X-MICROSOFT-CDO-INTENDEDSTATUS'],
});

const ICAL: MergeRules = {
  together: ICAL_GROUPS,
  many: new Set(['ATTENDEE', 'ATTACH', 'COMMENT', 'CONTACT', 'RELATED-TO', 'CONFERENCE', 'IMAGE', 'REQUEST-STATUS']),
  words: new Set(['CATEGORIES', 'RESOURCES']),
  stamps: new Set(['DTSTAMP', 'LAST-MODIFIED']),
  passed: new Set(['UID', 'RECURRENCE-ID', 'EXDATE', 'CREATED', 'SEQUENCE', 'DTSTAMP', 'LAST-MODIFIED']),
};

/** A to-do is done, how far, and since when, in one. */
const TODO: MergeRules = {
  ...ICAL,
  together: { ...ICAL_GROUPS, ...groups({ done: ['STATUS', 'COMPLETED', 'PERCENT-COMPLETE'] }) },
};

/** By the name of the component; RFC 5545 and RFC 6350. */
export const RULES = {
  VEVENT: ICAL,
  VJOURNAL: ICAL,
  VTODO: TODO,
  VALARM: ICAL,
  VCARD: {
    together: groups({ name: ['N', 'FN', 'SORT-STRING', 'X-FILE-AS', 'X-EVOLUTION-FILE-AS'] }),
    many: new Set([
      'TEL',
      'EMAIL',
      'ADR',
      'LABEL',
      'IMPP',
      'URL',
      'RELATED',
      'MEMBER',
      'KEY',
      'X-SOCIALPROFILE',
      'X-ABDATE',
      'X-ABRELATEDNAMES',
    ]),
    words: new Set(['CATEGORIES']),
    stamps: new Set(['REV']),
    passed: new Set(['UID', 'VERSION', 'PRODID', 'REV']),
  },
} as const satisfies Readonly<Record<string, MergeRules>>;

/** What a component is merged by that has no rules of its own. */
export const OTHER: MergeRules = ICAL;
