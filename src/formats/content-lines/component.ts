import { type ParamInit, Property } from './property.js';

export type Node = Property | Component;

/** BEGIN … END with its properties and components in their order. */
export class Component {
  /** Upper case. */
  readonly name: string;
  /** Properties and components, mixed, in order. Change them through the methods. */
  readonly children: Node[] = [];
  readonly eol: string;
  /** Blank lines before BEGIN. */
  prefix = '';
  /** What follows END: blank lines at the end of the text. */
  suffix = '';
  begin: string;
  end: string;

  constructor(name: string, eol = '\r\n') {
    this.name = name.toUpperCase();
    this.eol = eol;
    this.begin = `BEGIN:${this.name}${eol}`;
    this.end = `END:${this.name}${eol}`;
  }

  get properties(): Property[] {
    return this.children.filter((node) => node instanceof Property);
  }

  get components(): Component[] {
    return this.children.filter((node) => node instanceof Component);
  }

  /** The first property of that name (upper case). */
  first(name: string): Property | undefined {
    for (const node of this.children) if (node instanceof Property && node.name === name) return node;
    return undefined;
  }

  all(name: string): Property[] {
    const found: Property[] = [];
    for (const node of this.children) if (node instanceof Property && node.name === name) found.push(node);
    return found;
  }

  /** Properties of one vCard group, whatever its case. */
  grouped(group: string): Property[] {
    return this.properties.filter((property) => property.group?.toUpperCase() === group.toUpperCase());
  }

  component(name: string): Component | undefined {
    for (const node of this.children) if (node instanceof Component && node.name === name) return node;
    return undefined;
  }

  componentsNamed(name: string): Component[] {
    const found: Component[] = [];
    for (const node of this.children) if (node instanceof Component && node.name === name) found.push(node);
    return found;
  }

  /**
   * Gives the first property of that name another value, or adds it; further ones of the same name are removed.
   * @param value raw (escaped)
   * @param params replaces the parameters it names, `undefined` removing one; the others stay as written.
   */
  set(name: string, value: string, params: ParamInit = {}): Property {
    const [property, ...others] = this.all(name);
    if (!property) return this.add(new Property(name, value, params));
    property.value = value;
    for (const [key, to] of Object.entries(params)) property.setParam(key, to);
    for (const other of others) this.remove(other);
    return property;
  }

  /** Adds a node: a property after the last of its name or the last property, a component at the end. */
  add<N extends Node>(node: N): N {
    if (node instanceof Property) {
      node.eol = this.eol;
      this.children.splice(this.#place(node.name), 0, node);
    } else this.children.push(node);
    return node;
  }

  /** Adds a new component at the end. */
  addComponent(name: string): Component {
    return this.add(new Component(name, this.eol));
  }

  insertBefore(node: Node, before: Node): void {
    if (node instanceof Property) node.eol = this.eol;
    this.children.splice(Math.max(0, this.children.indexOf(before)), 0, node);
  }

  /** Removes one node, or every property of a name. */
  remove(what: Node | string): void {
    const kept = this.children.filter((node) =>
      typeof what === 'string' ? !(node instanceof Property && node.name === what) : node !== what,
    );
    if (kept.length !== this.children.length) this.children.splice(0, this.children.length, ...kept);
  }

  clone(): Component {
    const copy = new Component(this.name, this.eol);
    copy.begin = this.begin;
    copy.end = this.end;
    copy.children.push(...this.children.map((node) => node.clone()));
    return copy;
  }

  toString(): string {
    return this.prefix + this.begin + this.children.join('') + this.end + this.suffix;
  }

  #place(name: string): number {
    let last = -1;
    let lastNamed = -1;
    this.children.forEach((node, at) => {
      if (!(node instanceof Property)) return;
      last = at;
      if (node.name === name) lastNamed = at;
    });
    return (lastNamed < 0 ? last : lastNamed) + 1;
  }
}
