import type { Component, Property } from '../../../formats/content-lines.js';
import type { Range } from './range.js';

/** Who looks: floating and all-day times are seen in this zone. */
export interface Viewer {
  readonly zone: string;
  /** A VCALENDAR with the VTIMEZONE to be used in its stead. */
  readonly timezone?: string;
}

export function overlappingComponents(calendar: Component, name: string, _range: Range, _viewer: Viewer): ReadonlySet<Component> {
  return new Set(calendar.componentsNamed(name));
}
export function alarmOverlaps(
  _calendar: Component,
  _parent: Component,
  _alarm: Component,
  _range: Range,
  _viewer: Viewer,
): boolean {
  return true;
}
export function propertyOverlaps(_calendar: Component, _line: Property, _range: Range, _viewer: Viewer): boolean {
  return true;
}
export function expandOccurrences(text: string, _range: Range, _viewer: Viewer): string {
  return text;
}
export function limitOverrides(text: string, _range: Range, _viewer: Viewer): string {
  return text;
}
export function limitFreeBusy(text: string, _range: Range): string {
  return text;
}
