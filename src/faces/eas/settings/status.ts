/** Status values of Settings and of each property (MS-ASCMD 2.2.3.177.16). */
export const SETTINGS = {
  Success: 1,
  ProtocolError: 2,
  Unavailable: 4,
  InvalidArguments: 5,
  Conflicting: 6,
  Denied: 7,
} as const;
