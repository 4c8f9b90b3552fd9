import { readAvailabilities } from '../../../domain/pim/availability.js';
import { IcalError } from '../../../formats/ical/error.js';
import { C, type ClarkName, CS } from '../../../formats/xml/names.js';
import { textOf, type XmlElement } from '../../../formats/xml/read.js';
import { text } from '../../../formats/xml/write.js';
import { conditionError } from '../errors.js';
import type { Property } from './property.js';

/** Under this name PROPPATCH finds the text, whichever way the client named it. */
export const AVAILABILITY: ClarkName = C('calendar-availability');

function setAvailability(value: XmlElement | null): ReturnType<NonNullable<Property['set']>> {
  const said = value === null ? null : textOf(value).replace(/\r?\n/g, '\r\n');
  try {
    if (said !== null) readAvailabilities(said);
  } catch (error) {
    if (error instanceof IcalError) return conditionError(403, C('valid-calendar-data'));
    throw error;
  }
  return { properties: { [AVAILABILITY]: said } };
}

/** What somebody says of his availability in all calendars; Apple's clients use the older name. */
export const availabilityProperties: readonly Property[] = [AVAILABILITY, CS('calendar-availability')].map((name) => ({
  name,
  on: ['inbox'],
  spec: 'RFC 7953 §7.2.4',
  get: async (_, x) => {
    const said = await x.services.availability.said(x.session);
    return said === null ? undefined : text(said);
  },
  set: setAvailability,
}));
