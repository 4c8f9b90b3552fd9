import type { Span } from '../../domain/pim/model.js';

/** PostgreSQL's limits for timestamptz: 4713 BC to 294276 AD; what lies outside is unbounded. */
const EARLIEST = Date.UTC(-4711, 0, 1);
const LATEST = Date.UTC(275_000, 0, 1);

/** A tstzmultirange literal; a span without length is kept as one millisecond, so that it can overlap something. */
export function formatSpans(spans: readonly Span[]): string {
  return `{${spans.map((span) => `[${bound(span.start)},${bound(Math.max(span.end, span.start + 1))})`).join(',')}}`;
}

/** A tstzrange literal; null is the empty range. */
export function formatSpan(span: Span | null): string {
  return span ? `[${bound(span.start)},${bound(span.end)})` : 'empty';
}

function bound(time: number): string {
  if (time <= EARLIEST || time >= LATEST) return '';
  const date = new Date(time);
  const year = date.getUTCFullYear();
  const rest = date.toISOString().replace(/^[+-]?\d+/, '');
  return year > 0 ? `"${String(year).padStart(4, '0')}${rest}"` : `"${String(1 - year).padStart(4, '0')}${rest} BC"`;
}
