import { DomainError } from '../errors.js';
import type { Account, RoomRules } from '../types.js';

/**
 * What a room is given away for where nobody said otherwise. Exchange's bookings reach 180 days ahead and end there
 * (BookingWindowInDays, EnforceSchedulingHorizon); here a series without end is held as it comes into reach.
 */
export const ROOM_RULES: RoomRules = { window: 732, series: 'roll', longest: null, external: true };

export function rulesOf({ booking }: Account): RoomRules {
  return { ...ROOM_RULES, ...booking };
}

/** How one rule is written: its words, and what they mean. */
type Reader = (value: string) => Partial<RoomRules> | null;

const YES_NO: Readonly<Record<string, boolean>> = { yes: true, no: false };

const READERS: Readonly<Record<keyof RoomRules, Reader>> = {
  window: (value) => (isBetween(value, 1, 3660) ? { window: Number(value) } : null),
  series: (value) => (value === 'roll' || value === 'bounded' || value === 'none' ? { series: value } : null),
  longest: (value) => (value === 'any' ? { longest: null } : isBetween(value, 1, 10_000) ? { longest: Number(value) } : null),
  external: (value) => (value in YES_NO ? { external: YES_NO[value] as boolean } : null),
};

function isBetween(value: string, least: number, most: number): boolean {
  return /^\d{1,6}$/.test(value) && Number(value) >= least && Number(value) <= most;
}

/** The rules of a room as they are written. */
export function ruleWords(room: Account): string[] {
  const { window, series, longest, external } = rulesOf(room);
  return [`window=${window}`, `series=${series}`, `longest=${longest ?? 'any'}`, `external=${external ? 'yes' : 'no'}`];
}

/** Whether a word is meant as a rule: `window=180`. */
export function isRule(word: string): boolean {
  return /^[a-z]+=/.test(word);
}

/** Reads rules like `window=180 series=bounded longest=24 external=no`. @throws DomainError `invalid` for any other word */
export function readRules(words: readonly string[]): Partial<RoomRules> {
  const rules = words.map((word) => {
    const [name = '', value = ''] = word.split('=');
    const read = Object.hasOwn(READERS, name) ? READERS[name as keyof RoomRules](value) : null;
    if (!read) throw new DomainError('invalid', `no rule for rooms: ${word}`);
    return read;
  });
  return Object.assign({}, ...rules) as Partial<RoomRules>;
}
