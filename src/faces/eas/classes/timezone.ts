/** The TimeZone value: base64 of 172 packed bytes, little-endian (MS-ASDTYPE 2.7.6, Win32 TIME_ZONE_INFORMATION). */

/** A change of the clock: month, weekday, nth of the month, local time before the change. */
export interface ClockChange {
  /** 0: each year. Otherwise an absolute date, and `nth` is the day of the month. */
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 0 Sunday to 6 Saturday. */
  readonly weekday: number;
  /** 1 to 4, 5 for the last. */
  readonly nth: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
}

/** Offsets in minutes, counted westwards: UTC = local + bias. */
export interface TimeZoneInformation {
  readonly bias: number;
  readonly standardName: string;
  /** Null where the zone has no daylight saving time. */
  readonly standardDate: ClockChange | null;
  readonly standardBias: number;
  readonly daylightName: string;
  readonly daylightDate: ClockChange | null;
  readonly daylightBias: number;
}

const SIZE = 172;
const NAME_SIZE = 64;
const OFFSETS = {
  bias: 0,
  standardName: 4,
  standardDate: 68,
  standardBias: 84,
  daylightName: 88,
  daylightDate: 152,
  daylightBias: 168,
} as const;
/** Farthest from UTC that a clock can be, in minutes; more is damage. */
const MAX_BIAS = 15 * 60;

export function encodeTimeZone(zone: TimeZoneInformation): string {
  const bytes = Buffer.alloc(SIZE);
  bytes.writeInt32LE(zone.bias, OFFSETS.bias);
  bytes.write(zone.standardName.slice(0, 31), OFFSETS.standardName, 'utf16le');
  writeChange(bytes, zone.standardDate, OFFSETS.standardDate);
  bytes.writeInt32LE(zone.standardBias, OFFSETS.standardBias);
  bytes.write(zone.daylightName.slice(0, 31), OFFSETS.daylightName, 'utf16le');
  writeChange(bytes, zone.daylightDate, OFFSETS.daylightDate);
  bytes.writeInt32LE(zone.daylightBias, OFFSETS.daylightBias);
  return bytes.toString('base64');
}

/**
 * @returns null for what says nothing about a zone: another length, impossible values, or nothing but zero bytes, which
 * some phones send whatever their zone is.
 */
export function decodeTimeZone(base64: string): TimeZoneInformation | null {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length !== SIZE || bytes.every((byte) => byte === 0)) return null;
  const standardDate = readChange(bytes, OFFSETS.standardDate);
  const daylightDate = readChange(bytes, OFFSETS.daylightDate);
  const isPair = standardDate !== null && daylightDate !== null;
  const zone: TimeZoneInformation = {
    bias: bytes.readInt32LE(OFFSETS.bias),
    standardName: readName(bytes, OFFSETS.standardName),
    standardDate: isPair ? standardDate : null,
    standardBias: bytes.readInt32LE(OFFSETS.standardBias),
    daylightName: readName(bytes, OFFSETS.daylightName),
    daylightDate: isPair ? daylightDate : null,
    daylightBias: bytes.readInt32LE(OFFSETS.daylightBias),
  };
  const offsets = [zone.bias + zone.standardBias, zone.bias + zone.daylightBias];
  return offsets.some((offset) => Math.abs(offset) > MAX_BIAS) ? null : zone;
}

/** Names are padded with NUL; some clients leave garbage behind it. */
function readName(bytes: Buffer, at: number): string {
  return (
    bytes
      .toString('utf16le', at, at + NAME_SIZE)
      .split('\0')[0]
      ?.trim() ?? ''
  );
}

function readChange(bytes: Buffer, at: number): ClockChange | null {
  const [year, month, weekday, nth, hour, minute, second, millisecond] = Array.from({ length: 8 }, (_, index) =>
    bytes.readUInt16LE(at + index * 2),
  ) as [number, number, number, number, number, number, number, number];
  const isValid = month >= 1 && month <= 12 && weekday <= 6 && nth >= 1 && nth <= (year ? 31 : 5) && hour < 25 && minute < 60;
  return isValid ? { year, month, weekday, nth, hour, minute, second, millisecond } : null;
}

function writeChange(bytes: Buffer, change: ClockChange | null, at: number): void {
  if (!change) return;
  const { year, month, weekday, nth, hour, minute, second, millisecond } = change;
  [year, month, weekday, nth, hour, minute, second, millisecond].forEach((value, index) => {
    bytes.writeUInt16LE(value, at + index * 2);
  });
}
