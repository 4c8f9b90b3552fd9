import { D } from '../../../formats/xml/names.js';
import { elementsOf, textOf, type XmlElement } from '../../../formats/xml/read.js';
import { conditionError, DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import type { Instruction, Outcome } from '../methods/proppatch.js';
import type { ProxyDegree } from '../paths.js';
import type { Resource } from '../resource.js';
import { addressIn } from '../sharing/invite.js';
import { setDelegates } from './delegates.js';

const MAX_DELEGATES = 100;

/** PROPPATCH of a group of delegates: `group-member-set` alone can be set, by the person who delegates (caldav-proxy-02 §3.2). */
export async function setMembers(x: Exchange, group: Resource, all: readonly Instruction[]): Promise<Outcome> {
  const foreign = group.person?.id !== x.session.account;
  const refusals = all.map(({ name }) => {
    if (foreign) return conditionError(403, D('need-privileges'));
    return name === D('group-member-set') ? null : conditionError(403, D('cannot-modify-protected-property'));
  });
  const value = all.findLast(({ name }) => name === D('group-member-set'))?.value ?? null;
  const members = refusals.every((refusal) => refusal === null) ? await membersIn(x, value) : null;
  const failed = members instanceof DavError ? members : null;
  if (members !== null && !(members instanceof DavError)) await setDelegates(x, degreeOf(group), members);
  return {
    patch: members === null || failed !== null ? null : {},
    results: all.map(({ name }, index) => {
      const refusal = refusals[index] ?? failed;
      return { name, status: refusal?.status ?? (members === null ? 424 : 200), condition: refusal?.condition };
    }),
  };
}

function degreeOf(group: Resource): ProxyDegree {
  return group.kind === 'proxy-write' ? 'write' : 'read';
}

/** The addresses that the new value names; a removed value names nobody. */
async function membersIn(x: Exchange, value: XmlElement | null): Promise<ReadonlySet<string> | DavError> {
  const hrefs = value === null ? [] : elementsOf(value, D('href')).map((href) => textOf(href));
  if (hrefs.length > MAX_DELEGATES) return new DavError(507);
  const members = new Set<string>();
  for (const href of hrefs) {
    const address = addressIn(x, href);
    const person = address === null ? null : await x.services.directory.byAddress(x.session, address);
    if (person === null || person.id === x.session.account) return conditionError(403, D('recognized-principal'));
    members.add(person.address);
  }
  return members;
}
