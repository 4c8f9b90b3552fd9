import { randomInt } from 'node:crypto';
import type { Compliance } from '../../../domain/devices/model.js';
import type { DevicePolicy } from '../../../domain/devices/policies.js';
import { child, children, childText, type Element, el } from '../../../formats/wbxml/tree.js';
import { documentAnswer, type EasAnswer, type EasContext } from '../context.js';
import { readDeviceInformation } from '../device-information.js';
import { canExpress, policyDocument, wapPolicy } from '../policy.js';
import { COMMON, StatusError } from '../status.js';
import { has } from '../versions.js';

const POLICY_TYPE = 'MS-EAS-Provisioning-WBXML';
const WAP_POLICY_TYPE = 'MS-WAP-Provisioning-XML';
/** Status of the command and of a Policy (MS-ASPROV 2.2.2.54). */
const PROVISION = { Success: 1, ProtocolError: 2 } as const;
const POLICY = { Success: 1, NoPolicy: 2, UnknownType: 3, WrongKey: 5 } as const;
/** What a device says of a policy. */
const COMPLIANCE: Readonly<Record<string, Compliance>> = { 1: 'full', 2: 'partial', 3: 'none', 4: 'managed' };
const KEY_LIMIT = 2 ** 31;

/** The two phases of provisioning, and the wipe (MS-ASPROV 3.1.5.1). */
export async function provision(context: EasContext): Promise<EasAnswer> {
  const { body, device } = context;
  const acknowledged = body && (child(body, 'Provision:RemoteWipe') ?? child(body, 'Provision:AccountOnlyRemoteWipe'));
  if (acknowledged) return wiped(context, acknowledged);
  if (device.wipe === 'pending') return answer(el('Provision:RemoteWipe'));
  if (device.wipe === 'account-pending') return answer(el('Provision:AccountOnlyRemoteWipe'));
  const policy = body && children(child(body, 'Provision:Policies'), 'Provision:Policy')[0];
  const information = body ? child(body, 'Settings:DeviceInformation') : undefined;
  if (policy && child(policy, 'Provision:PolicyKey')) return acknowledge(context, policy);
  if (!information && has(context.version, 'provisionInformation'))
    throw new StatusError(COMMON.DeviceInformationRequired, 'no DeviceInformation');
  const told = information ? { information: { ...device.information, ...readDeviceInformation(information) } } : {};
  const type = policy && childText(policy, 'Provision:PolicyType');
  const pendingPolicyKey = newKey(device.policyKey);
  // One write for both: each of them would wait for the disk.
  const offers = type === policyTypeOf(context);
  if (information || offers)
    await context.store.save(context.session, context.query.deviceId, { ...told, ...(offers && { pendingPolicyKey }) });
  if (!type) throw new StatusError(PROVISION.ProtocolError, policy ? 'no PolicyType' : 'no Policy');
  return offer(context, type, offers ? pendingPolicyKey : null, information !== undefined);
}

function policyTypeOf({ version }: EasContext): string {
  return has(version, 'provisionDocument') ? POLICY_TYPE : WAP_POLICY_TYPE;
}

/** First phase: the policy and a temporary key. */
function offer({ version, policy }: EasContext, type: string, key: number | null, informed: boolean): EasAnswer {
  const settings = informed ? el('Settings:DeviceInformation', el('Settings:Status', 1)) : undefined;
  if (key === null) return answer(policies(type, POLICY.UnknownType), settings);
  if (!policy.acceptsPartial && !canExpress(version, policy))
    throw new StatusError(COMMON.DeviceNotFullyProvisionable, 'the version can not say all of the policy');
  const data = el('Provision:Data', type === WAP_POLICY_TYPE ? wapPolicy(policy) : policyDocument(version, policy));
  return answer(policies(type, POLICY.Success, key, data), settings);
}

/** Second phase: the device acknowledges the temporary key and gets the one it must carry from now on. */
async function acknowledge(context: EasContext, policy: Element): Promise<EasAnswer> {
  const { device, store, session, query } = context;
  const type = childText(policy, 'Provision:PolicyType') ?? POLICY_TYPE;
  const key = Number(childText(policy, 'Provision:PolicyKey'));
  const known = key === device.pendingPolicyKey || key === device.policyKey;
  if (!known || !(key > 0)) return answer(policies(type, POLICY.WrongKey));
  const compliance = COMPLIANCE[childText(policy, 'Provision:Status')?.trim() ?? ''] ?? 'none';
  const refusal = refused(context.policy, compliance);
  if (compliance !== 'full')
    context.log.info({ device: query.deviceId, compliance, refusal }, 'device does not apply the policy whole');
  if (refusal !== null) {
    await store.save(session, query.deviceId, { policyKey: 0, pendingPolicyKey: 0, compliance });
    throw new StatusError(refusal, `policy ${context.policy.name}: ${compliance}`);
  }
  const policyKey = newKey(device.pendingPolicyKey);
  await store.save(session, query.deviceId, { policyKey, policy: context.policy.id, compliance });
  return answer(policies(type, POLICY.Success, policyKey));
}

/** The Status for a device that does not do what its policy demands; null: it may go on. Where nothing is asked, nothing is broken. */
function refused({ settings, acceptsPartial, acceptsManaged }: DevicePolicy, compliance: Compliance): number | null {
  if (compliance === 'managed') return acceptsManaged ? null : COMMON.ExternallyManagedDevicesNotAllowed;
  const isBroken = settings.size > 0 && (compliance === 'none' || (compliance === 'partial' && !acceptsPartial));
  return isBroken ? COMMON.DeviceNotFullyProvisionable : null;
}

/** The device tells that it has erased the account or itself. */
async function wiped(context: EasContext, element: Element): Promise<EasAnswer> {
  const done = childText(element, 'Provision:Status')?.trim() === '1';
  const pending = context.device.wipe === 'pending' || context.device.wipe === 'account-pending';
  context.log.warn({ device: context.query.deviceId, done }, 'device reported a wipe');
  if (done && pending)
    await context.store.save(context.session, context.query.deviceId, { wipe: 'done', policyKey: 0, pendingPolicyKey: 0 });
  return answer();
}

/** Never 0, never the other key of the device. */
function newKey(other: number): number {
  const key = randomInt(1, KEY_LIMIT);
  return key === other ? newKey(other) : key;
}

function policies(type: string, status: number, key?: number, data?: Element): Element {
  return el(
    'Provision:Policies',
    el(
      'Provision:Policy',
      el('Provision:PolicyType', type),
      el('Provision:Status', status),
      key === undefined ? undefined : el('Provision:PolicyKey', key),
      data,
    ),
  );
}

function answer(detail?: Element, settings?: Element): EasAnswer {
  return documentAnswer(el('Provision:Provision', settings, el('Provision:Status', PROVISION.Success), detail));
}
