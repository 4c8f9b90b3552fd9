import { type Tag, t } from './eas-phone-wbxml.js';

/** Europe/Berlin as phones send it: 172 bytes, UTC+1, summer time from the last Sunday of March to that of October. */
export const BERLIN = zoneBlock({ bias: -60, standard: [10, 5, 3], daylight: [3, 5, 2] });

function zoneBlock(zone: { bias: number; standard: readonly number[]; daylight: readonly number[] }): string {
  const block = Buffer.alloc(172);
  block.writeInt32LE(zone.bias, 0);
  block.write('W. Europe Standard Time', 4, 'utf16le');
  writeRule(block, 68, zone.standard);
  block.write('W. Europe Daylight Time', 88, 'utf16le');
  writeRule(block, 152, zone.daylight);
  block.writeInt32LE(-60, 168);
  return block.toString('base64');
}

/** SYSTEMTIME of a rule: month, week of the month (5 = last), hour; always a Sunday. */
function writeRule(block: Buffer, at: number, [month = 0, week = 0, hour = 0]: readonly number[]): void {
  block.writeUInt16LE(month, at + 2);
  block.writeUInt16LE(week, at + 6);
  block.writeUInt16LE(hour, at + 8);
}

export interface EventFacts {
  readonly subject: string;
  /** Compact UTC dates: `20270301T090000Z`. */
  readonly start: string;
  readonly end: string;
  readonly location?: string;
  readonly body?: string;
  readonly reminder?: number;
  readonly uid?: string;
}

/** The properties of a new event in the form of a protocol version: from 16.0 on the server makes UID, stamp and organizer. */
export function event(version: string, facts: EventFacts): Tag[] {
  const modern = version.startsWith('16');
  const { location, body, reminder } = facts;
  return [
    t('Calendar:Timezone', BERLIN),
    t('Calendar:AllDayEvent', 0),
    ...(modern ? [] : [t('Calendar:DtStamp', '20260101T000000Z')]),
    t('Calendar:StartTime', facts.start),
    t('Calendar:EndTime', facts.end),
    t('Calendar:Subject', facts.subject),
    ...(modern
      ? [t('Calendar:ClientUid', facts.uid ?? `${facts.subject}-${facts.start}`)]
      : [t('Calendar:UID', facts.uid ?? `${facts.subject}-${facts.start}@phone`)]),
    ...(location === undefined
      ? []
      : [modern ? t('AirSyncBase:Location', t('AirSyncBase:DisplayName', location)) : t('Calendar:Location', location)]),
    ...(body === undefined ? [] : [notes('Calendar', version, body)]),
    t('Calendar:Sensitivity', 0),
    t('Calendar:BusyStatus', 2),
    ...(reminder === undefined ? [] : [t('Calendar:Reminder', reminder)]),
    t('Calendar:MeetingStatus', 0),
  ];
}

/** The properties of a new contact. */
export function contact(
  facts: { first: string; last: string; email?: string; mobile?: string; note?: string },
  version = '16.1',
): Tag[] {
  return [
    t('Contacts:FirstName', facts.first),
    t('Contacts:LastName', facts.last),
    t('Contacts:FileAs', `${facts.last}, ${facts.first}`),
    ...(facts.email === undefined ? [] : [t('Contacts:Email1Address', facts.email)]),
    ...(facts.mobile === undefined ? [] : [t('Contacts:MobilePhoneNumber', facts.mobile)]),
    ...(facts.note === undefined ? [] : [notes('Contacts', version, facts.note)]),
  ];
}

/** The text of an item: an element of its own class in version 2.5. */
function notes(page: 'Calendar' | 'Contacts', version: string, text: string): Tag {
  if (version === '2.5') return t(`${page}:Body`, text);
  return t('AirSyncBase:Body', t('AirSyncBase:Type', 1), t('AirSyncBase:Data', text));
}

/** Properties that only the server gives. */
const ANSWER_ONLY = new Set([
  'BodySize',
  'BodyTruncated',
  'ResponseType',
  'AppointmentReplyTime',
  'NativeBodyType',
  'OnlineMeetingConfLink',
  'OnlineMeetingExternalLink',
  'Alias',
  'WeightedRank',
]);

/**
 * What a phone sends to change an item: from 16.0 on the calendar properties that changed, before that and for contacts the
 * whole item as it knows it, for what is missing would be deleted (MS-ASCMD Supported, ghosting).
 */
export function edited(version: string, item: Tag | undefined, ...changed: Tag[]): Tag[] {
  const contact = item?.kids.some(({ name }) => name.startsWith('Contacts:'));
  if (version.startsWith('16') && !contact) return changed;
  const names = new Set(changed.map(({ name }) => name));
  const kept = (item?.kids ?? []).filter((kid) => !names.has(kid.name) && !ANSWER_ONLY.has(kid.local));
  return [...kept.flatMap(asRequest), ...changed];
}

/** A body goes back as it came, without the facts about its size; a cut one does not go back. */
function asRequest(tag: Tag): Tag[] {
  if (tag.name !== 'AirSyncBase:Body') return [tag];
  if (tag.text('AirSyncBase:Truncated') === '1') return [];
  return [t(tag.name, tag.child('AirSyncBase:Type'), tag.child('AirSyncBase:Data'))];
}
