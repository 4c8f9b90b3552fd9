import {
  decodeParamValue,
  decodeQuotedPrintable,
  encodeParamValue,
  foldLine,
  foldQuotedPrintable,
  parseList,
  parseStructured,
  unescapeText,
} from './values.js';

/** A parameter with decoded values. `raw` is how it stood in the line, without the leading semicolon. */
export interface Param {
  /** Upper case. The bare parameters of vCard 2.1 get the name they stand for: TYPE, ENCODING or VALUE. */
  readonly name: string;
  readonly values: readonly string[];
  readonly raw?: string;
}

/** Parameters of a new property; `undefined` is left out. */
export type ParamInit = Readonly<Record<string, string | readonly string[] | undefined>>;

interface Source {
  /** The physical lines with their line ends. */
  readonly raw: string;
  /** Group and name as written. */
  readonly label: string;
  readonly eol: string;
}

/**
 * One property line. It remembers the bytes it was read from and gives them back as long as nothing is changed; after a
 * change only the changed part (value, one parameter) is written anew.
 */
export class Property {
  /** `item1` of `item1.TEL:…`, as written. */
  readonly group: string | null;
  /** Upper case. */
  readonly name: string;
  /** Blank lines before this one. */
  prefix = '';
  #params: readonly Param[];
  #value: string;
  #label: string;
  #raw: string | null;
  eol: string;

  /** @param value raw, that is already escaped; see escapeText, formatList, formatStructured. */
  constructor(name: string, value: string, params: ParamInit = {}, group: string | null = null) {
    this.name = name.toUpperCase();
    this.group = group;
    this.#label = group === null ? this.name : `${group}.${this.name}`;
    this.#params = fromInit(params);
    this.#value = singleLine(value);
    this.#raw = null;
    this.eol = '\r\n';
  }

  /** For the parser. */
  static read(group: string | null, name: string, params: readonly Param[], value: string, source: Source): Property {
    const property = new Property(name, '', {}, group);
    property.#params = params;
    property.#value = value;
    property.#label = source.label;
    property.#raw = source.raw;
    property.eol = source.eol;
    return property;
  }

  /** The value as it stands in the unfolded line: still escaped, still quoted-printable or base64. */
  get value(): string {
    return this.#value;
  }

