/** Class identifier that begins every GlobalObjId (MS-OXOCAL 2.2.1.27). */
const CLASS_ID = '040000008200E00074C5B7101A82E008';
const OUTLOOK = new RegExp(`^${CLASS_ID}[0-9A-F]{48,}$`, 'i');
const DATE_AT = 16;
const COUNT_AT = 36;
const DATA_AT = 40;

/**
 * The GlobalObjId of a UID (MS-ASEMAIL 2.2.2.37), as bytes: Outlook's own UIDs are such bytes in hex, any other stands
 * inside of it. @param day of an occurrence, in the organizer's zone
 */
export function globalObjId(uid: string, day: { year: number; month: number; day: number } | null): Uint8Array {
  const bytes = OUTLOOK.test(uid) && uid.length % 2 === 0 ? Buffer.from(uid, 'hex') : embedded(uid);
  bytes.fill(0, DATE_AT, DATE_AT + 4);
  if (day) {
    bytes.writeUInt16BE(day.year, DATE_AT);
    bytes[DATE_AT + 2] = day.month;
    bytes[DATE_AT + 3] = day.day;
  }
  return bytes;
}

function embedded(uid: string): Buffer {
  const data = Buffer.concat([Buffer.from('vCal-Uid'), Buffer.from([1, 0, 0, 0]), Buffer.from(uid), Buffer.from([0])]);
  const head = Buffer.alloc(DATA_AT);
  head.write(CLASS_ID, 0, 'hex');
  head.writeUInt32LE(data.length, COUNT_AT);
  return Buffer.concat([head, data]);
}
