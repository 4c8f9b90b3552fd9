/** ActiveSync protocol versions, oldest first (MS-ASHTTP 2.2.1.1.2.4). */
export const VERSIONS = ['2.5', '12.0', '12.1', '14.0', '14.1', '16.0', '16.1'] as const;

export type EasVersion = (typeof VERSIONS)[number];

/** Versions that are announced and answered; a version belongs here only when all of its commands work. */
export const OFFERED: readonly EasVersion[] = ['2.5', '12.0', '12.1', '14.0', '14.1', '16.0', '16.1'];

/** Whether `version` is `least` or newer. */
export function atLeast(version: EasVersion, least: EasVersion): boolean {
  return VERSIONS.indexOf(version) >= VERSIONS.indexOf(least);
}

/** The versions of a range that are answered, oldest first. */
export function versionsBetween({ from, to }: { readonly from: string; readonly to: string }): readonly EasVersion[] {
  const at = (version: string) => (VERSIONS as readonly string[]).indexOf(version);
  return OFFERED.filter((version) => at(version) >= at(from) && at(version) <= at(to));
}

/** Whether these are the versions that the device knows of. */
export function isTold(device: { readonly versions: string }, offered: string): boolean {
  return (device.versions || OFFERED.join(',')) === offered;
}

/** The version a header or query names, or undefined when it is none of ours. */
export function parseVersion(text: string | undefined): EasVersion | undefined {
  return VERSIONS.find((version) => version === text?.trim());
}

/** What a version changes in the way the server answers; rows are the first version that has the behaviour. */
const FEATURES = {
  /** Errors travel as common Status values instead of HTTP codes (MS-ASCMD 2.2.2). */
  commonStatus: '14.0',
  /** Collections without changes may be left out, an answer without any may be empty (MS-ASCMD 2.2.1.21). */
  emptyAnswer: '12.1',
  /** The class of a collection is known from its id and no longer sent. */
  implicitClass: '14.0',
  /** SendMail and its kin are WBXML documents. */
  composeMail: '14.0',
  /** DeviceInformation must be inside the first Provision (MS-ASPROV 2.2.2.53). */
  provisionInformation: '14.1',
  /** UserInformation lists Accounts (MS-ASCMD UserInformation). */
  accounts: '14.1',
  /** Only this account's data can be wiped (MS-ASPROV AccountOnlyRemoteWipe). */
  accountWipe: '16.1',
  /** The server mails invitations and answers; before, the client does. */
  serverSchedules: '16.0',
  /** Messages in Drafts are made, changed and sent by Sync (MS-ASEMAIL Send). */
  drafts: '16.0',
  /** Bodies are asked for by BodyPreference and come as AirSyncBase Body (MS-ASAIRS). */
  bodyPreference: '12.0',
  /** Policies are EASProvisionDoc; before, they are the text of a WAP document (MS-ASPROV 2.2.2.42). */
  provisionDocument: '12.0',
  conversations: '14.0',
  /** ResolveRecipients tells free and busy times (MS-ASCMD Availability). */
  availability: '14.0',
  /** Pictures of people (MS-ASCMD Picture). */
  pictures: '14.1',
  preview: '14.0',
  notes: '14.0',
  categories: '14.0',
} as const satisfies Record<string, EasVersion>;

export type Feature = keyof typeof FEATURES;

/** Whether a version has a feature. */
export function has(version: EasVersion, feature: Feature): boolean {
  return atLeast(version, FEATURES[feature]);
}
