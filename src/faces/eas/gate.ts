import type { Device } from '../../domain/devices/model.js';
import type { DevicePolicy } from '../../domain/devices/policies.js';
import type { EasQuery } from './query.js';
import { COMMON, StatusError } from './status.js';
import { type EasVersion, has } from './versions.js';

/** The device id Android tries an account with before it makes its own: answered, never remembered. */
export const TRIAL_DEVICE = 'validate';

/** Programs that can't provision: Outlook for Windows and Microsoft's connectivity analyser. */
const UNPROVISIONABLE = [/^WindowsOutlook/i, /^TestActiveSyncConnectivity$/i];

/** Whether policies are not asked of this device. */
export function isExempt(query: EasQuery): boolean {
  // Programs of 2005 that know no policies send no key at all; the policy asks nothing of them that matters.
  if (query.version === '2.5' && query.policyKey === null) return true;
  return query.deviceId === TRIAL_DEVICE || UNPROVISIONABLE.some((pattern) => pattern.test(query.deviceType));
}

/** Refuses a device that an operator blocked or wants wiped, or that was wiped and not let in again. @throws StatusError */
export function checkStanding(device: Device, version: EasVersion, command: string): void {
  if (device.blocked) throw new StatusError(COMMON.DeviceIsBlockedForThisUser, 'device is blocked');
  if (command === 'Provision') return;
  if (device.wipe === 'done') throw new StatusError(COMMON.DeviceIsBlockedForThisUser, 'device was wiped');
  if (device.wipe === 'pending') throw new StatusError(COMMON.RemoteWipeRequested, 'wipe is pending');
  if (device.wipe === 'account-pending') {
    const status = has(version, 'accountWipe') ? COMMON.RemoteWipeRequested : COMMON.AccessDenied;
    throw new StatusError(status, 'account wipe is pending');
  }
}

/** The policy key a command must carry, for the policy that is in force (MS-ASPROV 3.1.5.1). @throws StatusError */
export function checkPolicyKey(device: Device, query: EasQuery, policy: DevicePolicy): void {
  if (isExempt(query)) {
    if (policy.acceptsUnprovisionable || query.deviceId === TRIAL_DEVICE) return;
    throw new StatusError(COMMON.LegacyDeviceOnStrictPolicy, 'the device knows no policies');
  }
  if (!query.policyKey || device.policyKey === 0) throw new StatusError(COMMON.DeviceNotProvisioned, 'not provisioned');
  if (query.policyKey !== device.policyKey) throw new StatusError(COMMON.InvalidPolicyKey, 'policy key is not the current one');
  if (device.policy !== policy.id) throw new StatusError(COMMON.InvalidPolicyKey, 'the policy is another one by now');
}
