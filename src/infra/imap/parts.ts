import type { FetchMessageObject, FetchQueryObject } from 'imapflow';
import type { PartSink } from '../../domain/mail/backend.js';
import type { PartRequest } from '../../domain/mail/model.js';
import { IdRanges } from '../../formats/ranges.js';
import type { ImapClient } from './client.js';

/** Messages in one command: keeps the sequence set and the server's work at one go small. */
const UIDS_PER_COMMAND = 500;

/** Requests that one FETCH serves. */
interface Group {
  readonly section: string;
  readonly start: number;
  readonly maxBytes: number | undefined;
  readonly uids: number[];
}

/** Streams the requested bytes of the selected mailbox, a FETCH per section and limit. */
export async function fetchParts(client: ImapClient, requests: readonly PartRequest[], sink: PartSink): Promise<void> {
  for (const group of groupRequests(requests)) {
    for (const range of uidSets(group.uids)) {
      await client.fetch(range, partQuery(group), {}, async (message) => {
        const bytes = partBytes(message, group.section);
        if (message.uid && bytes) await sink({ uid: message.uid, section: group.section, start: group.start, bytes });
      });
    }
  }
}

/** Requests of the same section, start and limit belong together. */
export function groupRequests(requests: readonly PartRequest[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const { uid, section, start = 0, maxBytes } of requests) {
    if (maxBytes !== undefined && maxBytes <= 0) continue;
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
  for (let at = 0; at < sorted.length; at += UIDS_PER_COMMAND)
    sets.push(IdRanges.of(sorted.slice(at, at + UIDS_PER_COMMAND)).toSequenceSet());
  return sets;
}

function partQuery({ section, start, maxBytes }: Group): FetchQueryObject {
  const partial = { ...(start > 0 && { start }), ...(maxBytes !== undefined && { maxLength: maxBytes }) };
  const whole = Object.keys(partial).length === 0;
  if (section === '') return { uid: true, source: whole ? true : partial };
  return { uid: true, bodyParts: [whole ? section : { key: section, ...partial }] };
}

function partBytes(message: FetchMessageObject, section: string): Uint8Array | undefined {
  const bytes = section === '' ? message.source : message.bodyParts?.get(section.toLowerCase());
  return bytes || undefined;
}
