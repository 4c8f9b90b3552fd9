import type { TagName } from '../../../formats/wbxml/pages.js';
import { type Element, el, elements } from '../../../formats/wbxml/tree.js';
import type { ApplyContext, RenderContext } from '../classes/item-class.js';
import { atLeast, type EasVersion } from '../versions.js';
import type { ValueType } from './values.js';

/** A row of a class table: one element of ApplicationData. `M` is the opened iCalendar or vCard. */
export interface Field<M, V = unknown> {
  readonly tag: TagName;
  readonly type: ValueType<V>;
  /** First and last version that has the element; absent: all. */
  readonly since?: EasVersion;
  readonly until?: EasVersion;
  /** Whether a client may leave it to the server (classes/*.json); others are always its own to give. Default: yes. */
  readonly ghostable?: false;
  /** What absence in a change means, where absence can mean deletion at all; default `cleared`. */
  readonly absent?: 'cleared' | 'kept';
  /** What an empty tag means: the value is taken away (default), or nothing at all. */
  readonly empty?: 'cleared' | 'kept';
  get(from: M, context: RenderContext): V | undefined;
  /** Absent: not for clients to write, or written by a step of its own. */
  set?(into: M, value: V | undefined, context: ApplyContext): void;
}

/** A table of fields whose value types differ. */
// biome-ignore lint/suspicious/noExplicitAny: each row is checked where it is built; the table holds them all
export type Fields<M> = readonly Field<M, any>[];

/** Fixes the model of a table, so that each row's value type is inferred from its `type`. */
export function fieldsOf<M>(): <V>(field: Field<M, V>) => Field<M, V> {
  return (field) => field;
}

/** Whether a version has the element. */
export function hasField(field: Pick<Field<never>, 'since' | 'until'>, version: EasVersion): boolean {
  return (!field.since || atLeast(version, field.since)) && (!field.until || atLeast(field.until, version));
}

/** The elements of an item in the table's order; fields without a value leave no trace. */
export function renderFields<M>(fields: Fields<M>, model: M, context: RenderContext): Element[] {
  const rendered: Element[] = [];
  for (const field of fieldsIn(fields, context.version)) {
    const element = renderField(field, model, context);
    if (element) rendered.push(element);
  }
  return rendered;
}

/** The rows that a version has, of each table: they are asked for with every item. */
const BY_VERSION = new Map<EasVersion, WeakMap<object, unknown>>();

function fieldsIn<M>(fields: Fields<M>, version: EasVersion): Fields<M> {
  const tables = BY_VERSION.get(version) ?? new WeakMap<object, unknown>();
  const known = tables.get(fields) as Fields<M> | undefined;
  if (known) return known;
  const found = fields.filter((field) => hasField(field, version));
  BY_VERSION.set(version, tables.set(fields, found));
  return found;
}

/** One element, or undefined where there is nothing to say. */
export function renderField<M, V>(field: Field<M, V>, model: M, context: RenderContext): Element | undefined {
  const value = field.get(model, context);
  if (value === undefined || isNothing(field.type, value)) return undefined;
  return el(field.tag, field.type.write(value));
}

/** Whether an element that a change leaves out is thereby deleted. */
export type Absence = (field: Pick<Field<never>, 'tag' | 'ghostable'>) => boolean;

/** Nothing is deleted by absence: from 16.0 on (MS-ASCMD Supported, ghosted by default), and for partial changes. */
export const keptWhenAbsent: Absence = () => false;

/** Up to 14.1: deleted, unless the client declared in Supported that it manages other elements only. */
export function clearedUnlessGhosted(supported: ReadonlySet<TagName> | null): Absence {
  return ({ tag, ghostable }) => supported === null || ghostable === false || supported.has(tag);
}

/**
 * Writes what a client sent. A field is touched only when its value differs from the one the client was shown, so text
 * that the protocol can't express exactly survives being echoed. @returns what was written
 * @throws MalformedItem
 */
export function applyFields<M>(
  fields: Fields<M>,
  model: M,
  data: Element,
  context: ApplyContext,
  absence: Absence = keptWhenAbsent,
): Written<M>[] {
  const sent = new Map(elements(data).map((element) => [element.tag, element]));
  const how = { context, shown: shownContext(context), absence };
  const changes = fields
    .filter((field) => field.set !== undefined && hasField(field, context.version))
    .map((field) => ({ field, change: changeOf(field, model, sent.get(field.tag), how) }))
    .filter(({ change }) => change !== null);
  // Written only when all are known: the values of some fields follow from others.
  for (const { field, change } of changes) field.set?.(model, change?.value, context);
  return changes.map(({ field, change }) => ({ field, value: change?.value }));
}

/**
 * Whether a client that sent `data` holds what the model says: each element it sent has the value it would be shown. What
 * it left out is not looked at.
 */
export function agrees<M>(fields: Fields<M>, model: M, data: Element, context: ApplyContext): boolean {
  const sent = new Map(elements(data).map((element) => [element.tag, element]));
  const shown = shownContext(context);
  return fields.every((field) => {
    const element = sent.get(field.tag);
    if (!element || !field.set || field.empty === 'kept' || !hasField(field, context.version)) return true;
    const value = field.type.read(element);
    const current = field.get(model, shown);
    if (value === undefined || current === undefined) {
      return [value, current].every((side) => side === undefined || isNothing(field.type, side));
    }
    return field.type.same(current, value);
  });
}

/** A field and the value that it was given. */
export interface Written<M> {
  // biome-ignore lint/suspicious/noExplicitAny: as in Fields
  readonly field: Field<M, any>;
  readonly value: unknown;
}

interface Application {
  readonly context: ApplyContext;
  readonly shown: RenderContext;
  readonly absence: Absence;
}

/** The value to be written, undefined for one to be taken away; null for no change. */
type Change<V> = { readonly value: V | undefined } | null;

function changeOf<M, V>(field: Field<M, V>, model: M, element: Element | undefined, how: Application): Change<V> {
  const value = element && field.type.read(element);
  if (element === undefined) return removal(field, model, how, field.absent !== 'kept' && how.absence(field));
  if (value === undefined) return removal(field, model, how, field.empty !== 'kept' && element.content.length === 0);
  const current = field.get(model, how.shown);
  const isSame = current === undefined ? isNothing(field.type, value) : field.type.same(current, value);
  return isSame ? null : { value };
}

/** A value that the client was never shown stays. */
function removal<M, V>(field: Field<M, V>, model: M, how: Application, wanted: boolean): Change<V> {
  const current = wanted ? field.get(model, how.shown) : undefined;
  return current === undefined || isNothing(field.type, current) ? null : { value: undefined };
}

export function isNothing<V>(type: ValueType<V>, value: V): boolean {
  return type.isNothing?.(value) ?? (value === '' || (Array.isArray(value) && value.length === 0));
}

/** The context in which a client was shown an item before it changed it. */
export function shownContext(context: ApplyContext): RenderContext {
  return { version: context.version, user: context.user, bodyPreferences: [], now: context.now };
}
