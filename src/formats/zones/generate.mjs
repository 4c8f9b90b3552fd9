// Writes windows.ts from CLDR's table (cldr-core, supplemental/windowsZones.json): node src/formats/zones/generate.mjs
import { readFile, writeFile } from 'node:fs/promises';

// Names that the zone database has given up since CLDR fixed its own (tzdata, file "backward").
const CURRENT = {
  'Africa/Asmera': 'Africa/Asmara',
  'America/Buenos_Aires': 'America/Argentina/Buenos_Aires',
  'America/Catamarca': 'America/Argentina/Catamarca',
  'America/Coral_Harbour': 'America/Atikokan',
  'America/Cordoba': 'America/Argentina/Cordoba',
  'America/Godthab': 'America/Nuuk',
  'America/Indianapolis': 'America/Indiana/Indianapolis',
  'America/Jujuy': 'America/Argentina/Jujuy',
  'America/Louisville': 'America/Kentucky/Louisville',
  'America/Mendoza': 'America/Argentina/Mendoza',
  'Asia/Calcutta': 'Asia/Kolkata',
  'Asia/Katmandu': 'Asia/Kathmandu',
  'Asia/Rangoon': 'Asia/Yangon',
  'Asia/Saigon': 'Asia/Ho_Chi_Minh',
  'Atlantic/Faeroe': 'Atlantic/Faroe',
  'Europe/Kiev': 'Europe/Kyiv',
  'Pacific/Enderbury': 'Pacific/Kanton',
  'Pacific/Johnston': 'Pacific/Honolulu',
  'Pacific/Ponape': 'Pacific/Pohnpei',
  'Pacific/Truk': 'Pacific/Chuuk',
};

const source = new URL('../../../node_modules/cldr-core/supplemental/windowsZones.json', import.meta.url);
const { supplemental } = JSON.parse(await readFile(source, 'utf8'));
const zones = new Map();
for (const { mapZone } of supplemental.windowsZones.mapTimezones) {
  const row = zones.get(mapZone._other) ?? { main: '', members: new Set() };
  const names = mapZone._type
    .split(' ')
    .filter(Boolean)
    .map((name) => CURRENT[name] ?? name);
  if (mapZone._territory === '001') row.main = names[0];
  for (const name of names) row.members.add(name);
  zones.set(mapZone._other, row);
}
const rows = [...zones].map(([name, { main, members }]) => {
  const others = [...members].filter((member) => member !== main).sort();
  return `  ['${name}', '${[main, ...others].join(' ')}'],`;
});
const former = Object.entries(CURRENT).map(([old, name]) => `  ['${old}', '${name}'],`);
const text = `/** Made by generate.mjs from CLDR ${supplemental.version._cldrVersion} (supplemental/windowsZones.json, Unicode License v3). Do not edit. */

/** Windows zone name; IANA names it stands for, the main one first. */
export const WINDOWS_ZONES: readonly (readonly [string, string])[] = [
${rows.join('\n')}
];

/** Former IANA names that ICU and CLDR still use, and the present ones. */
export const FORMER_NAMES: readonly (readonly [string, string])[] = [
${former.join('\n')}
];
`;
await writeFile(new URL('windows.ts', import.meta.url), text);
