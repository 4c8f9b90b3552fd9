/** Status values of a Store (MS-ASCMD 2.2.3.177.14). */
export const SEARCH = {
  Success: 1,
  Invalid: 2,
  ServerError: 3,
  TooComplex: 8,
  TimedOut: 10,
  FolderSyncRequired: 11,
  EndOfRange: 12,
  Blocked: 13,
} as const;
