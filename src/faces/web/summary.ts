import { parseContentLines } from '../../formats/content-lines.js';

/** What people recognise an item by: its SUMMARY or FN; empty where it has none. */
export function summaryOf(text: string): string {
  try {
    for (const root of parseContentLines(text)) {
      for (const component of [root, ...root.components]) {
        const found = component.first('SUMMARY') ?? component.first('FN');
        if (found) return found.text;
      }
    }
  } catch {
    // a text that can't be read has no summary, and can be restored all the same
  }
  return '';
}
