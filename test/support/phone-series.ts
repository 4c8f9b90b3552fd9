import type { Tag } from './eas-phone-wbxml.js';
import { PhoneZone } from './zone-views.js';

/**
 * The occurrences of a calendar item as a phone works them out from what it was sent: the pattern day by day, the exceptions
 * by their original starts. No code of the gateway has part in that.
 */
export interface PhoneHappening {
  /** The original start by which the protocol names it. */
  readonly original: number;
  readonly start: number;
  readonly end: number;
  readonly summary: string;
}

const DAY = 86_400_000;
const LONG = 4_000;

export function happeningsOnPhone(item: Tag, version: string, until = Date.UTC(2031, 0)): PhoneHappening[] {
  const isModern = version.startsWith('16');
  const isAllDay = item.text('Calendar:AllDayEvent') === '1';
  // Days have no zone from 16.0 on.
  const zone = isModern && isAllDay ? null : new PhoneZone(item.text('Calendar:Timezone') ?? '');
  const clock = { toLocal: (at: number) => zone?.toLocal(at) ?? at, toInstant: (at: number) => zone?.toInstant(at) ?? at };
  const [start, end] = [readCompact(item.text('Calendar:StartTime')), readCompact(item.text('Calendar:EndTime'))];
  const length = isAllDay ? clock.toLocal(end) - clock.toLocal(start) : end - start;
  const summary = item.text('Calendar:Subject') ?? '';
  const keyTag = isModern ? 'AirSyncBase:InstanceId' : 'Calendar:ExceptionStartTime';
  const exceptions = item.child('Calendar:Exceptions')?.all('Calendar:Exception') ?? [];
  if (exceptions.length > 256) throw new Error(`${exceptions.length} exceptions`);
  const told = new Map(exceptions.map((exception) => [readCompact(exception.text(keyTag)), exception]));
  if (told.size !== exceptions.length) throw new Error('two exceptions of one occurrence');
  const found = patternOf(item, clock, start, until).flatMap((original): PhoneHappening[] => {
    const exception = told.get(original);
    told.delete(original);
    if (exception?.text('Calendar:Deleted') === '1') return [];
    const from = exception?.text('Calendar:StartTime');
    const to = exception?.text('Calendar:EndTime');
    const after = isAllDay ? clock.toInstant(clock.toLocal(original) + length) : original + length;
    return [
      {
        original,
        start: from === undefined ? original : readCompact(from),
        end: to === undefined ? after : readCompact(to),
        summary: exception?.text('Calendar:Subject') ?? summary,
      },
    ];
  });
  const lost = [...told].filter(([at, one]) => at < until && one.text('Calendar:Deleted') !== '1').map(([at]) => at);
  if (lost.length > 0) throw new Error(`exceptions of no occurrence: ${lost.map((at) => new Date(at).toISOString()).join()}`);
  return found;
}

interface Clock {
  toLocal(instant: number): number;
  toInstant(local: number): number;
}

/** The starts that a Recurrence gives (MS-ASCAL Type), day by day. */
function patternOf(item: Tag, clock: Clock, start: number, end: number): number[] {
  const recurrence = item.child('Calendar:Recurrence');
  if (!recurrence) return [start];
  const number = (name: string, otherwise = 0) => Number(recurrence.text(`Calendar:${name}`) ?? otherwise);
  const until = recurrence.text('Calendar:Until');
  const last = until === undefined ? end : readCompact(until);
  const most = number('Occurrences', Number.POSITIVE_INFINITY);
  const first = clock.toLocal(start);
  const time = ((first % DAY) + DAY) % DAY;
  const found: number[] = [];
  for (let day = first - time, n = 0; n < LONG && found.length < most; day += DAY, n++) {
    if (!isIn(recurrence, number, new Date(day), new Date(first - time))) continue;
    const instant = clock.toInstant(day + time);
    if (instant > last) break;
    found.push(instant);
  }
  return found;
}

function isIn(recurrence: Tag, number: (name: string, otherwise?: number) => number, day: Date, first: Date): boolean {
  const interval = number('Interval', 1) || 1;
  const mask = number('DayOfWeek');
  const isNamed = (mask & (1 << day.getUTCDay())) !== 0;
  const months = (day.getUTCFullYear() - first.getUTCFullYear()) * 12 + day.getUTCMonth() - first.getUTCMonth();
  const weekStart = number('FirstDayOfWeek', 1);
  const week = (at: Date) => Math.floor((at.getTime() / DAY + 4 - weekStart) / 7);
  const isYear = (day.getUTCFullYear() - first.getUTCFullYear()) % interval === 0;
  const type = recurrence.text('Calendar:Type');
  switch (type) {
    case '0':
      return mask === 0 ? Math.round((day.getTime() - first.getTime()) / DAY) % interval === 0 : isNamed;
    case '1':
      return isNamed && (week(day) - week(first)) % interval === 0;
    case '2':
      return months % interval === 0 && day.getUTCDate() === number('DayOfMonth');
    case '3':
      return months % interval === 0 && isNth(day, mask, number('WeekOfMonth'));
    case '5':
      return isYear && number('MonthOfYear') === day.getUTCMonth() + 1 && day.getUTCDate() === number('DayOfMonth');
    case '6':
      return isYear && number('MonthOfYear') === day.getUTCMonth() + 1 && isNth(day, mask, number('WeekOfMonth'));
    default:
      throw new Error(`Type ${type}`);
  }
}

/** Whether a day is the nth of its month among those that a sum names; 5 is the last. */
function isNth(day: Date, mask: number, nth: number): boolean {
  const isNamed = (at: Date) => (mask & (1 << at.getUTCDay())) !== 0;
  const days = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0)).getUTCDate();
  const named = Array.from({ length: days }, (_, at) => at + 1).filter((date) =>
    isNamed(new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), date))),
  );
  return day.getUTCDate() === (nth === 5 ? named.at(-1) : named[nth - 1]);
}

function readCompact(text: string | undefined): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '');
  if (!match) throw new Error(`no compact date: ${text}`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
