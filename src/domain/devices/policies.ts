import { createHash } from 'node:crypto';
import { POLICY_SETTINGS, type PolicyName, type PolicyValue, policyValue } from './policy-settings.js';

/** Protocol versions from the oldest to the newest, both included. */
export interface VersionRange {
  readonly from: string;
  readonly to: string;
}

/** What a device must do, and what becomes of one that does not. */
export interface DevicePolicy {
  readonly name: string;
  /** Tells a policy from another; changes with its settings. Empty: nothing is asked for. */
  readonly id: string;
  /** Settings that differ from those that ask for nothing. */
  readonly settings: ReadonlyMap<PolicyName, PolicyValue>;
  /** Whether a device that applies only a part of it may sync. */
  readonly acceptsPartial: boolean;
  /** Whether a device that says it is managed by somebody else may sync. */
  readonly acceptsManaged: boolean;
  /** Whether programs that know no policies may sync. */
  readonly acceptsUnprovisionable: boolean;
  readonly versions: VersionRange;
}

/** By what a device is known. */
export interface DeviceFacts {
  readonly type: string;
  readonly userAgent: string;
  readonly address: string;
}

/** Patterns with `*`; a kind that is absent fits every device. */
interface Family {
  readonly policy: DevicePolicy;
  readonly devices?: readonly RegExp[];
  readonly userAgents?: readonly RegExp[];
  readonly addresses?: readonly RegExp[];
}

const ALL_VERSIONS: VersionRange = { from: '2.5', to: '16.1' };
const KNOWN_VERSIONS = ['2.5', '12.0', '12.1', '14.0', '14.1', '16.0', '16.1'];

/** Policies by family of devices; the first family that fits counts. */
export class PolicyBook {
  readonly #open: DevicePolicy;

  constructor(
    private readonly families: readonly Family[] = [],
    readonly versions: VersionRange = ALL_VERSIONS,
  ) {
    this.#open = {
      name: 'open',
      id: '',
      settings: new Map(),
      acceptsPartial: true,
      acceptsManaged: true,
      acceptsUnprovisionable: true,
      versions,
    };
  }

  for({ type, userAgent, address }: DeviceFacts): DevicePolicy {
    const fits = (patterns: readonly RegExp[] | undefined, text: string) => patterns?.some((one) => one.test(text)) ?? true;
    const family = this.families.find(
      (one) => fits(one.devices, type) && fits(one.userAgents, userAgent) && fits(one.addresses, address),
    );
    return family?.policy ?? this.#open;
  }
}

/** Nothing is asked of any device. */
export const OPEN_POLICIES = new PolicyBook();

/** Every problem of a table of policies, each with its place in the table. */
export class PolicyProblems extends Error {
  override readonly name = 'PolicyProblems';
  constructor(readonly problems: readonly string[]) {
    super(problems.join('; '));
  }
}

type Note = (place: string, problem: string) => void;
type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a table of policies: `{"versions": {"from", "to"}, "families": [{"name", "devices", "userAgents", "addresses",
 * "versions", "partial", "managed", "unprovisionable", "policy": {…}}]}`, all of it optional but the name.
 * @throws PolicyProblems
 */
export function readPolicies(table: unknown): PolicyBook {
  const problems: string[] = [];
  const note: Note = (place, problem) => problems.push(`${place} ${problem}`);
  const root = object(table, 'the table', ['versions', 'families'], note);
  const versions = readVersions(root.versions, 'versions', ALL_VERSIONS, note);
  const families = Array.isArray(root.families) ? root.families : [];
  if (root.families !== undefined && !Array.isArray(root.families)) note('families', 'is not a list');
  const read = families.map((family, at) => readFamily(family, `families[${at}]`, versions, note));
  if (problems.length > 0) throw new PolicyProblems(problems);
  return new PolicyBook(read, versions);
}

const FAMILY = ['name', 'devices', 'userAgents', 'addresses', 'versions', 'partial', 'managed', 'unprovisionable', 'policy'];

function readFamily(value: unknown, place: string, range: VersionRange, note: Note): Family {
  const family = object(value, place, FAMILY, note);
  const name = typeof family.name === 'string' ? family.name.trim() : '';
  if (name === '' || name.length > 100) note(`${place}.name`, 'is missing or longer than 100 characters');
  const accepts = (key: 'partial' | 'managed' | 'unprovisionable') => {
    const word = family[key] ?? 'accept';
    if (word !== 'accept' && word !== 'refuse') note(`${place}.${key}`, 'is neither "accept" nor "refuse"');
    return word === 'accept';
  };
  const settings = readSettings(family.policy, `${place}.policy`, note);
  const policy: DevicePolicy = {
    name,
    id: idOf(settings),
    settings,
    acceptsPartial: accepts('partial'),
    acceptsManaged: accepts('managed'),
    acceptsUnprovisionable: accepts('unprovisionable'),
    versions: readVersions(family.versions, `${place}.versions`, range, note),
  };
  const patterns = (key: 'devices' | 'userAgents' | 'addresses') => readPatterns(family[key], `${place}.${key}`, note);
  return { policy, devices: patterns('devices'), userAgents: patterns('userAgents'), addresses: patterns('addresses') };
}

function readSettings(value: unknown, place: string, note: Note): ReadonlyMap<PolicyName, PolicyValue> {
  const given = value === undefined ? {} : object(value, place, Object.keys(POLICY_SETTINGS), note);
  const settings = new Map<PolicyName, PolicyValue>();
  for (const name of Object.keys(POLICY_SETTINGS) as PolicyName[]) {
    if (given[name] === undefined) continue;
    try {
      const read = policyValue(name, given[name]);
      if (String(read) !== String(POLICY_SETTINGS[name].open)) settings.set(name, read);
    } catch (error) {
      note(`${place}.${name}`, (error as Error).message);
    }
  }
  return settings;
}

function idOf(settings: ReadonlyMap<PolicyName, PolicyValue>): string {
  if (settings.size === 0) return '';
  return createHash('sha256')
    .update(JSON.stringify([...settings]))
    .digest('base64url')
    .slice(0, 16);
}

function readVersions(value: unknown, place: string, range: VersionRange, note: Note): VersionRange {
  if (value === undefined) return range;
  const given = object(value, place, ['from', 'to'], note);
  const { from = range.from, to = range.to } = given;
  const at = (version: unknown) => KNOWN_VERSIONS.indexOf(String(version));
  if (at(from) < 0 || at(to) < 0) note(place, `has a version that is none of ${KNOWN_VERSIONS.join(', ')}`);
  else if (at(from) > at(to)) note(place, 'is empty');
  else if (at(from) < at(range.from) || at(to) > at(range.to)) note(place, `is wider than ${range.from} to ${range.to}`);
  return { from: String(from), to: String(to) };
}

function readPatterns(value: unknown, place: string, note: Note): readonly RegExp[] | undefined {
  if (value === undefined) return undefined;
  const isList = Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string' && one.length <= 200);
  if (!isList) {
    note(place, 'is not a list of texts');
    return undefined;
  }
  return (value as string[]).map(
    (text) => new RegExp(`^${text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*+/g, '.*')}$`, 'i'),
  );
}

function object(value: unknown, place: string, known: readonly string[], note: Note): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    note(place, 'is not a JSON object');
    return {};
  }
  for (const key of Object.keys(value)) if (!known.includes(key)) note(place, `has an unknown member ${key.slice(0, 60)}`);
  return value as Json;
}
