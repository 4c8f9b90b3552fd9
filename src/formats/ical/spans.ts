import type { Span } from './timing.js';

/** Sorted, with those that touch or overlap joined; empty ones are gone. */
export function normaliseSpans(spans: readonly Span[]): Span[] {
  const sorted = spans.filter((span) => span.start < span.end).sort((a, b) => (a.start === b.start ? 0 : a.start - b.start));
  const joined: { start: number; end: number }[] = [];
  for (const { start, end } of sorted) {
    const last = joined.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else joined.push({ start, end });
  }
  return joined;
}

/** At most `limit` spans that cover all of those given: the smallest gaps are filled. */
export function coverSpans(spans: readonly Span[], limit: number): Span[] {
  const joined = normaliseSpans(spans);
  if (joined.length <= limit) return joined;
  const gaps = joined.slice(1).map((span, at) => ({ at, size: span.start - (joined[at] as Span).end }));
  const kept = gaps.sort((a, b) => b.size - a.size || b.at - a.at).slice(0, limit - 1);
  const breaks = kept.map(({ at }) => at).sort((a, b) => a - b);
  const starts = [0, ...breaks.map((at) => at + 1)];
  return starts.map((first, index) => ({
    start: (joined[first] as Span).start,
    end: (joined[breaks[index] ?? joined.length - 1] as Span).end,
  }));
}
