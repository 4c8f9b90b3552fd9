import { D } from '../../../formats/xml/names.js';
import { text } from '../../../formats/xml/write.js';
import { homeToken, presentState } from '../home-state.js';
import { COLLECTIONS, HOMES } from '../resource.js';
import { syncToken } from '../sync-token.js';
import type { Property } from './property.js';

/** RFC 6578 §4. */
export const syncProperties: readonly Property[] = [
  {
    name: D('sync-token'),
    on: [...COLLECTIONS, ...HOMES],
    spec: 'RFC 6578 §4',
    get: async (r, x) => {
      if (r.collection === null && r.type !== null) return text(homeToken(x, r.type, await presentState(x, r.type)));
      const token = r.collection && syncToken(await x.cursorOf(r.collection));
      return token ? text(token) : undefined;
    },
  },
];
