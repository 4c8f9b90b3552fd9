import { type ClarkName, D } from '../../../formats/xml/names.js';
import { childOf, elementsOf, type XmlElement, XmlError } from '../../../formats/xml/read.js';
import { bracket, element, join, type Xml } from '../../../formats/xml/write.js';
import type { Exchange } from '../exchange.js';
import { propertyRow } from '../multistatus.js';
import type { Needs, Resource, ResourceKind } from '../resource.js';
import { isLive, propertiesOn, propertyOn } from './index.js';
import { attributesIn, type ItemGetter, isPropertyKey, keptProperties, type Property } from './property.js';

/** What a request asks of each resource (RFC 4918 §14.20). */
export type Asked =
  | { readonly mode: 'prop'; readonly elements: readonly XmlElement[] }
  | { readonly mode: 'allprop'; readonly include: readonly XmlElement[] }
  | { readonly mode: 'propname' };

export const ALLPROP: Asked = { mode: 'allprop', include: [] };
const MAX_ASKED = 500;

/** Reads `prop`, `allprop` with `include`, or `propname` inside a request's root element. */
export function askedIn(root: XmlElement, absent: Asked = ALLPROP): Asked {
  const prop = childOf(root, D('prop'));
  if (prop !== undefined) return { mode: 'prop', elements: bounded(prop) };
  if (childOf(root, D('propname')) !== undefined) return { mode: 'propname' };
  const include = childOf(root, D('include'));
  if (childOf(root, D('allprop')) !== undefined) return { mode: 'allprop', include: include ? bounded(include) : [] };
  return absent;
}

function bounded(list: XmlElement): XmlElement[] {
  const elements = elementsOf(list);
  if (elements.length > MAX_ASKED) throw new XmlError('Too many properties are asked', true);
  // A property asked twice is answered once.
  return [...new Map(elements.map((ask) => [ask.name, ask])).values()];
}

type Getter = (r: Resource) => Xml | undefined | Promise<Xml | undefined>;
/** One property of an answer: its tags, and its value as a function of the resource. */
interface Column {
  readonly start: string;
  readonly end: string;
  readonly empty: string;
  readonly needs: Needs;
  readonly get: Getter;
}

/** Where what is kept with a resource is found. */
type Kept = (r: Resource) => Readonly<Record<string, string>>;
const NONE: Readonly<Record<string, string>> = {};
const KEEPING_ITEMS: readonly ResourceKind[] = ['event', 'card'];

const ORDER: readonly Needs[] = ['change', 'head', 'text'];

/** How resources of one kind are answered: made once for a request, used for each row. */
export class Plan {
  /** How much of an item the rows need. */
  readonly needs: Needs;

  constructor(
    private readonly columns: readonly Column[],
    private readonly minimal: boolean,
  ) {
    this.needs = ORDER[Math.max(0, ...columns.map(({ needs }) => ORDER.indexOf(needs)))] ?? 'change';
  }

  /** The DAV:response element of an item: its properties never wait. */
  itemRow(r: Resource): string {
    let found = '';
    let missing = '';
    for (const column of this.columns) {
      const value = column.get(r) as Xml | undefined;
      if (value === undefined) missing += column.empty;
      else found += value === '' ? column.empty : column.start + value + column.end;
    }
    return propertyRow(r.href, found, this.minimal ? '' : missing);
  }

  /** The DAV:response element of any resource. */
  async row(r: Resource): Promise<string> {
    const values = await Promise.all(this.columns.map((column) => column.get(r)));
    const settled = this.columns.map((column, index) => ({ ...column, get: () => values[index] }));
    return new Plan(settled, this.minimal).itemRow(r);
  }
}

/** Makes plans for the kinds of resources that an answer lists. */
export class Planner {
  readonly #plans = new Map<ResourceKind, Promise<Plan>>();

  constructor(
    private readonly x: Exchange,
    readonly asked: Asked,
  ) {}

  plan(kind: ResourceKind): Promise<Plan> {
    let plan = this.#plans.get(kind);
    if (plan === undefined) {
      plan = this.#make(kind);
      this.#plans.set(kind, plan);
    }
    return plan;
  }

  /** The row of one resource; collections add what clients keep with them. */
  async row(r: Resource): Promise<string> {
    if (r.item !== null) return (await this.plan(r.kind)).itemRow(r);
    if (this.asked.mode === 'prop' || (r.collection === null && r.file === null)) return (await this.plan(r.kind)).row(r);
    const columns = await this.#columns(r.kind);
    return new Plan([...columns, ...keptColumns(r, this.asked, r.kind)], true).row(r);
  }

