import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { it } from 'node:test';
import { TERRITORIES } from '../../../../../src/faces/eas/classes/territories.js';
import { FORMER_NAMES } from '../../../../../src/formats/zones/windows.js';

const CURRENT = new Map(FORMER_NAMES);

it('TERRITORIES is what the installed CLDR says', () => {
  const path = createRequire(import.meta.url).resolve('cldr-core/supplemental/windowsZones.json');
  const { mapTimezones } = JSON.parse(readFileSync(path, 'utf8')).supplemental.windowsZones;
  const zones = new Map<string, string[]>();
  for (const { mapZone } of mapTimezones as { mapZone: { _territory: string; _type: string } }[]) {
    const names = mapZone._type.split(' ').filter(Boolean);
    const current = names.map((name) => CURRENT.get(name) ?? name);
    zones.set(mapZone._territory, [...(zones.get(mapZone._territory) ?? []), ...current]);
  }
  const several = [...zones].filter(([territory, names]) => !['001', 'ZZ'].includes(territory) && names.length > 1);
  assert.deepEqual(TERRITORIES, Object.fromEntries(several.map(([territory, names]) => [territory, names.join(' ')])));
});
