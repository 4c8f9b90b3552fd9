/**
 * Time zones: names and offsets.
 *
 *     ianaOfTzid('(UTC+01:00) Amsterdam, Berlin, …')   // 'Europe/Berlin'
 *     windowsName('Europe/Kyiv')                       // 'FLE Standard Time'
 *     const zone = ianaZone('Europe/Berlin')           // Zone | null
 *     zone.toInstant(Date.UTC(2026, 2, 29, 2, 30))     // wall clock (as if UTC) → milliseconds since the epoch
 *     zone.transitions(from, to)                       // [{ at, before, after }]
 *
 * Zones of an embedded VTIMEZONE, and VTIMEZONE text: formats/ical/zones.ts.
 */
export { ianaName, ianaZone, UTC } from './zones/iana.js';
export { ianaOfTzid, ianaOfWindows, windowsName } from './zones/names.js';
export { fixedZone, type OffsetChange, type Transition, Zone } from './zones/zone.js';
