import { escapeText } from '../../content-lines.js';
import { Draft } from './draft.js';
import { NAME_IN_4 } from './marks.js';

const EMPTY_ADDRESS = ';;;;;;';
/** Labels of one card that are looked for an address; further ones stay as they are. */
const MAX_LABELS = 100;

/** LABEL, a property of its own in 3.0 (RFC 2426 §3.2.2), is a parameter of ADR in 4.0 (RFC 6350 §6.3.1). */
export function labelsTo4(drafts: readonly Draft[], own: ReadonlySet<Draft>): Draft[] {
  const gone = new Set<Draft>();
  const added = new Map<Draft, Draft>();
  drafts.forEach((label, at) => {
    if (label.name !== 'LABEL' || own.has(label) || gone.size >= MAX_LABELS || label.text.trim() === '') return;
    const before = drafts[at - 1];
    const isAlone = label.take(NAME_IN_4) === 'ADR';
    const address = isAlone ? undefined : [...(before ? [before] : []), ...drafts].find((draft) => fits(draft, label));
    const target = address ?? new Draft('ADR', EMPTY_ADDRESS, {}, label.group);
    if (!address) {
      for (const [key, values] of label.params) target.params.set(key, values);
      added.set(label, target);
    }
    target.setParam('LABEL', label.text);
    gone.add(label);
  });
  return drafts.flatMap((draft) => added.get(draft) ?? (gone.has(draft) ? [] : draft));
}

/** Whether a label is that of an address: of the same group and kind, and nothing more is said of it. */
function fits(draft: Draft, label: Draft): boolean {
  if (draft.name !== 'ADR' || isEmpty(draft) || draft.params.has('LABEL') || kindOf(draft) !== kindOf(label)) return false;
  return [...label.params.keys()].every((name) => name === 'TYPE' || name === 'PREF');
}

function isEmpty(address: Draft): boolean {
  return address.value.replace(/;/g, '').trim() === '';
}

function kindOf(draft: Draft): string {
  const types = draft.types.map((type) => type.toLowerCase()).sort();
  return `${draft.group?.toUpperCase() ?? ''} ${types.join()} ${draft.isPreferred}`;
}

export function labelsTo3(drafts: readonly Draft[]): Draft[] {
  return drafts.flatMap((draft) => {
    const text = draft.name === 'ADR' ? draft.take('LABEL') : undefined;
    if (text === undefined) return [draft];
    const label = new Draft('LABEL', escapeText(text), {}, draft.group);
    label.types = draft.types;
    if (!isEmpty(draft)) return [draft, label];
    for (const [key, values] of draft.params) label.params.set(key, values);
    // Another address of the kind is not what this one labels.
    label.setParam(NAME_IN_4, 'ADR');
    return [label];
  });
}

/** SORT-STRING of 3.0 (RFC 2426 §3.6.5) is SORT-AS of N in 4.0 (RFC 6350 §5.9), which may be one for each part. */
export function sortingTo4(drafts: readonly Draft[], own: ReadonlySet<Draft>): Draft[] {
  const name = drafts.find((draft) => draft.name === 'N');
  const sorting = drafts.find((draft) => draft.name === 'SORT-STRING');
  if (!name || !sorting || own.has(sorting) || sorting.params.size > 0 || sorting.group !== null) return [...drafts];
  const { text } = sorting;
  const parts = name.params.get('SORT-AS');
  const isKept = parts ? parts.join(' ') !== text : text.trim() === '' || text.includes(',');
  if (isKept) return [...drafts];
  if (!parts) name.setParam('SORT-AS', text);
  return drafts.filter((draft) => draft !== sorting);
}

export function sortingTo3(drafts: readonly Draft[]): Draft[] {
  const name = drafts.find((draft) => draft.name === 'N');
  const parts = name?.params.get('SORT-AS');
  if (!parts || drafts.some((draft) => draft.name === 'SORT-STRING')) return [...drafts];
  if (parts.length === 1) name?.setParam('SORT-AS', undefined);
  return drafts.flatMap((draft) => (draft === name ? [draft, new Draft('SORT-STRING', escapeText(parts.join(' ')))] : draft));
}
