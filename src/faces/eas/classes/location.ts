import { type Component, escapeText, Property } from '../../../formats/content-lines.js';
import { childText, type Element, el, elements } from '../../../formats/wbxml/tree.js';
import { line, lineText, type ValueType } from '../schema/values.js';

/** Parts of a Location (MS-ASAIRS 2.2.2.28) that are text. */
const TEXTS = ['DisplayName', 'Annotation', 'Street', 'City', 'State', 'Country', 'PostalCode', 'LocationUri'] as const;
const NUMBERS = ['Latitude', 'Longitude'] as const;

type Part = (typeof TEXTS)[number] | (typeof NUMBERS)[number];

/** The parts of a Location, as text; absent where nothing is said. */
export type Location = Readonly<Partial<Record<Part, string>>>;

/** In schema order. */
const ORDER: readonly Part[] = [...TEXTS.slice(0, 7), ...NUMBERS, 'LocationUri'];

/** Outlook's property for the parts of a place (JSON), with its names of them. */
const PROPERTY = 'X-MICROSOFT-LOCATIONS';
const JSON_NAMES: Readonly<Record<(typeof TEXTS)[number], string>> = {
  DisplayName: 'DisplayName',
  Annotation: 'LocationAnnotation',
  Street: 'LocationStreet',
  City: 'LocationCity',
  State: 'LocationState',
  Country: 'LocationCountry',
  PostalCode: 'LocationPostalCode',
  LocationUri: 'LocationUri',
};

export const locationValue: ValueType<Location> = {
  read: (element) => (elements(element).length === 0 ? undefined : readLocation(element)),
  write: (location) =>
    ORDER.map((part) => (location[part] === undefined ? undefined : el(`AirSyncBase:${part}`, lineText(location[part])))),
  same: (shown, sent) => partsOf(sent).every((part) => samePart(part, shown[part], sent[part])),
  isNothing: (location) => partsOf(location).every((part) => location[part]?.trim() === ''),
};

function partsOf(location: Location): Part[] {
  return ORDER.filter((part) => location[part] !== undefined);
}

function readLocation(element: Element): Location {
  const parts = ORDER.flatMap((part) => {
    const value = childText(element, `AirSyncBase:${part}`);
    return value === undefined ? [] : [[part, lineText(value)]];
  });
  return Object.fromEntries(parts);
}

function samePart(part: Part, shown = '', sent = ''): boolean {
  if (!NUMBERS.some((name) => name === part)) return line.same(shown, sent);
  if (shown === '' || sent === '') return shown === sent;
  return Math.abs(Number(shown) - Number(sent)) < 1e-6;
}

/** LOCATION, with its parts as long as they belong to it, and GEO. */
export function locationOf(component: Component): Location | undefined {
  const name = component.first('LOCATION')?.text ?? '';
  const details = detailsOf(component);
  const parts = details?.DisplayName !== undefined && line.same(details.DisplayName, name) ? details : {};
  const found = { ...parts, ...(name === '' ? {} : { DisplayName: name }), ...positionOf(component) };
  return Object.keys(found).length > 0 ? found : undefined;
}

/** What Apple's apps write instead of GEO: a `geo:` URI, with name and address of the place as parameters. */
const APPLE = 'X-APPLE-STRUCTURED-LOCATION';

function positionOf(component: Component): Location {
  const apple = /^geo:([^;?]*)/i.exec(component.first(APPLE)?.value.trim() ?? '')?.[1];
  for (const position of [component.first('GEO')?.value, apple]) {
    const [latitude, longitude] = (position ?? '').split(/[;,]/).map((value) => value.trim());
    const isPosition = latitude && longitude && Number.isFinite(Number(latitude)) && Number.isFinite(Number(longitude));
    if (isPosition) return { Latitude: latitude, Longitude: longitude };
  }
  return {};
}

function detailsOf(component: Component): Location | undefined {
  const text = component.first(PROPERTY)?.text;
  if (!text) return undefined;
  try {
    const [first] = JSON.parse(text) as (Record<string, unknown> | undefined)[];
    const parts = TEXTS.flatMap((part) => {
      const value = first?.[JSON_NAMES[part]];
      return typeof value === 'string' && value !== '' ? [[part, value]] : [];
    });
    return Object.fromEntries(parts);
  } catch {
    return undefined; // somebody else's idea of the property
  }
}

/** Properties that tell more of the place in LOCATION, and are wrong once it is another one. */
const DETAILS = [APPLE, 'GEO', PROPERTY] as const;

export function setLocation(component: Component, sent: Location | undefined): void {
  const before = locationOf(component);
  const isSamePlace = sent !== undefined && line.same(before?.DisplayName ?? '', sent.DisplayName ?? before?.DisplayName ?? '');
  const location = isSamePlace ? { ...before, ...sent } : (sent ?? {});
  const name = location.DisplayName || addressLine(location);
  if (!isSamePlace) for (const detail of DETAILS) component.remove(detail);
  if (name === '') component.remove('LOCATION');
  else component.set('LOCATION', escapeText(name), isSamePlace ? {} : { ALTREP: undefined });
  setDetails(component, { ...location, DisplayName: name });
}

function setDetails(component: Component, location: Location): void {
  setPosition(component, location);
  const texts = TEXTS.filter((part) => location[part]);
  if (texts.every((part) => part === 'DisplayName')) return;
  const json = JSON.stringify([Object.fromEntries(texts.map((part) => [JSON_NAMES[part], location[part]]))]);
  if (component.first(PROPERTY)?.text !== json) component.set(PROPERTY, escapeText(json));
}

/** As GEO, and for Apple's apps, which show a map for nothing else. */
function setPosition(component: Component, location: Location): void {
  const { Latitude, Longitude, DisplayName } = location;
  if (!Latitude || !Longitude || !Number.isFinite(Number(Latitude) + Number(Longitude))) return;
  const known = positionOf(component);
  if (samePart('Latitude', known.Latitude, Latitude) && samePart('Longitude', known.Longitude, Longitude)) return;
  const [latitude, longitude] = [Number(Latitude), Number(Longitude)];
  component.set('GEO', `${latitude};${longitude}`);
  const parameters = component.first(APPLE) ? {} : { VALUE: 'URI', 'X-ADDRESS': addressLine(location), 'X-TITLE': DisplayName };
  const said = Object.entries(parameters).filter(([, value]) => value);
  component.set(APPLE, `geo:${latitude},${longitude}`, Object.fromEntries(said));
}

function addressLine({ Street, PostalCode, City, State, Country }: Location): string {
  return [Street, [PostalCode, City].filter(Boolean).join(' '), State, Country].filter(Boolean).join(', ');
}

/** Up to 14.1 a place is a line of text (MS-ASCAL Location). */
export function locationLine(component: Component): string | undefined {
  return component.first('LOCATION')?.text;
}

export function setLocationLine(component: Component, value: string | undefined): void {
  setLocation(component, value === undefined ? undefined : { DisplayName: value });
}

/** A property that holds nothing but a text. */
export function textProperty(component: Component, name: string, value: string | undefined): void {
  if (value === undefined || value === '') component.remove(name);
  else if (component.first(name)) component.set(name, escapeText(value));
  else component.add(new Property(name, escapeText(value)));
}
