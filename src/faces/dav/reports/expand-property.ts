import { type ClarkName, D } from '../../../formats/xml/names.js';
import { attributeOf, elementsOf, type XmlElement, XmlError } from '../../../formats/xml/read.js';
import { element, textElement, type Xml } from '../../../formats/xml/write.js';
import { DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import type { DavReply } from '../message.js';
import { multistatusOf, propertyRow, statusElement } from '../multistatus.js';
import { propertyOn } from '../props/index.js';
import type { Resource } from '../resource.js';

/** expand-property (RFC 3253 §3.8): properties whose value is hrefs are answered with the resources these name. */
export async function expandProperty(x: Exchange, body: XmlElement, target: Resource): Promise<DavReply> {
  return multistatusOf([await expanded(x, target, body, 0)]);
}

const MAX_EXPANSION = 3;

async function expanded(x: Exchange, r: Resource, asked: XmlElement, depth: number): Promise<string> {
  if (depth > MAX_EXPANSION) throw new DavError(403);
  let foundProps = '';
  let missing = '';
  for (const property of elementsOf(asked, D('property'))) {
    const name = attributeOf(property, 'name');
    if (!name) throw new XmlError('property without a name');
    const full: ClarkName = `{${attributeOf(property, 'namespace') ?? 'DAV:'}}${name}`;
    const value = await propertyOn(r.kind, full)?.get(r, x);
    if (value === undefined) missing += element(full);
    else
      foundProps += element(
        full,
        elementsOf(property, D('property')).length === 0 ? value : await follow(x, value, property, depth),
      );
  }
  return propertyRow(r.href, foundProps, x.preferences.return === 'minimal' ? '' : missing);
}

async function follow(x: Exchange, value: Xml, property: XmlElement, depth: number): Promise<Xml> {
  let rows = '';
  for (const [, href = ''] of value.matchAll(/<D:href[^>]*>([^<]*)<\/D:href>/g)) {
    const place = x.placeOf(href);
    const resource = place === null ? null : await x.find(place);
    if (resource === null) rows += element(D('response'), textElement(D('href'), href), statusElement(404));
    else rows += await expanded(x, resource, property, depth + 1);
  }
  return rows as Xml;
}
