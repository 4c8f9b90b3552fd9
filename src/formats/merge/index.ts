/**
 * Three-way merge of iCalendar and vCard texts, property by property: an edit that somebody made from an earlier text is
 * written into the present one.
 *
 *     mergeTexts('calendar', { base, mine, theirs }, 'theirs')   // { text, lost: ['SUMMARY'] }
 */
import { cardVersion, parseCard } from '../vcard/validate.js';
import { Merge, mergeComponent, type Sides, type Winner } from './component.js';
import { describeZones, mergeSeries, openSeries } from './series.js';

export type { Sides, Winner } from './component.js';

export interface MergedText {
  /** `theirs` with the edit written into it; the same bytes where nothing of it was left to write. */
  readonly text: string;
  /** What both sides changed to something different and the edit therefore lost: names of properties, or of what several say together. */
  readonly lost: readonly string[];
}

/** @returns null where the texts are no versions of one thing that can be compared */
export function mergeTexts(kind: 'calendar' | 'card', texts: Sides<string>, wins: Winner): MergedText | null {
  if (texts.mine === texts.base) return { text: texts.theirs, lost: [] };
  if (texts.theirs === texts.base) return { text: texts.mine, lost: [] };
  try {
    const merge = new Merge(wins);
    const text = (kind === 'card' ? mergeCards : mergeCalendars)(merge, alike(texts));
    return text === null ? null : { text: text || texts.theirs, lost: [...merge.lost] };
  } catch {
    return null; // one of them can't be read
  }
}

/** All with the line ends of the text that is written. */
function alike({ base, mine, theirs }: Sides<string>): Sides<string> {
  const eol = theirs.includes('\r\n') ? '\r\n' : '\n';
  const [one, other] = [base, mine].map((text) => text.replace(/\r?\n/g, eol)) as [string, string];
  return { base: one, mine: other, theirs };
}

/** Empty where nothing was written. */
function mergeCards(merge: Merge, texts: Sides<string>): string | null {
  const cards = { base: parseCard(texts.base), mine: parseCard(texts.mine), theirs: parseCard(texts.theirs) };
  // Another version spells the same properties in other ways.
  if (cardVersion(cards.base) !== cardVersion(cards.theirs) || cardVersion(cards.mine) !== cardVersion(cards.theirs)) return null;
  return mergeComponent(merge, cards) ? cards.theirs.toString() : '';
}

function mergeCalendars(merge: Merge, texts: Sides<string>): string | null {
  const sides = { base: openSeries(texts.base), mine: openSeries(texts.mine), theirs: openSeries(texts.theirs) };
  const all = [sides.base.object, sides.mine.object, sides.theirs.object];
  const isOne = all.every(({ uid, component, master }) => {
    const first = all[0];
    return uid === first?.uid && component === first.component && (master === null) === (first.master === null);
  });
  if (!isOne) return null;
  if (!mergeSeries(merge, sides)) return '';
  describeZones(sides);
  return sides.theirs.object.calendar.toString();
}
