import type { Check } from '../engine.js';
import type { Answer } from '../exchange.js';
import { type Found, found } from '../findings.js';
import { EAS_PATH, refusalOf } from '../phone.js';
import type { Visit } from '../visit.js';

/** Versions this check can speak, best first. */
const SPOKEN = ['16.1', '16.0', '14.1', '14.0', '12.1'] as const;

export const login: readonly Check[] = [
  { id: 'options', title: 'ActiveSync login and versions (OPTIONS)', after: ['http'], run: checkOptions },
];

/** MS-ASHTTP 2.2.3: with credentials OPTIONS names versions and commands. */
async function checkOptions(visit: Visit): Promise<readonly Found[] | string> {
  const answer = await visit.askAsUser(EAS_PATH, { method: 'OPTIONS' });
  const { status, headers } = answer;
  if (status === 401) return [await whyRefused(visit)];
  if (status === 405 || status === 501 || (status === 403 && !isOurs(answer)))
    return [found('options-blocked', `OPTIONS is answered with ${status}`)];
  const versions = list(headers['ms-asprotocolversions']);
  if (status < 300 && versions.length === 0)
    return [
      isOurs(answer)
        ? found('versions-missing', 'the answer has no MS-ASProtocolVersions')
        : found('options-blocked', `OPTIONS is answered with ${status}, and with nothing of ActiveSync in it`),
    ];
  const refused = refusalOf(answer);
  return refused ? [refused] : judge(visit, versions, answer);
}

function judge(visit: Visit, versions: readonly string[], { headers }: Answer): readonly Found[] | string {
  const best = SPOKEN.find((version) => versions.includes(version));
  if (!best)
    return [found('versions-old', `only ${versions.join(', ')} are offered`), found('not-activesync', 'no version in common')];
  visit.phone.version = best;
  const faults: Found[] = [];
  if (!versions.some((version) => Number(version) >= 16)) faults.push(found('versions-old', `the newest one offered is ${best}`));
  for (const name of ['MS-ASProtocolCommands', 'MS-Server-ActiveSync'])
    if (!headers[name.toLowerCase()]) faults.push(found('header-missing', `the answer has no ${name}`));
  return faults.length > 0 ? faults : versions.join(', ');
}

/** Whether an ActiveSync server has answered, and not what stands before it. */
function isOurs({ headers }: Answer): boolean {
  return Object.keys(headers).some((name) => name.startsWith('ms-')) || /POST/.test(`${headers.allow} ${headers.public}`);
}

const list = (header: string | string[] | undefined): string[] =>
  String(header ?? '')
    .split(/[\s,]+/)
    .filter(Boolean);

/**
 * A wrong password and one that never arrived look the same. DAV tells them apart: there OPTIONS needs no password, but a
 * wrong one is refused; and a proxy may have a rule for one path only.
 */
async function whyRefused(visit: Visit): Promise<Found> {
  const path = visit.dav.context;
  const propfind = await visit.askAsUser(path, { method: 'PROPFIND', headers: { Depth: '0' } });
  if (propfind.status === 207)
    return found('authorization-stripped', `the password is good for DAV, but does not arrive at ${EAS_PATH}`);
  const open = await visit.ask(path, { method: 'OPTIONS' });
  const withPassword = await visit.askAsUser(path, { method: 'OPTIONS' });
  if (propfind.status === 401 && open.status === 200 && withPassword.status === 200)
    return found('authorization-stripped', 'requests with and without a password are answered alike');
  return found('password-wrong', 'the server answers 401 to name and password');
}
