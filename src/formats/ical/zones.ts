/**
 * Time zones of calendar objects (RFC 5545 §3.6.5): what a TZID means, and VTIMEZONE text.
 *
 *     const zones = new ZoneTable(object.timezones, viewerZone)
 *     zones.instant(timeOf(property))          // milliseconds since the epoch
 *     vtimezoneText('Europe/Berlin', { from }) // BEGIN:VTIMEZONE…
 */
import type { Component } from '../content-lines.js';
import { ianaZone, UTC } from '../zones/iana.js';
import { ianaOfTzid } from '../zones/names.js';
import type { Zone } from '../zones/zone.js';
import type { IcalTime } from './values.js';
import { zoneOfVtimezone } from './vtimezone.js';

export { zoneOfVtimezone } from './vtimezone.js';
export { vtimezoneText } from './vtimezone-text.js';

/** What the TZIDs of one calendar object mean. */
export class ZoneTable {
  readonly #embedded: readonly Component[];
  readonly #zones = new Map<string, Zone | null>();

  /**
   * @param timezones the object's VTIMEZONEs
   * @param viewer the zone in which dates, floating times and times of unknown zones are read
   */
  constructor(
    timezones: readonly Component[],
    readonly viewer: Zone = UTC,
  ) {
    this.#embedded = timezones;
  }

  /**
   * The zone of a TZID: a known name in any spelling, else what the VTIMEZONE says it is, else its rules, else the viewer's.
   * Known names go first because embedded rules are often those of the year in which somebody made the file.
   */
  zone(tzid: string): Zone {
    return this.#find(tzid) ?? this.viewer;
  }

  /** Whether the viewer's zone decides which instant a time is: dates, floating times, zones that nobody describes. */
  isFloating(time: IcalTime): boolean {
    if (time.kind === 'utc') return false;
    return time.tzid === null || this.#find(time.tzid) === null;
  }

  /** The zone in which a time is read. */
  zoneOf(time: IcalTime): Zone {
    if (time.kind === 'utc') return UTC;
    return time.tzid === null ? this.viewer : this.zone(time.tzid);
  }

  /** Milliseconds since the epoch; a DATE is its first moment in the viewer's zone. */
  instant(time: IcalTime): number {
    return time.kind === 'utc' ? time.local : this.zoneOf(time).toInstant(time.local);
  }

  #find(tzid: string): Zone | null {
    let zone = this.#zones.get(tzid);
    if (zone === undefined) {
      zone = this.#resolve(tzid);
      this.#zones.set(tzid, zone);
    }
    return zone;
  }

  #resolve(tzid: string): Zone | null {
    const iana = ianaOfTzid(tzid);
    if (iana !== null) return ianaZone(iana);
    const embedded = this.#embedded.find((timezone) => timezone.first('TZID')?.text.trim() === tzid.trim());
    return embedded ? zoneOfVtimezone(embedded) : null;
  }
}
