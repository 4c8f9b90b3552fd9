import type { Lock } from '../../../domain/locks/model.js';
import { D } from '../../../formats/xml/names.js';
import { element, join, text, textElement, type Xml } from '../../../formats/xml/write.js';
import type { Exchange } from '../exchange.js';
import { hrefOfLock, lockToken } from '../locks.js';
import { LOCKABLE, type Resource } from '../resource.js';
import type { ItemGetter, Property } from './property.js';

const entry = (scope: string): Xml =>
  element(D('lockentry'), element(D('lockscope'), element(D(scope))), element(D('locktype'), element(D('write'))));
const SUPPORTED = join([entry('exclusive'), entry('shared')]);

/** DAV:activelock (RFC 4918 §14.1). */
export async function activeLock(x: Exchange, lock: Lock): Promise<Xml> {
  const seconds = Math.max(0, Math.round((lock.expires.getTime() - x.services.clock.now().getTime()) / 1_000));
  return element(
    D('activelock'),
    element(D('locktype'), element(D('write'))),
    element(D('lockscope'), element(D(lock.exclusive ? 'exclusive' : 'shared'))),
    textElement(D('depth'), lock.infinite ? 'infinity' : '0'),
    lock.owner === '' ? null : element(D('owner'), lock.owner as Xml),
    textElement(D('timeout'), `Second-${seconds}`),
    element(D('locktoken'), textElement(D('href'), lockToken(lock))),
    element(D('lockroot'), textElement(D('href'), await hrefOfLock(x, lock))),
  );
}

/** Where the locks of a resource are kept; the account is the same for all that one request lists. */
function lockPath(r: Resource): { account: string | null; path: string } {
  if (r.file !== null) return { account: null, path: r.file.path === '' ? '/files' : `/files/${r.file.path}` };
  const { account = '', collection = '' } = r.collection?.source ?? {};
  const path = `/collections/${collection}`;
  return { account, path: r.item === null ? path : `${path}/${r.item.name}` };
}

/** The locks of everything that a listing can show, looked up once. */
async function lockGetter(x: Exchange): Promise<ItemGetter> {
  if (x.target === null || !LOCKABLE.includes(x.target.kind)) return () => '' as Xml;
  const { account, path } = lockPath(x.target);
  const locks = await x.services.locks.covering(x.session, account ?? x.session.account, path, true);
  const shown = await Promise.all(locks.map(async (lock) => ({ lock, xml: await activeLock(x, lock) })));
  return (r) => {
    const at = lockPath(r).path;
    const covers = ({ lock }: { lock: Lock }): boolean => lock.path === at || (lock.infinite && at.startsWith(`${lock.path}/`));
    return join(shown.filter(covers).map(({ xml }) => xml));
  };
}

/** RFC 4918 §15.8 and §15.10. */
export const lockProperties: readonly Property[] = [
  { name: D('supportedlock'), on: LOCKABLE, all: true, spec: 'RFC 4918 §15.10', get: () => SUPPORTED },
  {
    name: D('lockdiscovery'),
    on: LOCKABLE,
    all: true,
    spec: 'RFC 4918 §15.8',
    get: () => text(''),
    compile: (_, x) => lockGetter(x),
  },
];
