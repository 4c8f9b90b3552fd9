/** ActiveSync protocol versions, oldest first (MS-ASHTTP 2.2.1.1.2.4). */
export const VERSIONS = ['2.5', '12.0', '12.1', '14.0', '14.1', '16.0', '16.1'] as const;

export type EasVersion = (typeof VERSIONS)[number];

/** Whether `version` is `least` or newer. */
export function atLeast(version: EasVersion, least: EasVersion): boolean {
  return VERSIONS.indexOf(version) >= VERSIONS.indexOf(least);
}

/** The version a header or query names, or undefined when it is none of ours. */
export function parseVersion(text: string | undefined): EasVersion | undefined {
  return VERSIONS.find((version) => version === text?.trim());
}
