/** Days and times relative to the demo's first start, written as iCalendar writes them (RFC 5545 §3.3.4, §3.3.5). */
export interface SeedDates {
  /** `20261123`: the Monday of this week plus that many days. */
  day(offset: number): string;
  /** `20261123T093000`: that day at `HH:MM`, without a zone. */
  time(offset: number, clock: string): string;
  /** The same moment of the first start, in UTC: for DTSTAMP. */
  stamp: string;
}

const DAY = 86_400_000;

/** All dates count from the Monday of the week of `now`, so that weekly rules start on their own weekday. */
export function seedDates(now: Date): SeedDates {
  const monday = now.getTime() - ((now.getUTCDay() + 6) % 7) * DAY;
  const day = (offset: number) => basic(new Date(monday + offset * DAY)).slice(0, 8);
  return { day, time: (offset, clock) => `${day(offset)}T${clock.replace(':', '')}00`, stamp: basic(now) };
}

/** `20261123T172410Z`. */
function basic(date: Date): string {
  return `${date.toISOString().replace(/[-:]|\.\d+/g, '')}`;
}
