import type { Device, DevicePatch, DeviceStore } from '../../domain/devices/model.js';
import type { EasQuery } from './query.js';

/** A device nobody has heard of yet. */
export function unknownDevice(query: EasQuery, userAgent: string): Device {
  return {
    id: query.deviceId,
    type: query.deviceType,
    userAgent,
    protocol: query.version ?? '',
    information: {},
    policyKey: 0,
    pendingPolicyKey: 0,
    policy: '',
    compliance: '',
    versions: '',
    wipe: 'none',
    blocked: false,
    cache: {},
  };
}

/** A store without memory: programs that only try an account leave nothing behind. */
export function trialStore(device: Device): DeviceStore {
  return {
    open: async () => ({ device, states: new Map() }),
    save: async (_scope, _id, patch: DevicePatch) => ({ ...device, ...patch }),
    list: async () => [],
    commit: async () => {},
    dropStates: async () => {},
    reserveSend: async () => 'go',
    confirmSend: async () => {},
    releaseSend: async () => {},
    noteLeftOut: async () => {},
    leftOut: async () => [],
  };
}
