import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { CURRENT_NAMES, WINDOWS_ZONES } from '../../../../../src/faces/eas/classes/windows-zones.js';
import { knownZone } from '../../../../../src/faces/eas/classes/zone-rules.js';

interface MapZone {
  readonly _other: string;
  readonly _type: string;
  readonly _territory: string;
}

/** The rows that the installed CLDR gives; what windows-zones.ts should hold. */
function rowsOfCldr(): string[] {
  const path = createRequire(import.meta.url).resolve('cldr-core/supplemental/windowsZones.json');
  const { mapTimezones } = JSON.parse(readFileSync(path, 'utf8')).supplemental.windowsZones;
  const rows = new Map<string, string[]>();
  for (const { mapZone } of mapTimezones as { mapZone: MapZone }[]) {
    const zones = mapZone._type.split(' ').filter(Boolean).map(currentName).join(' ');
    const row = rows.get(mapZone._other) ?? [];
    row.push(mapZone._territory === '001' ? zones : `${mapZone._territory}=${zones}`);
    rows.set(mapZone._other, row);
  }
  return [...rows].map(([name, parts]) => `${name}|${parts.join('|')}`);
}

function currentName(zone: string): string {
  return CURRENT_NAMES[zone] ?? zone;
}

function rowsOfTable(): string[] {
  return WINDOWS_ZONES.map(({ name, zone, territories }) =>
    [name, zone, ...Object.entries(territories).map(([territory, zones]) => `${territory}=${zones.join(' ')}`)].join('|'),
  );
}

describe('windows-zones', () => {
  it('is what the installed CLDR says', () => {
    assert.deepEqual(rowsOfTable(), rowsOfCldr());
  });

  it('holds zones that this system knows', () => {
    for (const { zone } of WINDOWS_ZONES) assert.notEqual(knownZone(zone), null, zone);
  });
});
