import { type Component, Property, parseContentLines } from '../../formats/content-lines.js';
import { CalendarEditor } from '../../formats/ical/edit.js';
import { IcalError } from '../../formats/ical/error.js';
import { occurrences } from '../../formats/ical/occurrences.js';
import { openCalendarObject } from '../../formats/ical/parse.js';
import { type IcalTime, parseTime } from '../../formats/ical/values.js';
import { DomainError } from '../errors.js';
import type { Attachment } from './model.js';

/** An ATTACH of an item that names a kept attachment. */
export interface NamedAttachment {
  readonly id: string;
  readonly uri: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
}

/** Parts of a calendar object: `M` is the master, others are occurrences by their RECURRENCE-ID (RFC 8607 §3.3.2). */
export type Instances = readonly string[] | null;

/** The managed attachments that a text names; a text without any is not parsed. */
export function namedIn(text: string): NamedAttachment[] {
  if (!mayName(text)) return [];
  try {
    const found = parseContentLines(text).flatMap((calendar) =>
      calendar.components.flatMap((component) => component.all('ATTACH')),
    );
    return found.flatMap((line) => {
      const id = line.param('MANAGED-ID');
      const [name = '', type = 'application/octet-stream'] = [line.param('FILENAME'), line.param('FMTTYPE')];
      return id === undefined ? [] : [{ id, uri: line.value, name, type, size: Number(line.param('SIZE') ?? 0) || 0 }];
    });
  } catch {
    return [];
  }
}

/** Few texts have attachments; in those folding may have cut the parameter in two anywhere. */
function mayName(text: string): boolean {
  return /ATTACH/i.test(text) && /;MANAGED-ID=/i.test(text.replace(/\r?\n[ \t]/g, ''));
}

/** The identifiers alone, each once. */
export function idsIn(text: string): string[] {
  return [...new Set(namedIn(text).map(({ id }) => id))];
}

/** The text with an attachment more. @throws DomainError `valid-rid-parameter` */
export function withAttachment(text: string, attachment: Attachment, uri: string, instances: Instances): string {
  return edited(text, instances, (component) => {
    component.add(line(attachment, uri));
  });
}

/** Has one part of an object name an attachment, once. */
export function addAttachment(component: Component, attachment: Attachment, uri: string): void {
  if (managed(component, attachment.id) === undefined) component.add(line(attachment, uri));
}

/** The text with one attachment in the place of another, wherever that was. */
export function withReplaced(text: string, id: string, attachment: Attachment, uri: string): string {
  return edited(text, null, (component) => {
    const old = managed(component, id);
    if (old === undefined) return;
    component.insertBefore(line(attachment, uri), old);
    component.remove(old);
  });
}

/** The text without an attachment. @throws DomainError `valid-rid-parameter` */
export function withoutAttachment(text: string, id: string, instances: Instances): string {
  return edited(text, instances, (component) => {
    const old = managed(component, id);
    if (old !== undefined) component.remove(old);
  });
}

function line({ id, name, type, size }: Attachment, uri: string): Property {
  return new Property('ATTACH', uri, { 'MANAGED-ID': id, FMTTYPE: type, SIZE: String(size), FILENAME: name });
}

function managed(component: Component, id: string): Property | undefined {
  return component.all('ATTACH').find((property) => property.param('MANAGED-ID') === id);
}

/** Changes the parts meant, all where none are named; an occurrence gets an override of its own first. */
function edited(text: string, instances: Instances, change: (component: Component) => void): string {
  const editor = CalendarEditor.open(text);
  const parts = instances === null ? everything(editor) : instances.map((instance) => partOf(editor, text, instance));
  for (const part of new Set(parts)) change(part);
  return editor.toString();
}

function everything(editor: CalendarEditor): Component[] {
  return [...(editor.master ? [editor.master] : []), ...editor.overrides].map(({ component }) => component);
}

function partOf(editor: CalendarEditor, text: string, instance: string): Component {
  if (instance.toUpperCase() === 'M') {
    if (editor.master) return editor.master.component;
    throw invalidInstance();
  }
  try {
    const time = timeIn(editor, instance);
    const present = editor.override(time);
    if (present) return present.component;
    if (!occurs(editor, text, time)) throw invalidInstance();
    return editor.addOverride(time).component;
  } catch (error) {
    if (error instanceof IcalError) throw invalidInstance();
    throw error;
  }
}

/** Times come in UTC or as dates (RFC 8607 §3.3.2); a local one is read as the series says. */
function timeIn(editor: CalendarEditor, instance: string): IcalTime {
  const zone = editor.master?.component.first('DTSTART')?.param('TZID');
  return parseTime(instance, instance.endsWith('Z') || !instance.includes('T') ? undefined : zone);
}

function occurs(editor: CalendarEditor, text: string, time: IcalTime): boolean {
  const at = editor.zones.instant(time);
  for (const { start } of occurrences(openCalendarObject(text), { from: at, to: at + 1 })) if (start === at) return true;
  return false;
}

function invalidInstance(): DomainError {
  return new DomainError('invalid', 'there is no such occurrence', { reason: 'valid-rid-parameter' });
}
