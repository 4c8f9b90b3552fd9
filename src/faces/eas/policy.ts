import type { TagName } from '../../formats/wbxml/pages.js';
import { type Element, el } from '../../formats/wbxml/tree.js';
import { atLeast, type EasVersion } from './versions.js';

type Policy = readonly [tag: TagName, since: EasVersion, value: number | ''];

/**
 * The policy every device gets: everything is allowed, nothing asked for. A complete document in the order of MS-ASPROV,
 * because phones behave best with one; an empty value means no limit.
 */
const PERMISSIVE: readonly Policy[] = [
  ['Provision:DevicePasswordEnabled', '12.0', 0],
  ['Provision:AlphanumericDevicePasswordRequired', '12.0', 0],
  ['Provision:PasswordRecoveryEnabled', '12.0', 0],
  ['Provision:RequireStorageCardEncryption', '12.1', 0],
  ['Provision:AttachmentsEnabled', '12.0', 1],
  ['Provision:MinDevicePasswordLength', '12.0', ''],
  ['Provision:MaxInactivityTimeDeviceLock', '12.0', ''],
  ['Provision:MaxDevicePasswordFailedAttempts', '12.0', ''],
  ['Provision:MaxAttachmentSize', '12.0', ''],
  ['Provision:AllowSimpleDevicePassword', '12.0', 1],
  ['Provision:DevicePasswordExpiration', '12.0', 0],
  ['Provision:DevicePasswordHistory', '12.0', 0],
  ['Provision:AllowStorageCard', '12.1', 1],
  ['Provision:AllowCamera', '12.1', 1],
  ['Provision:RequireDeviceEncryption', '12.1', 0],
  ['Provision:AllowUnsignedApplications', '12.1', 1],
  ['Provision:AllowUnsignedInstallationPackages', '12.1', 1],
  ['Provision:MinDevicePasswordComplexCharacters', '12.1', 1],
  ['Provision:AllowWiFi', '12.1', 1],
  ['Provision:AllowTextMessaging', '12.1', 1],
  ['Provision:AllowPOPIMAPEmail', '12.1', 1],
  ['Provision:AllowBluetooth', '12.1', 2],
  ['Provision:AllowIrDA', '12.1', 1],
  ['Provision:RequireManualSyncWhenRoaming', '12.1', 0],
  ['Provision:AllowDesktopSync', '12.1', 1],
  ['Provision:MaxCalendarAgeFilter', '12.1', 0],
  ['Provision:AllowHTMLEmail', '12.1', 1],
  ['Provision:MaxEmailAgeFilter', '12.1', 0],
  ['Provision:MaxEmailBodyTruncationSize', '12.1', -1],
  ['Provision:MaxEmailHTMLBodyTruncationSize', '12.1', -1],
  ['Provision:RequireSignedSMIMEMessages', '12.1', 0],
  ['Provision:RequireEncryptedSMIMEMessages', '12.1', 0],
  ['Provision:RequireSignedSMIMEAlgorithm', '12.1', 0],
  ['Provision:RequireEncryptionSMIMEAlgorithm', '12.1', 0],
  ['Provision:AllowSMIMEEncryptionAlgorithmNegotiation', '12.1', 2],
  ['Provision:AllowSMIMESoftCerts', '12.1', 1],
  ['Provision:AllowBrowser', '12.1', 1],
  ['Provision:AllowConsumerEmail', '12.1', 1],
  ['Provision:AllowRemoteDesktop', '12.1', 1],
  ['Provision:AllowInternetSharing', '12.1', 1],
];

/** The same for version 2.5, which knows no other document: setting 4131 says that no password is needed. */
export const WAP_POLICY =
  '<wap-provisioningdoc><characteristic type="SecurityPolicy"><parm name="4131" value="1"/></characteristic></wap-provisioningdoc>';

/** EASProvisionDoc with the elements that the version knows. */
export function policyDocument(version: EasVersion): Element {
  const known = PERMISSIVE.filter(([, since]) => atLeast(version, since));
  return el(
    'Provision:EASProvisionDoc',
    known.map(([tag, , value]) => (value === '' ? el(tag) : el(tag, value))),
  );
}
