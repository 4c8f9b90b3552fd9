import { encodeParamValue, foldLine, Property } from '../../content-lines.js';

/** Names that some readers know in one spelling only. */
const SPELLINGS: Readonly<Record<string, string>> = { 'X-ABLABEL': 'X-ABLabel', 'X-ABSHOWAS': 'X-ABShowAs' };

/** A line of a card on its way from one version to another. What nothing changes keeps its bytes. */
export class Draft {
  group: string | null;
  /** Upper case. */
  name: string;
  /** Raw, as it stands in the line. */
  value: string;
  /** Upper-case names; a list in quotes (`TYPE="home,voice"`, RFC 6350 §5.6) is a list. */
  readonly params: Map<string, string[]>;
  readonly source: Property | undefined;
  /** Whether the line may stay as it was written, as long as nothing changes it. */
  keepsBytes = true;
  /** Whether 3.0 called it the preferred one. */
  isPreferred = false;
  readonly #before: string | undefined;

  constructor(from: Property | string, value = '', params: Readonly<Record<string, string>> = {}, group: string | null = null) {
    if (from instanceof Property) {
      this.source = from;
      [this.group, this.name, this.value] = [from.group, from.name, from.value];
      this.params = paramsOf(from);
      this.#before = isPlain(from) ? this.#key() : undefined;
    } else {
      [this.group, this.name, this.value] = [group, from, value];
      this.params = new Map(Object.entries(params).map(([name, one]) => [name, [one]]));
    }
  }

  /** First value of a parameter. */
  param(name: string): string | undefined {
    return this.params.get(name)?.[0];
  }

  /** `undefined` and an empty list take the parameter away. */
  setParam(name: string, value: string | readonly string[] | undefined): void {
    const values = value === undefined ? [] : typeof value === 'string' ? [value] : [...value];
    if (values.length === 0) this.params.delete(name);
    else this.params.set(name, values);
  }

  /** Reads a parameter and takes it away. */
  take(name: string): string | undefined {
    const value = this.param(name);
    this.params.delete(name);
    return value;
  }

  /** VALUE, lower case. */
  get valueType(): string | undefined {
    return this.param('VALUE')?.toLowerCase();
  }

  /** TYPE, in the spelling of the line. */
  get types(): readonly string[] {
    return this.params.get('TYPE') ?? [];
  }

  set types(types: readonly string[]) {
    this.setParam('TYPE', types);
  }

  hasType(type: string): boolean {
    return this.types.some((one) => one.toLowerCase() === type);
  }

  dropType(type: string): void {
    if (this.hasType(type)) this.types = this.types.filter((one) => one.toLowerCase() !== type);
  }

  /** The line as TEXT. */
  get text(): string {
    return new Property(this.name, this.value).text;
  }

  /** The physical lines with CR LF. */
  toString(): string {
    if (this.source && this.keepsBytes && this.#before === this.#key()) {
      const { prefix } = this.source;
      return this.source.toString().slice(prefix.length).replace(/\r?\n/g, '\r\n');
    }
    const params = [...this.params].map(([name, values]) => `;${name}=${values.map(encodeParamValue).join(',')}`).join('');
    const label = `${this.group === null ? '' : `${this.group}.`}${SPELLINGS[this.name] ?? this.name}`;
    return `${foldLine(`${label}${params}:${this.value}`)}\r\n`;
  }

  #key(): string {
    return JSON.stringify([this.group, this.name, [...this.params], this.value]);
  }
}

const LISTS: ReadonlySet<string> = new Set(['TYPE', 'SORT-AS']);

function paramsOf(property: Property): Map<string, string[]> {
  const params = new Map<string, string[]>();
  for (const { name, values } of property.params) {
    const list = LISTS.has(name) ? values.flatMap((value) => value.split(',')) : values;
    params.set(name, [...(params.get(name) ?? []), ...list]);
  }
  return params;
}

/** Whether the line means the same in every version as it is written: no bare parameters, no lists in quotes. */
function isPlain({ params }: Property): boolean {
  return params.every(
    ({ name, values, raw }) => raw?.includes('=') !== false && !(name === 'TYPE' && values.some((value) => value.includes(','))),
  );
}
