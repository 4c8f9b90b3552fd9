import {
  neededExtensions,
  scriptData,
  type VacationPlan,
  type VacationReply,
  vacationScript,
} from '../../formats/sieve/vacation.js';
import { DomainError } from '../errors.js';
import type { Pim } from '../pim/service.js';
import type { Scope, Session } from '../types.js';
import { knownAddresses } from './people.js';

/** Whom a reply is for: people of the user's own domain, others whom the user knows, all others. */
export const AUDIENCES = ['internal', 'known', 'unknown'] as const;
export type Audience = (typeof AUDIENCES)[number];

export interface OutOfOfficeMessage {
  readonly enabled: boolean;
  readonly type: 'plain' | 'html';
  readonly text: string;
}

/** Automatic replies, as the user set them. */
export interface OutOfOffice {
  readonly state: 'off' | 'on' | 'timed';
  /** Both set when timed. */
  readonly start: Date | null;
  readonly end: Date | null;
  readonly messages: Readonly<Record<Audience, OutOfOfficeMessage>>;
}

/** A user's filter scripts on the mail server (RFC 5804). */
export interface FilterScripts {
  /** Extensions that the server's Sieve knows, lower case. */
  readonly extensions: ReadonlySet<string>;
  list(): Promise<readonly { readonly name: string; readonly active: boolean }[]>;
  /** Null where there is none of that name. */
  get(name: string): Promise<string | null>;
  put(name: string, text: string): Promise<void>;
  /** Null: none is active from now on. */
  activate(name: string | null): Promise<void>;
}

/** Where filter scripts are kept; implemented by infra/sieve. */
export interface FilterServer {
  /** Whether the user's mail server has filter scripts at all. */
  serves(s: Scope): boolean;
  /** @throws DomainError `unauthenticated`, `unavailable`, `invalid` for a script that the server refuses */
  run<T>(s: Scope, work: (scripts: FilterScripts) => Promise<T>): Promise<T>;
}

const SCRIPT = 'mobile-sync-out-of-office';
const MAX_KNOWN = 2000;
const MAX_TEXT = 128 * 1024;

const NOTHING: OutOfOfficeMessage = { enabled: false, type: 'plain', text: '' };
const OFF: OutOfOffice = {
  state: 'off',
  start: null,
  end: null,
  messages: { internal: NOTHING, known: NOTHING, unknown: NOTHING },
};

/**
 * Automatic replies by a Sieve script of the gateway's own on the user's mail server, which replies even when the gateway is
 * away. A script that the user had active stays active: ours goes on with it, and gives its place back when it is over.
 */
export class OutOfOfficeService {
  constructor(
    private readonly server: FilterServer,
    private readonly pim: Pick<Pim, 'collections' | 'search'>,
    private readonly clock: { now(): Date },
  ) {}

  /** Whether the user can have automatic replies. */
  isAvailable(s: Session): boolean {
    return this.server.serves(s);
  }

  /** What is set, whether by this phone or another. @throws DomainError */
  get(s: Session): Promise<OutOfOffice> {
    return this.server.run(s, async (scripts) => (await this.read(scripts)).shown);
  }

  /** @throws DomainError `invalid`, `conflict` when another script is active that ours can't go on with */
  async set(s: Session, change: (before: OutOfOffice) => OutOfOffice): Promise<void> {
    await this.server.run(s, async (scripts) => {
      const before = await this.read(scripts);
      const wanted = checked(change(before.shown));
      const next = before.isActive ? before.previous : before.active;
      if (wanted.state === 'off') await switchOff(scripts, before, wanted, next);
      else await this.switchOn(s, scripts, wanted, next);
    });
  }

