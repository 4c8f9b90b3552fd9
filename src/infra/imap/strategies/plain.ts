import type { FlagState, MailDelta, MailMark } from '../../../domain/mail/model.js';
import { IdRanges } from '../../../formats/ranges.js';
import type { ImapClient, MailboxStatus } from '../client.js';
import { type ChangeStrategy, statusMark } from './strategy.js';

/** Stands for "the message exists" among the flags of a mark. */
const PRESENT = '';

/** Keywords beyond this number are not compared: a mark is kept per device. */
const MAX_FLAGS = 30;

/** What the flags were, by flag. */
type FlagSets = ReadonlyMap<string, IdRanges>;

/**
 * No mod-sequences: all flags are fetched and compared with those in the mark. The cost follows the mailbox; it is what a
 * server without CONDSTORE leaves.
 */
export const plain: ChangeStrategy = {
  async mark(client, path, now) {
    await client.select(path);
    return { ...statusMark(now), flags: toText(await flagSets(client)) };
  },

  /** STATUS can't tell whether a flag changed. */
  same: () => false,

  async delta(client, path, from, now) {
    if (from.flags === undefined) return resetTo(await plain.mark(client, path, now));
    await client.select(path);
    return compare(fromText(from.flags), await flagSets(client), now);
  },
};

/** A delta that voids everything known. */
export function resetTo(mark: MailMark): MailDelta {
  return { mark, reset: true, changed: [], vanished: IdRanges.empty };
}

/** The difference between two looks at a mailbox. */
export function compare(before: FlagSets, after: FlagSets, now: MailboxStatus): MailDelta {
  const presentBefore = before.get(PRESENT) ?? IdRanges.empty;
  const present = after.get(PRESENT) ?? IdRanges.empty;
  let touched = present.minus(presentBefore);
  for (const flag of new Set([...before.keys(), ...after.keys()])) {
    const was = before.get(flag) ?? IdRanges.empty;
    const is = after.get(flag) ?? IdRanges.empty;
    touched = touched.union(was.minus(is)).union(is.minus(was));
  }
  const changed = [...touched.intersect(present)].map((uid): FlagState => ({ uid, flags: flagsOf(uid, after) }));
  return { mark: { ...statusMark(now), flags: toText(after) }, reset: false, changed, vanished: presentBefore.minus(present) };
}

async function flagSets(client: ImapClient): Promise<FlagSets> {
  const uids = new Map<string, number[]>([[PRESENT, []]]);
  await client.fetch('1:*', { flags: true }, {}, (message) => {
    uids.get(PRESENT)?.push(message.uid);
    for (const flag of message.flags ?? []) {
      if (flag === '\\Recent') continue;
      const list = uids.get(flag);
      if (list) list.push(message.uid);
      else if (uids.size <= MAX_FLAGS) uids.set(flag, [message.uid]);
    }
  });
  return new Map([...uids].map(([flag, list]) => [flag, IdRanges.of(list)]));
}

function flagsOf(uid: number, sets: FlagSets): readonly string[] {
  return [...sets].filter(([flag, uids]) => flag !== PRESENT && uids.has(uid)).map(([flag]) => flag);
}

function toText(sets: FlagSets): Record<string, string> {
  return Object.fromEntries([...sets].map(([flag, uids]) => [flag, uids.toString()]));
}

function fromText(flags: Readonly<Record<string, string>>): FlagSets {
  return new Map(Object.entries(flags).map(([flag, uids]) => [flag, IdRanges.parse(uids)]));
}
