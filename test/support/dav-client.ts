import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { request as requestSecure, Agent as SecureAgent } from 'node:https';
import { find, findAll, readXml, type XmlNode } from './xml-tree.js';

export interface DavRequestOptions {
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  /** Value of the Depth header. */
  depth?: 0 | 1 | 'infinity';
  /** Milliseconds; default 30,000. */
  timeout?: number;
}

export interface DavResponse {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  text: string;
}

/** One `DAV:response` of a 207 (RFC 4918 §14.24). */
export interface MultistatusResponse {
  href: string;
  /** Status of the response itself, where it has one (404 of a removed member). */
  status?: number;
  /** Clark name -> the property's element, of all propstats with status 200. */
  props: ReadonlyMap<string, XmlNode>;
  /** Clark name -> status, of all propstats. */
  statuses: ReadonlyMap<string, number>;
}

export interface Multistatus {
  responses: MultistatusResponse[];
  syncToken?: string;
  root: XmlNode;
}

export const D = (local: string) => `{DAV:}${local}`;
export const CAL = (local: string) => `{urn:ietf:params:xml:ns:caldav}${local}`;
export const CARD = (local: string) => `{urn:ietf:params:xml:ns:carddav}${local}`;

/** A bare WebDAV client: says exactly what a test tells it to, follows no redirect, hides no status. */
export class DavClient {
  readonly #agent: Agent;
  readonly #base: URL;
  readonly #authorization: string | undefined;

  constructor(options: { url: string; user?: string; password?: string }) {
    this.#base = new URL(options.url);
    const secure = this.#base.protocol === 'https:';
    this.#agent = secure ? new SecureAgent({ keepAlive: true, rejectUnauthorized: false }) : new Agent({ keepAlive: true });
    const login = `${options.user}:${options.password ?? ''}`;
    this.#authorization = options.user === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
  }

  request(method: string, path: string, options: DavRequestOptions = {}): Promise<DavResponse> {
    const send = this.#base.protocol === 'https:' ? requestSecure : request;
    const headers = this.#headers(options);
    return new Promise((done, fail) => {
      const asked = send(
        new URL(path, this.#base),
        { method, headers, agent: this.#agent, timeout: options.timeout ?? 30_000 },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('error', fail);
          response.on('end', () => {
            const body = Buffer.concat(chunks);
            done({ status: response.statusCode!, headers: response.headers, body, text: body.toString('utf8') });
          });
        },
      );
      asked.on('timeout', () => asked.destroy(new Error(`${method} ${path}: no answer in time`)));
      asked.on('error', fail);
      asked.end(options.body);
    });
  }

  /** The request, and its 207 read; throws on any other status. */
  async multistatus(method: string, path: string, options: DavRequestOptions = {}): Promise<Multistatus> {
    const response = await this.request(method, path, options);
    if (response.status !== 207) throw new Error(`${method} ${path}: ${response.status} ${response.text.slice(0, 500)}`);
    return readMultistatus(response.text);
  }

  /** PROPFIND for the named properties; names are Clark names. */
  propfind(path: string, names: readonly string[], depth: DavRequestOptions['depth'] = 0): Promise<Multistatus> {
    const body = `<propfind xmlns="DAV:"><prop>${names.map(emptyElement).join('')}</prop></propfind>`;
    return this.multistatus('PROPFIND', path, { depth, body });
  }

  /** REPORT sync-collection (RFC 6578 §3.2) from a token, or '' for the first time. */
  syncCollection(path: string, token = '', names: readonly string[] = [D('getetag')], limit?: number): Promise<Multistatus> {
    const cut = limit === undefined ? '' : `<limit><nresults>${limit}</nresults></limit>`;
    const body =
      `<sync-collection xmlns="DAV:"><sync-token>${token}</sync-token><sync-level>1</sync-level>${cut}` +
      `<prop>${names.map(emptyElement).join('')}</prop></sync-collection>`;
    return this.multistatus('REPORT', path, { body });
  }

  close(): void {
    this.#agent.destroy();
  }

  #headers({ headers, body, depth }: DavRequestOptions): Record<string, string | number> {
    return {
      ...(this.#authorization ? { authorization: this.#authorization } : {}),
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/xml; charset=utf-8', 'content-length': Buffer.byteLength(body) }),
      ...(depth === undefined ? {} : { depth: String(depth) }),
      ...headers,
    };
  }
}

/** Reads a multistatus document. */
export async function readMultistatus(text: string): Promise<Multistatus> {
  const root = await readXml(text);
  if (root.name !== D('multistatus')) throw new Error(`not a multistatus: ${root.name}`);
  const token = root.children.find(({ name }) => name === D('sync-token'))?.text;
  const responses = root.children.filter(({ name }) => name === D('response')).map(readResponse);
  return { root, responses, ...(token === undefined ? {} : { syncToken: token }) };
}

function readResponse(node: XmlNode): MultistatusResponse {
  const props = new Map<string, XmlNode>();
  const statuses = new Map<string, number>();
  for (const propstat of node.children.filter(({ name }) => name === D('propstat'))) {
    const status = statusIn(propstat)!;
    for (const prop of find(propstat, D('prop'))?.children ?? []) {
      statuses.set(prop.name, status);
      if (status === 200) props.set(prop.name, prop);
    }
  }
  const status = statusIn(node);
  return { href: findAll(node, D('href'))[0]?.text ?? '', props, statuses, ...(status === undefined ? {} : { status }) };
}

/** The number in the element's own `HTTP/1.1 404 Not Found`. */
function statusIn(node: XmlNode): number | undefined {
  const line = node.children.find(({ name }) => name === D('status'))?.text;
  return line === undefined ? undefined : Number(/\s(\d{3})\b/.exec(line)?.[1]);
}

function emptyElement(clark: string): string {
  const [, namespace, local] = /^\{(.*)\}(.*)$/.exec(clark)!;
  return `<x:${local} xmlns:x="${namespace}"/>`;
}
