/** Nearest-rank percentile. */
export function percentile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export const p95 = (times: readonly number[]): number => percentile(times, 0.95);

export function percentiles(times: readonly number[]): string {
  const shown = [0.5, 0.95, 0.99].map((share) => `p${share * 100} ${percentile(times, share).toFixed(1)}`);
  return `${shown.join(', ')} ms`;
}