  set value(value: string) {
    const line = singleLine(value);
    if (line === this.#value) return;
    this.#value = line;
    this.#raw = null;
  }

  get params(): readonly Param[] {
    return this.#params;
  }

  /** First value of a parameter. */
  param(name: string): string | undefined {
    return this.#params.find((param) => param.name === name)?.values[0];
  }

  /** Every value of a parameter, over repetitions: `TYPE=home,cell` and `TYPE=home;TYPE=cell` give the same. */
  paramValues(name: string): string[] {
    return this.#params.filter((param) => param.name === name).flatMap((param) => param.values);
  }

  /** Sets a parameter in its place, or at the end; `undefined` or an empty list removes it. Other parameters stay as written. */
  setParam(name: string, value: string | readonly string[] | undefined): void {
    const upper = name.toUpperCase();
    const values = value === undefined ? [] : typeof value === 'string' ? [value] : value;
    if (sameList(this.paramValues(upper), values)) return;
    const at = this.#params.findIndex((param) => param.name === upper);
    const rest = this.#params.filter((param) => param.name !== upper);
    if (values.length > 0) rest.splice(at < 0 ? rest.length : at, 0, { name: upper, values });
    this.#params = rest;
    this.#raw = null;
  }

  /** Whether the value is quoted-printable (vCard 2.1). */
  get isQuotedPrintable(): boolean {
    return /^quoted-printable$/i.test(this.param('ENCODING') ?? '');
  }

  /** Whether the value is base64 (`ENCODING=b`, `ENCODING=BASE64`). */
  get isBase64(): boolean {
    return /^(?:b|base64)$/i.test(this.param('ENCODING') ?? '');
  }

  /** The value as TEXT, quoted-printable decoded. */
  get text(): string {
    return unescapeText(this.#decoded());
  }

  /** The value as a list of TEXT: `a\,b,c` → `['a,b', 'c']`. */
  get list(): string[] {
    return parseList(this.#decoded());
  }

  /** The value as structured TEXT: `a;b,c` → `[['a'], ['b', 'c']]`. */
  get structured(): string[][] {
    return parseStructured(this.#decoded());
  }

  clone(): Property {
    const copy = Property.read(this.group, this.name, this.#params, this.#value, { raw: '', label: this.#label, eol: this.eol });
    copy.#raw = this.#raw;
    return copy;
  }

  /** The physical lines, each with its line end. */
  toString(): string {
    return this.prefix + (this.#raw ?? this.#render());
  }

  #decoded(): string {
    return this.isQuotedPrintable ? decodeQuotedPrintable(this.#value, this.param('CHARSET')) : this.#value;
  }

  #render(): string {
    const params = this.#params.map((param) => `;${param.raw ?? formatParam(param)}`).join('');
    const line = `${this.#label}${params}:${this.#value}`;
    if (this.isQuotedPrintable) return foldQuotedPrintable(line, this.eol) + this.eol;
    // vCard 2.1 §2.1.3 ends base64 with a blank line; there the encoding is spelt out.
    const end = this.isBase64 && this.param('ENCODING')?.length !== 1 ? this.eol : '';
    return foldLine(line, this.eol) + this.eol + end;
  }
}

function formatParam(param: Param): string {
  return `${param.name}=${param.values.map(encodeParamValue).join(',')}`;
}

function fromInit(init: ParamInit): Param[] {
  const params: Param[] = [];
  for (const [name, value] of Object.entries(init)) {
    if (value === undefined) continue;
    params.push({ name: name.toUpperCase(), values: typeof value === 'string' ? [value] : value });
  }
  return params;
}

/** A raw value can't hold line breaks: they would start another property. */
function singleLine(value: string): string {
  return /[\r\n]/.test(value) ? value.replace(/[\r\n]+/g, ' ') : value;
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}

const BARE_ENCODINGS = /^(?:7bit|8bit|quoted-printable|base64)$/i;
const BARE_VALUES = /^(?:inline|url|content-id|cid)$/i;

const MAX_PARAMS = 200;

/**
 * Reads `;A=b,"c";D` up to the colon that starts the value.
 * @returns the parameters and the index of the colon, or a message saying what is wrong.
 */
export function readParams(line: string, from: number): { params: Param[]; colon: number } | string {
  const params: Param[] = [];
  let at = from;
  while (line[at] === ';') {
    if (params.length >= MAX_PARAMS) return 'too many parameters';
    const start = at + 1;
    const name = /[^=:;,"\s]*/y;
    name.lastIndex = start;
    const label = name.exec(line)?.[0] ?? '';
    at = start + label.length;
    if (line[at] === '=' && label !== '') {
      const read = readParamValues(line, at + 1);
      if (typeof read === 'string') return read;
      at = read.end;
      params.push({ name: label.toUpperCase(), values: read.values, raw: line.slice(start, at) });
    } else if (label !== '') {
      params.push({ name: bareName(label), values: [label], raw: label });
    } else if (line[at] !== ';' && line[at] !== ':') return 'parameter without a name';
  }
  return line[at] === ':' ? { params, colon: at } : 'no colon before the value';
}

function bareName(value: string): string {
  if (BARE_ENCODINGS.test(value)) return 'ENCODING';
  return BARE_VALUES.test(value) ? 'VALUE' : 'TYPE';
}

function readParamValues(line: string, from: number): { values: string[]; end: number } | string {
  const values: string[] = [];
  for (let at = from; ; at++) {
    const quoted = line[at] === '"';
    const close = quoted ? line.indexOf('"', at + 1) : -1;
    if (quoted && close < 0) return 'quoted parameter value without an end';
    const rest = /[^,;:]*/y;
    rest.lastIndex = quoted ? close + 1 : at;
    const tail = rest.exec(line)?.[0] ?? '';
    values.push(decodeParamValue(quoted ? line.slice(at + 1, close) + tail : tail));
    at = rest.lastIndex;
    if (line[at] !== ',') return { values, end: at };
  }
}