  private async read(scripts: FilterScripts): Promise<Before> {
    const list = await scripts.list();
    const active = list.find((script) => script.active)?.name ?? null;
    const isActive = active === SCRIPT;
    const data = list.some(({ name }) => name === SCRIPT) ? parsed(scriptData((await scripts.get(SCRIPT)) ?? '')) : null;
    const previous = list.find(({ name }) => name === data?.previous)?.name ?? null;
    const set = data?.set ?? OFF;
    const isOver = set.state === 'timed' && set.end !== null && set.end <= this.clock.now();
    const shown = isActive && !isOver ? set : { ...set, state: 'off' as const, start: null, end: null };
    return { shown, isActive, active, previous };
  }

  private async switchOn(s: Session, scripts: FilterScripts, wanted: OutOfOffice, next: string | null): Promise<void> {
    const plan = await this.plan(s, wanted);
    const missing = neededExtensions(plan, next).filter((name) => !scripts.extensions.has(name));
    if (missing.includes('include')) throw new DomainError('conflict', 'another filter script is active');
    if (missing.length > 0) throw new DomainError('invalid', `the mail server's Sieve has no ${missing.join(', ')}`);
    await scripts.put(SCRIPT, vacationScript(stringified({ set: wanted, previous: next }), plan, next));
    await scripts.activate(SCRIPT);
  }

  private async plan(s: Session, { state, start, end, messages }: OutOfOffice): Promise<VacationPlan> {
    const { address, aliases } = s.user;
    const own = [address, ...aliases].map((each) => each.slice(each.lastIndexOf('@') + 1).toLowerCase());
    const differ = JSON.stringify(messages.known) !== JSON.stringify(messages.unknown);
    return {
      from: state === 'timed' ? start : null,
      until: state === 'timed' ? end : null,
      internal: replyOf(messages.internal),
      internalDomains: [...new Set(own)],
      known: replyOf(messages.known),
      knownAddresses: differ ? await knownAddresses(this.pim, s, MAX_KNOWN) : [],
      others: replyOf(messages.unknown),
      address,
      aliases,
    };
  }
}

/** How things are on the server. */
interface Before {
  readonly shown: OutOfOffice;
  /** Our script is the active one. */
  readonly isActive: boolean;
  readonly active: string | null;
  /** The script that ours goes on with. */
  readonly previous: string | null;
}

/** The texts are kept for the next time. */
async function switchOff(scripts: FilterScripts, before: Before, wanted: OutOfOffice, next: string | null): Promise<void> {
  await scripts.put(SCRIPT, vacationScript(stringified({ set: wanted, previous: null }), null, before.isActive ? next : null));
  if (before.isActive) await scripts.activate(next);
}

function replyOf({ enabled, type, text }: OutOfOfficeMessage): VacationReply | null {
  return enabled && text.trim() !== '' ? { type, text } : null;
}

function checked(wanted: OutOfOffice): OutOfOffice {
  const { state, start, end, messages } = wanted;
  if (AUDIENCES.some((audience) => messages[audience].text.length > MAX_TEXT)) throw new DomainError('invalid', 'text too long');
  if (state !== 'timed') return { ...wanted, start: null, end: null };
  if (!start || !end || end <= start) throw new DomainError('invalid', 'start and end of an absence');
  return wanted;
}

/** What is kept in the script. */
interface Data {
  readonly set: OutOfOffice;
  readonly previous: string | null;
}

function stringified(data: Data): string {
  return JSON.stringify(data);
}

/** Null for what is no data of ours. */
function parsed(text: string | null): Data | null {
  try {
    const { set, previous } = JSON.parse(text ?? '') as { set: OutOfOffice; previous: unknown };
    const date = (value: unknown) => (typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? new Date(value) : null);
    const message = (audience: Audience): OutOfOfficeMessage => {
      const { enabled, type, text: reply } = set.messages[audience];
      return { enabled: enabled === true, type: type === 'html' ? 'html' : 'plain', text: String(reply) };
    };
    const messages = { internal: message('internal'), known: message('known'), unknown: message('unknown') };
    const state = set.state === 'on' || set.state === 'timed' ? set.state : 'off';
    return {
      set: { state, start: date(set.start), end: date(set.end), messages },
      previous: typeof previous === 'string' ? previous : null,
    };
  } catch {
    return null;
  }
}
