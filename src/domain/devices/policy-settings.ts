/** Values that a setting of a policy may have. */
type Values =
  | { readonly kind: 'flag' }
  | { readonly kind: 'number'; readonly least: number; readonly most: number; readonly canBeEmpty?: boolean }
  | { readonly kind: 'choice'; readonly of: readonly number[] }
  | { readonly kind: 'list' };

/** A setting: the first version that knows it, what it may be, and what it is where nothing is demanded; '' is no limit. */
export interface PolicySetting {
  readonly since: '12.0' | '12.1';
  readonly values: Values;
  readonly open: number | '' | readonly string[];
}

const flag: Values = { kind: 'flag' };
const list: Values = { kind: 'list' };
const number = (least: number, most: number): Values => ({ kind: 'number', least, most });
const limit = (least: number, most: number): Values => ({ kind: 'number', least, most, canBeEmpty: true });
const choice = (...of: readonly number[]): Values => ({ kind: 'choice', of });
const LARGEST = 2 ** 31 - 1;

/**
 * The elements of EASProvisionDoc in the order of MS-ASPROV, with the values that allow everything and ask for nothing. An
 * empty list names nothing; an absent ApprovedApplicationList approves of all.
 */
export const POLICY_SETTINGS = {
  DevicePasswordEnabled: { since: '12.0', values: flag, open: 0 },
  AlphanumericDevicePasswordRequired: { since: '12.0', values: flag, open: 0 },
  PasswordRecoveryEnabled: { since: '12.0', values: flag, open: 0 },
  RequireStorageCardEncryption: { since: '12.1', values: flag, open: 0 },
  AttachmentsEnabled: { since: '12.0', values: flag, open: 1 },
  MinDevicePasswordLength: { since: '12.0', values: limit(1, 16), open: '' },
  MaxInactivityTimeDeviceLock: { since: '12.0', values: limit(1, 9999), open: '' },
  MaxDevicePasswordFailedAttempts: { since: '12.0', values: limit(4, 16), open: '' },
  MaxAttachmentSize: { since: '12.0', values: limit(0, LARGEST), open: '' },
  AllowSimpleDevicePassword: { since: '12.0', values: flag, open: 1 },
  DevicePasswordExpiration: { since: '12.0', values: number(0, 730), open: 0 },
  DevicePasswordHistory: { since: '12.0', values: number(0, 50), open: 0 },
  AllowStorageCard: { since: '12.1', values: flag, open: 1 },
  AllowCamera: { since: '12.1', values: flag, open: 1 },
  RequireDeviceEncryption: { since: '12.1', values: flag, open: 0 },
  AllowUnsignedApplications: { since: '12.1', values: flag, open: 1 },
  AllowUnsignedInstallationPackages: { since: '12.1', values: flag, open: 1 },
  MinDevicePasswordComplexCharacters: { since: '12.1', values: number(1, 4), open: 1 },
  AllowWiFi: { since: '12.1', values: flag, open: 1 },
  AllowTextMessaging: { since: '12.1', values: flag, open: 1 },
  AllowPOPIMAPEmail: { since: '12.1', values: flag, open: 1 },
  AllowBluetooth: { since: '12.1', values: number(0, 2), open: 2 },
  AllowIrDA: { since: '12.1', values: flag, open: 1 },
  RequireManualSyncWhenRoaming: { since: '12.1', values: flag, open: 0 },
  AllowDesktopSync: { since: '12.1', values: flag, open: 1 },
  MaxCalendarAgeFilter: { since: '12.1', values: choice(0, 4, 5, 6, 7), open: 0 },
  AllowHTMLEmail: { since: '12.1', values: flag, open: 1 },
  MaxEmailAgeFilter: { since: '12.1', values: number(0, 5), open: 0 },
  MaxEmailBodyTruncationSize: { since: '12.1', values: number(-1, LARGEST), open: -1 },
  MaxEmailHTMLBodyTruncationSize: { since: '12.1', values: number(-1, LARGEST), open: -1 },
  RequireSignedSMIMEMessages: { since: '12.1', values: flag, open: 0 },
  RequireEncryptedSMIMEMessages: { since: '12.1', values: flag, open: 0 },
  RequireSignedSMIMEAlgorithm: { since: '12.1', values: number(0, 1), open: 0 },
  RequireEncryptionSMIMEAlgorithm: { since: '12.1', values: number(0, 4), open: 0 },
  AllowSMIMEEncryptionAlgorithmNegotiation: { since: '12.1', values: number(0, 2), open: 2 },
  AllowSMIMESoftCerts: { since: '12.1', values: flag, open: 1 },
  AllowBrowser: { since: '12.1', values: flag, open: 1 },
  AllowConsumerEmail: { since: '12.1', values: flag, open: 1 },
  AllowRemoteDesktop: { since: '12.1', values: flag, open: 1 },
  AllowInternetSharing: { since: '12.1', values: flag, open: 1 },
  UnapprovedInROMApplicationList: { since: '12.1', values: list, open: [] },
  ApprovedApplicationList: { since: '12.1', values: list, open: [] },
} as const satisfies Record<string, PolicySetting>;

export type PolicyName = keyof typeof POLICY_SETTINGS;
export type PolicyValue = number | '' | readonly string[];

const MAX_LIST = 200;
const MAX_TEXT = 200;

/** A value of the configuration as one of the setting. @throws Error that says what it may be */
export function policyValue(name: PolicyName, value: unknown): PolicyValue {
  const { values }: PolicySetting = POLICY_SETTINGS[name];
  if (values.kind === 'list') {
    const fits =
      Array.isArray(value) && value.length <= MAX_LIST && value.every((one) => typeof one === 'string' && one.length <= MAX_TEXT);
    if (fits) return value as string[];
    throw new Error(`is not a list of at most ${MAX_LIST} texts`);
  }
  if (values.kind === 'flag') {
    if (value === true || value === 1) return 1;
    if (value === false || value === 0) return 0;
    throw new Error('is neither true nor false');
  }
  if (values.kind === 'choice') {
    if (values.of.includes(value as number)) return value as number;
    throw new Error(`is none of ${values.of.join(', ')}`);
  }
  if (value === null && values.canBeEmpty) return '';
  if (Number.isInteger(value) && (value as number) >= values.least && (value as number) <= values.most) return value as number;
  throw new Error(`is not a whole number from ${values.least} to ${values.most}${values.canBeEmpty ? ', or null' : ''}`);
}
