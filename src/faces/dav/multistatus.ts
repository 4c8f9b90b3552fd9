import { STATUS_CODES } from 'node:http';
import { D } from '../../formats/xml/names.js';
import { bracket, documentStart, element, textElement, type Xml, type XmlSink } from '../../formats/xml/write.js';
import { type DavReply, xmlReply } from './message.js';

/** `HTTP/1.1 404 Not Found`, as DAV:status holds it. */
export function statusLine(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`;
}

export function statusElement(status: number): Xml {
  return textElement(D('status'), statusLine(status));
}

const RESPONSE = bracket(D('response'));
const HREF = bracket(D('href'));
const PROPSTAT = bracket(D('propstat'));
const PROP = bracket(D('prop'));
const FOUND_START = `${PROPSTAT.start}${PROP.start}`;
const propstatEnd = (status: number): string => `${PROP.end}${statusElement(status)}${PROPSTAT.end}`;
const FOUND_END = propstatEnd(200);
const MISSING_END = propstatEnd(404);

/**
 * A row with properties: those found first, since some clients read the first propstat only.
 * @param href already percent-encoded, so it needs no further escaping
 */
export function propertyRow(href: string, found: string, missing: string): string {
  const first = found === '' && missing !== '' ? '' : FOUND_START + found + FOUND_END;
  const second = missing === '' ? '' : FOUND_START + missing + MISSING_END;
  return `${RESPONSE.start}${HREF.start}${href}${HREF.end}${first}${second}${RESPONSE.end}`;
}

/** A row that is only a status (RFC 4918 §14.24). */
export function statusRow(href: string, status: number, condition?: Xml): string {
  const error = condition === undefined ? '' : element(D('error'), condition);
  return `${RESPONSE.start}${HREF.start}${href}${HREF.end}${statusElement(status)}${error}${RESPONSE.end}`;
}

/** A 207 whose rows are written as they come. */
export function multistatus(rows: (sink: XmlSink) => Promise<void>, headers?: Readonly<Record<string, string>>): DavReply {
  const write = async (sink: XmlSink): Promise<void> => {
    sink.add(documentStart(D('multistatus')));
    await rows(sink);
    sink.add(bracket(D('multistatus')).end);
  };
  return xmlReply(207, write, headers);
}

/** A 207 of rows that are there already. */
export function multistatusOf(rows: readonly string[], headers?: Readonly<Record<string, string>>): DavReply {
  return multistatus(async (sink) => {
    for (const row of rows) if (sink.add(row)) await sink.flush();
  }, headers);
}
