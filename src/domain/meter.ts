/** Counts for operators; implemented by http/metrics. */
export interface Meter {
  /** A collection was answered in a Sync: its class (`Email`, `Calendar` …, empty when unknown) and its Status. */
  synced(className: string, status: number): void;
}