  /** Only who asked for a property by name is told that it is not there. */
  async #make(kind: ResourceKind): Promise<Plan> {
    return new Plan(await this.#columns(kind), this.asked.mode !== 'prop' || this.x.preferences.return === 'minimal');
  }

  async #columns(kind: ResourceKind): Promise<Column[]> {
    const { asked } = this;
    if (asked.mode === 'prop') return Promise.all(asked.elements.map((ask) => this.#column(kind, ask)));
    const own = KEEPING_ITEMS.includes(kind) ? [allKeptColumn(await this.#kept(kind, null), asked, kind)] : [];
    if (asked.mode === 'propname') return [...propertiesOn(kind).map((row) => nameColumn(row, this.x)), ...own];
    const rows = propertiesOn(kind).filter(({ all }) => all === true);
    const more = asked.include.filter((ask) => !rows.some(({ name }) => name === ask.name));
    const asks = rows.map(({ name }): XmlElement => ({ name, attributes: new Map(), children: [] }));
    return [...(await Promise.all([...asks, ...more].map((ask) => this.#column(kind, ask)))), ...own];
  }

  /** What is kept with resources of a kind; that of items is looked up once for all that the answer lists. */
  async #kept(kind: ResourceKind, name: ClarkName | null): Promise<Kept> {
    if (!KEEPING_ITEMS.includes(kind)) return keptProperties;
    // What the server computes elsewhere can't be kept here: most listings ask for nothing else that is not there.
    if (name !== null && isLive(name)) return () => NONE;
    const all = await this.x.itemProperties();
    return ({ item }) => all.get(item?.name ?? '') ?? NONE;
  }

  async #column(kind: ResourceKind, ask: XmlElement): Promise<Column> {
    const row = propertyOn(kind, ask.name);
    if (row === undefined) return keptColumn(ask.name, await this.#kept(kind, ask.name));
    if (row.compile === undefined) return rowColumn(row, this.x);
    const get: ItemGetter = await row.compile(ask, this.x);
    return { ...tags(row.name), needs: row.needs ?? 'change', get };
  }
}

function tags(name: ClarkName): Pick<Column, 'start' | 'end' | 'empty'> {
  return { ...bracket(name), empty: element(name) };
}

function rowColumn(row: Property, x: Exchange): Column {
  return { ...tags(row.name), needs: row.needs ?? 'change', get: (r) => row.get(r, x) };
}

/** A property that has a value, without it. */
function nameColumn(row: Property, x: Exchange): Column {
  const named = (value: Xml | undefined): Xml | undefined => (value === undefined ? undefined : NOTHING);
  const get = (r: Resource): ReturnType<Getter> => {
    const value = row.get(r, x);
    return value instanceof Promise ? value.then(named) : named(value);
  };
  return { ...tags(row.name), needs: row.needs ?? 'change', get };
}
const NOTHING = '' as Xml;

/** Everything kept with an item, in one column. */
function allKeptColumn(kept: Kept, asked: Asked, kind: ResourceKind): Column {
  const get = (r: Resource): Xml =>
    join(
      Object.keys(kept(r))
        .filter((name) => isPropertyKey(name) && propertyOn(kind, name) === undefined)
        .map((name) =>
          asked.mode === 'propname' ? element(name as ClarkName) : (keptColumn(name as ClarkName, kept).get(r) as Xml),
        ),
    );
  return { start: '', end: '', empty: '', needs: 'change', get };
}

/** A property in no table: what a client kept, with its attributes. The tags are part of the value then. */
function keptColumn(name: ClarkName, kept: Kept): Column {
  const { start, end, empty } = tags(name);
  const get = (r: Resource): Xml | undefined => {
    const properties = kept(r);
    const value = properties[name];
    if (value === undefined) return undefined;
    const open = `${start.slice(0, -1)}${attributesIn(properties, name)}`;
    return (value === '' ? `${open}/>` : `${open}>${value}${end}`) as Xml;
  };
  return { start: '', end: '', empty, needs: 'change', get };
}

/** Kept properties that an allprop or propname answer adds for one collection. */
function keptColumns(r: Resource, asked: Asked, kind: ResourceKind): Column[] {
  const names = Object.keys(keptProperties(r)).filter(isPropertyKey);
  return names
    .filter((name) => propertyOn(kind, name) === undefined)
    .map((name) =>
      asked.mode === 'propname'
        ? { ...tags(name), needs: 'change' as const, get: () => NOTHING }
        : keptColumn(name, keptProperties),
    );
}
