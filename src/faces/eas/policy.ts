import type { DevicePolicy } from '../../domain/devices/policies.js';
import { POLICY_SETTINGS, type PolicyName, type PolicySetting, type PolicyValue } from '../../domain/devices/policy-settings.js';
import type { TagName } from '../../formats/wbxml/pages.js';
import { type Element, el } from '../../formats/wbxml/tree.js';
import { atLeast, type EasVersion, has } from './versions.js';

const NAMES = Object.keys(POLICY_SETTINGS) as PolicyName[];

/** What the entries of a list are called. */
const ENTRIES: Partial<Record<PolicyName, TagName>> = {
  UnapprovedInROMApplicationList: 'Provision:ApplicationName',
  ApprovedApplicationList: 'Provision:Hash',
};

/**
 * EASProvisionDoc with the elements that the version knows: a complete document in the order of MS-ASPROV, because phones
 * behave best with one. An empty element means no limit.
 */
export function policyDocument(version: EasVersion, { settings }: DevicePolicy): Element {
  const known = NAMES.filter((name) => atLeast(version, POLICY_SETTINGS[name].since));
  return el(
    'Provision:EASProvisionDoc',
    known.map((name) => settingElement(name, settings.get(name) ?? POLICY_SETTINGS[name].open)),
  );
}

function settingElement(name: PolicyName, value: PolicyValue): Element | undefined {
  const tag: TagName = `Provision:${name}`;
  if (typeof value === 'object') {
    const entry = ENTRIES[name] as TagName;
    return value.length === 0
      ? undefined
      : el(
          tag,
          value.map((one) => el(entry, one)),
        );
  }
  return value === '' ? el(tag) : el(tag, value);
}

/** Whether everything that a policy asks for can be said in that version. */
export function canExpress(version: EasVersion, { settings }: DevicePolicy): boolean {
  const said = has(version, 'provisionDocument') ? null : WAP_SETTINGS;
  return [...settings.keys()].every((name) => {
    const { since }: PolicySetting = POLICY_SETTINGS[name];
    return said ? said.has(name) : atLeast(version, since);
  });
}

const POLICIES_KEY = 'HKLM\\Comm\\Security\\Policy\\LASSD';
const WAP_SETTINGS = new Set<PolicyName>([
  'DevicePasswordEnabled',
  'MinDevicePasswordLength',
  'MaxInactivityTimeDeviceLock',
  'MaxDevicePasswordFailedAttempts',
]);

/** The policy for version 2.5, which knows no other document (MS-ASPROV 2.2.2.42): setting 4131 is 0 when a password is needed. */
export function wapPolicy({ settings }: DevicePolicy): string {
  const number = (name: PolicyName) => Number(settings.get(name) ?? 0);
  const parm = (name: string, value: number) => `<parm name="${name}" value="${value}"/>`;
  const entry = (key: string, ...parms: readonly string[]) =>
    `<characteristic type="${POLICIES_KEY}${key}">${parms.join('')}</characteristic>`;
  const locked = number('DevicePasswordEnabled') === 1;
  const security = `<characteristic type="SecurityPolicy">${parm('4131', locked ? 0 : 1)}</characteristic>`;
  const minutes = Math.ceil(number('MaxInactivityTimeDeviceLock') / 60);
  const [attempts, length] = [number('MaxDevicePasswordFailedAttempts'), number('MinDevicePasswordLength')];
  const entries = [
    minutes > 0 ? entry(LOCK_KEY, parm('AEFrequencyType', 1), parm('AEFrequencyValue', minutes)) : '',
    attempts > 0 ? entry('', parm('DeviceWipeThreshold', attempts)) : '',
    length > 0 ? entry('\\LAP\\lap_pw', parm('MinimumPasswordLength', length)) : '',
  ].join('');
  const registry = locked && entries !== '' ? `<characteristic type="Registry">${entries}</characteristic>` : '';
  return `<wap-provisioningdoc>${security}${registry}</wap-provisioningdoc>`;
}

const LOCK_KEY = '\\AE\\{50C13377-C66D-400C-889E-C316FC4AB374}';

/** A FilterType under the limit of a policy: 0 reaches back farthest, else the smaller number the less. */
export function cappedFilter(
  filter: number,
  { settings }: DevicePolicy,
  name: 'MaxEmailAgeFilter' | 'MaxCalendarAgeFilter',
): number {
  const most = Number(settings.get(name) ?? 0);
  return most > 0 && (filter === 0 || filter > most) ? most : filter;
}
