import type { PimKind } from '../../../domain/pim/model.js';
import { calendarClass } from '../classes/calendar.js';
import { contactsClass } from '../classes/contacts.js';
import type { PimItemClass } from '../classes/item-class.js';
import { notesClass } from '../classes/notes.js';
import { tasksClass } from '../classes/tasks.js';

/** The class that shows each kind of collection. */
export const PIM_CLASSES: Readonly<Record<PimKind, PimItemClass>> = {
  calendar: calendarClass,
  contacts: contactsClass,
  tasks: tasksClass,
  notes: notesClass,
};
