import { D } from '../../../formats/xml/names.js';
import type { Xml } from '../../../formats/xml/write.js';
import type { Property } from './property.js';

/** RFC 4331: plain files share one allowance per account. */
export const quotaProperties: readonly Property[] = [
  {
    name: D('quota-available-bytes'),
    on: ['folder'],
    spec: 'RFC 4331 §3',
    get: async (_, x) => String((await x.services.files.quota(x.session)).available) as Xml,
  },
  {
    name: D('quota-used-bytes'),
    on: ['folder'],
    spec: 'RFC 4331 §4',
    get: async (_, x) => String((await x.services.files.quota(x.session)).used) as Xml,
  },
];
