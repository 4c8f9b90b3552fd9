import type { CollectionDraft, PimKind } from './model.js';

/** What a kind of collection accepts and what a new account gets of it. */
export interface KindRules {
  readonly components: readonly string[];
  readonly extension: string;
  readonly first: Omit<CollectionDraft, 'kind'>;
  /** Largest text of one item in bytes; photos of up to 10 MB must fit into a contact. */
  readonly maxBytes: number;
}

const MEGABYTE = 1024 * 1024;

/** VEVENT and VTODO have collections of their own: clients that see both in one are known to delete it. */
export const KINDS: Readonly<Record<PimKind, KindRules>> = {
  calendar: {
    components: ['VEVENT'],
    extension: 'ics',
    first: { slug: 'calendar', name: 'Calendar' },
    maxBytes: 10 * MEGABYTE,
  },
  tasks: {
    components: ['VTODO'],
    extension: 'ics',
    first: { slug: 'tasks', name: 'Tasks' },
    maxBytes: 10 * MEGABYTE,
  },
  contacts: {
    components: ['VCARD'],
    extension: 'vcf',
    first: { slug: 'contacts', name: 'Contacts' },
    maxBytes: 15 * MEGABYTE,
  },
  notes: {
    components: ['VJOURNAL'],
    extension: 'ics',
    first: { slug: 'notes', name: 'Notes' },
    maxBytes: 10 * MEGABYTE,
  },
};

/** Components a calendar-like collection may be made for. */
export const CALENDAR_COMPONENTS: readonly string[] = ['VEVENT', 'VTODO', 'VJOURNAL', 'VAVAILABILITY', 'VPOLL'];

/** The kind that a set of calendar components makes: a list of to-dos alone is a task list, journals alone a notebook. */
export function kindOfComponents(components: readonly string[]): PimKind {
  if (components.every((component) => component === 'VTODO')) return 'tasks';
  if (components.every((component) => component === 'VJOURNAL')) return 'notes';
  return 'calendar';
}
