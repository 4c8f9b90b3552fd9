import type { PimKind } from '../../../domain/pim/model.js';
import { calendarClass } from './calendar.js';
import { contactsClass } from './contacts.js';
import type { PimItemClass } from './item-class.js';
import { notesClass } from './notes.js';
import { tasksClass } from './tasks.js';

/** The class that shows each kind of collection to devices. */
export const PIM_CLASSES: Readonly<Record<PimKind, PimItemClass>> = {
  calendar: calendarClass,
  contacts: contactsClass,
  tasks: tasksClass,
  notes: notesClass,
};
