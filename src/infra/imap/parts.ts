import type { PartSink } from '../../domain/mail/backend.js';
import type { PartRequest } from '../../domain/mail/model.js';
import { IdRanges } from '../../formats/ranges.js';
import type { ImapClient } from './client.js';
import type { SectionRange } from './lean-fetch.js';

/** Messages in one command: keeps the sequence set and the server's work at one go small. */
const UIDS_PER_COMMAND = 500;

/** Requests that one FETCH serves. */
interface Group extends SectionRange {
  readonly uids: number[];
}

/** Streams the requested bytes of the selected mailbox, a FETCH per section and limit. */
export async function fetchParts(client: ImapClient, requests: readonly PartRequest[], sink: PartSink): Promise<void> {
  for (const group of groupRequests(requests)) {
    const { section, start } = group;
    for (const range of uidSets(group.uids)) {
      await client.fetchSection(range, group, ({ uid, bytes }) => sink({ uid, section, start, bytes }));
    }
  }
}

/** Requests of the same section, start and limit belong together; a section that is none is left out. */
export function groupRequests(requests: readonly PartRequest[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const { uid, section, start = 0, maxBytes } of requests) {
    if ((maxBytes !== undefined && maxBytes <= 0) || !/^(?:HEADER|\d{1,9}(?:\.\d{1,9}){0,50}(?:\.MIME)?)?$/.test(section))
      continue;
    const key = `${section}|${start}|${maxBytes ?? ''}`;
    const group = groups.get(key) ?? { section, start, maxBytes, uids: [] };
    group.uids.push(uid);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** UIDs as sequence sets of bounded length. */
export function uidSets(uids: readonly number[]): readonly string[] {
  const sorted = [...new Set(uids)].filter((uid) => Number.isSafeInteger(uid) && uid > 0).sort((a, b) => a - b);
  const sets: string[] = [];
  for (let at = 0; at < sorted.length; at += UIDS_PER_COMMAND) {
    sets.push(IdRanges.of(sorted.slice(at, at + UIDS_PER_COMMAND)).toSequenceSet());
  }
  return sets;
}
