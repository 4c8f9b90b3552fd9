import type { MailFolder } from '../../../domain/mail/model.js';
import type { Collection, PimKind } from '../../../domain/pim/model.js';
import type { Element } from '../../../formats/wbxml/tree.js';
import type { EasContext } from '../context.js';
import { notebookId } from '../notebooks.js';
import { NoteSource } from '../sync/note-source.js';
import { openSource } from '../sync/open.js';
import { PIM_CLASSES } from '../sync/pim-classes.js';
import { PimSource } from '../sync/pim-source.js';
import type { SourceRef, SyncOptions } from '../sync/state.js';
import type { Range } from './range.js';
import { resultElement } from './result.js';

const MAX_LOOKED = 20_000;
const CLASS_NAMES: Readonly<Record<PimKind, string>> = {
  calendar: 'Calendar',
  contacts: 'Contacts',
  tasks: 'Tasks',
  notes: 'Notes',
};

/** Where to look. */
export interface PimScope {
  readonly collections: readonly Collection[];
  /** Mail folders whose notes are looked through. */
  readonly notebooks: readonly MailFolder[];
}

interface Match {
  readonly ref: SourceRef;
  readonly collection: string;
  readonly className: string;
  readonly id: number;
}

/** Items of calendars, address books, task lists and notebooks that hold all the words; quotes keep words together. */
export async function searchPim(
  context: EasContext,
  scope: PimScope,
  words: string,
  range: Range,
  options: SyncOptions,
): Promise<{ readonly results: readonly Element[]; readonly total: number }> {
  const wanted = [...words.toLowerCase().matchAll(/"([^"]+)"|([^\s"]+)/g)].map(([, phrase, word]) => phrase ?? word ?? '');
  const results: Element[] = [];
  let total = 0;
  for await (const { ref, collection, className, id } of matching(context, scope, wanted)) {
    if (total >= range.first && total <= range.last) {
      const source = await openSource(context, ref, { requestKey: '', deletesAsMoves: true });
      const canFetch = source instanceof PimSource || source instanceof NoteSource;
      const item = canFetch ? await source.fetch(id, options) : undefined;
      if (item && 'data' in item) results.push(resultElement(className, collection, id, item.data));
      else total--;
    }
    total++;
  }
  return { results, total };
}

async function* matching(context: EasContext, scope: PimScope, wanted: readonly string[]): AsyncGenerator<Match> {
  if (wanted.length === 0) return;
  for (const collection of scope.collections) {
    const className = CLASS_NAMES[collection.kind];
    for await (const id of inCollection(context, collection, wanted))
      yield { ref: { kind: 'pim', collection }, collection: collection.id, className, id };
  }
  for (const folder of scope.notebooks)
    for (const id of await context.services.notebooks.search(context.session, folder, wanted))
      yield { ref: { kind: 'notes', folder }, collection: notebookId(folder.id), className: CLASS_NAMES.notes, id };
}

async function* inCollection(context: EasContext, collection: Collection, wanted: readonly string[]): AsyncGenerator<number> {
  const { components } = PIM_CLASSES[collection.kind];
  let looked = 0;
  for await (const { id, component, text } of context.services.pim.search(context.session, collection, {})) {
    if (++looked > MAX_LOOKED) return;
    const plain = text.replace(/\r?\n[ \t]/g, '').toLowerCase();
    if (components.includes(component) && wanted.every((word) => plain.includes(word))) yield Number(id);
  }
}
