import { randomUUID } from 'node:crypto';
import { timeOf } from '../../../formats/ical/values.js';
import type { Element } from '../../../formats/wbxml/tree.js';
import { agrees, applyFields, type Fields, fieldsOf, renderFields } from '../schema/field.js';
import { compactDate, integer, line, list } from '../schema/values.js';
import { bodyFor, bodyValue, descriptionOf, setDescription } from './body-pim.js';
import { categoriesOf, setCategories, setSubject, subjectOf } from './event-fields.js';
import { type ItemModel, mainModel, newObject, openObject, stamp } from './event-model.js';
import type { ApplyContext, PimItemClass } from './item-class.js';
import { textProperty } from './location.js';

const field = fieldsOf<ItemModel>();

const MESSAGE_CLASS = 'X-MS-MESSAGECLASS';
const STICKY_NOTE = 'IPM.StickyNote';

/** Notes in schema order (MS-ASNOTE 2.2.2). What a change leaves out stays: a client sends no Supported for them. */
const FIELDS: Fields<ItemModel> = [
  field({ tag: 'Notes:Subject', type: line, since: '14.0', get: subjectOf, set: setSubject }),
  field({
    tag: 'Notes:MessageClass',
    type: line,
    since: '14.0',
    empty: 'kept',
    get: ({ component }) => {
      const name = component.first(MESSAGE_CLASS)?.text ?? '';
      return isNote(name) ? name : STICKY_NOTE;
    },
    set: ({ component }, value = STICKY_NOTE) => {
      if (isNote(value)) textProperty(component, MESSAGE_CLASS, value);
    },
  }),
  field({
    tag: 'Notes:LastModifiedDate',
    type: compactDate,
    since: '14.0',
    get: ({ component }) => {
      const stamped = component.first('LAST-MODIFIED') ?? component.first('DTSTAMP');
      return stamped && new Date(timeOf(stamped).local);
    },
  }),
  field({ tag: 'Notes:Categories', type: list('Notes:Category'), since: '14.0', get: categoriesOf, set: setCategories }),
  field({
    tag: 'AirSyncBase:Body',
    type: bodyValue,
    since: '12.0',
    get: ({ component }, context) => bodyFor(descriptionOf(component), context),
    set: ({ component }, value) => setDescription(component, value),
  }),
  field({
    tag: 'AirSyncBase:NativeBodyType',
    type: integer(1, 3),
    since: '12.0',
    get: ({ component }) => {
      const { plain, html } = descriptionOf(component);
      return html !== undefined ? 2 : plain === '' ? undefined : 1;
    },
  }),
];

/** `IPM.StickyNote`, or one of its kind. */
function isNote(name: string): boolean {
  return /^IPM\.StickyNote(?:\.|$)/i.test(name);
}

/** Notes (MS-ASNOTE) over VJOURNAL. */
export const notesClass: PimItemClass = {
  className: 'Notes',
  components: ['VJOURNAL'],
  render: (text, context) => renderFields(FIELDS, mainModel(openObject(text, context.user)), context),
  apply: applyNote,
  agrees: (text, data, context) => agrees(FIELDS, mainModel(openObject(text, context.user)), data, context),
};

function applyNote(text: string | null, data: Element, context: ApplyContext): string {
  const opened = text === null ? newObject('VJOURNAL', randomUUID(), context.user) : openObject(text, context.user);
  const model = mainModel(opened);
  const before = text === null ? undefined : model.component.clone();
  applyFields(FIELDS, model, data, context);
  return stamp(model.component, before, { now: context.now, decides: true }) ? opened.calendar.toString() : (text as string);
}
