import { escapeText, unescapeText } from '../../content-lines.js';
import { dateTo3, dateTo4, stampTo3, stampTo4, zoneTo3, zoneTo4 } from './dates.js';
import type { Draft } from './draft.js';
import { NAME_IN_3, setAside, VALUE_IN_4 } from './marks.js';
import { mediaTo3, mediaTo4 } from './media.js';

/** How one property changes between the versions; the name alone where nothing else does (RFC 6350 Appendix A). */
interface Rule {
  readonly to4?: (draft: Draft) => void;
  readonly to3?: (draft: Draft) => void;
}

const URI = /^[a-z][a-z0-9+.-]*:/i;

const media: Rule = { to4: mediaTo4, to3: mediaTo3 };
const link: Rule = { to4: unescaped };

/** By name in the version that is left. */
export const RULES: Readonly<Record<string, Rule>> = {
  PHOTO: media,
  LOGO: media,
  SOUND: media,
  KEY: media,
  BDAY: { to4: dateTo4, to3: dateTo3 },
  REV: { to4: stampTo4, to3: stampTo3 },
  TZ: { to4: zoneTo4, to3: zoneTo3 },
  GEO: { to4: geoTo4, to3: geoTo3 },
  UID: { to4: uidTo4, to3: uidTo3 },
  TEL: { to4: phoneTo4, to3: phoneTo3 },
  EMAIL: { to4: (draft) => draft.dropType('internet'), to3: mailTo3 },
  URL: link,
  IMPP: link,
  FBURL: link,
  CALURI: link,
  CALADRURI: link,
  SOURCE: link,
  AGENT: { to4: agentTo4 },
  RELATED: { to3: agentTo3 },
  'X-ADDRESSBOOKSERVER-KIND': { to4: renamed('KIND') },
  'X-ADDRESSBOOKSERVER-MEMBER': { to4: renamed('MEMBER') },
  'X-ABSHOWAS': { to4: companyTo4 },
  KIND: { to3: kindTo3 },
  MEMBER: { to3: renamed('X-ADDRESSBOOKSERVER-MEMBER') },
};

function renamed(name: string): (draft: Draft) => void {
  return (draft) => {
    draft.name = name;
  };
}

/** URIs are not escaped in 4.0; 3.0 cards of some apps are (`http\://`). */
function unescaped(draft: Draft): void {
  if (draft.value.includes('\\')) draft.value = unescapeText(draft.value);
}

const LATITUDE_LONGITUDE = /^\s*\+?(-?\d+(?:\.\d+)?)\s*;\s*\+?(-?\d+(?:\.\d+)?)\s*$/;
const GEO_URI = /^geo:(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)(.*)$/i;

/** `48.1;11.5` (RFC 2426 §3.4.2) ↔ `geo:48.1,11.5` (RFC 6350 §6.5.2). */
function geoTo4(draft: Draft): void {
  const kept = draft.take(VALUE_IN_4);
  const place = LATITUDE_LONGITUDE.exec(draft.value);
  if (place) {
    const [, latitude, longitude] = GEO_URI.exec(kept ?? '') ?? [];
    const isSame = latitude === place[1] && longitude === place[2];
    draft.value = isSame ? (kept as string) : `geo:${place[1]},${place[2]}`;
  } else draft.setParam(NAME_IN_3, 'GEO');
}

function geoTo3(draft: Draft): void {
  const [whole, latitude, longitude, more] = GEO_URI.exec(draft.value.trim()) ?? [];
  if (whole !== undefined) {
    if (more !== '') draft.setParam(VALUE_IN_4, whole);
    draft.value = `${latitude};${longitude}`;
  } else setAside(draft);
}

/** A text in 3.0, an URI unless said otherwise in 4.0 (RFC 6350 §6.7.6). It never changes. */
function uidTo4(draft: Draft): void {
  draft.setParam('VALUE', URI.test(draft.value.trim()) ? undefined : 'text');
}

function uidTo3(draft: Draft): void {
  if (draft.valueType === 'text') draft.setParam('VALUE', undefined);
}

/** RFC 6350 §6.4.1: a number may be an URI in 4.0; 3.0 shows people what it holds. */
function phoneTo3(draft: Draft): void {
  if (draft.valueType !== 'uri') return;
  draft.setParam('VALUE', undefined);
  draft.setParam(VALUE_IN_4, draft.value);
  draft.value = shownPhone(draft.value);
}

function phoneTo4(draft: Draft): void {
  const kept = draft.take(VALUE_IN_4);
  if (kept === undefined || shownPhone(kept) !== draft.value) return;
  draft.value = kept;
  draft.setParam('VALUE', 'uri');
}

function shownPhone(uri: string): string {
  try {
    return escapeText(decodeURIComponent(uri.replace(/^tel:/i, '')));
  } catch {
    return escapeText(uri.replace(/^tel:/i, ''));
  }
}

function mailTo3(draft: Draft): void {
  if (!draft.hasType('internet') && !draft.hasType('x400')) draft.types = ['INTERNET', ...draft.types];
}

/** AGENT as a link is RELATED (RFC 6350 Appendix A.2); one that is a card in the line stays as it is. */
function agentTo4(draft: Draft): void {
  if (draft.valueType !== 'uri') return;
  draft.setParam('VALUE', undefined);
  draft.setParam(NAME_IN_3, 'AGENT');
  draft.types = [...draft.types, 'agent'];
  draft.name = 'RELATED';
}

function agentTo3(draft: Draft): void {
  if (draft.param(NAME_IN_3) !== 'AGENT') return;
  draft.take(NAME_IN_3);
  draft.dropType('agent');
  draft.setParam('VALUE', 'uri');
  draft.name = 'AGENT';
}

/** Apple's mark of a company is a kind of card in 4.0. */
function companyTo4(draft: Draft): void {
  if (draft.value.trim().toUpperCase() !== 'COMPANY') return;
  draft.name = 'KIND';
  draft.value = 'org';
}

function kindTo3(draft: Draft): void {
  const kind = draft.value.trim().toLowerCase();
  if (kind === 'group') draft.name = 'X-ADDRESSBOOKSERVER-KIND';
  else if (kind === 'org') [draft.name, draft.value] = ['X-ABSHOWAS', 'COMPANY'];
}
