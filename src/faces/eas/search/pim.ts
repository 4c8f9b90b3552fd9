import type { Collection, PimKind } from '../../../domain/pim/model.js';
import type { Element } from '../../../formats/wbxml/tree.js';
import type { EasContext } from '../context.js';
import { openSource } from '../sync/open.js';
import { PIM_CLASSES } from '../sync/pim-classes.js';
import { PimSource } from '../sync/pim-source.js';
import type { SyncOptions } from '../sync/state.js';
import type { Range } from './range.js';
import { resultElement } from './result.js';

const MAX_LOOKED = 20_000;
const CLASS_NAMES: Readonly<Record<PimKind, string>> = {
  calendar: 'Calendar',
  contacts: 'Contacts',
  tasks: 'Tasks',
  notes: 'Notes',
};

/** Items of calendars, address books, task lists and notebooks that hold all the words; quotes keep words together. */
export async function searchPim(
  context: EasContext,
  collections: readonly Collection[],
  words: string,
  range: Range,
  options: SyncOptions,
): Promise<{ readonly results: readonly Element[]; readonly total: number }> {
  const wanted = [...words.toLowerCase().matchAll(/"([^"]+)"|([^\s"]+)/g)].map(([, phrase, word]) => phrase ?? word ?? '');
  const results: Element[] = [];
  let total = 0;
  for await (const { collection, id } of matching(context, collections, wanted)) {
    if (total >= range.first && total <= range.last) {
      const source = await openSource(context, { kind: 'pim', collection }, { requestKey: '', deletesAsMoves: true });
      const item = source instanceof PimSource ? await source.fetch(id, options) : undefined;
      if (item && 'data' in item) results.push(resultElement(CLASS_NAMES[collection.kind], collection.id, id, item.data));
      else total--;
    }
    total++;
  }
  return { results, total };
}

async function* matching(context: EasContext, collections: readonly Collection[], wanted: readonly string[]) {
  let looked = 0;
  if (wanted.length === 0) return;
  for (const collection of collections) {
    const { components } = PIM_CLASSES[collection.kind];
    for await (const { id, component, text } of context.services.pim.search(context.session, collection, {})) {
      if (++looked > MAX_LOOKED) return;
      const plain = text.replace(/\r?\n[ \t]/g, '').toLowerCase();
      if (components.includes(component) && wanted.every((word) => plain.includes(word))) yield { collection, id: Number(id) };
    }
  }
}
