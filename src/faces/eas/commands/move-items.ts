import { isDomainError } from '../../../domain/errors.js';
import type { Id } from '../../../domain/types.js';
import { children, childText, type Element, el, optional } from '../../../formats/wbxml/tree.js';
import { documentAnswer, type EasAnswer, type EasContext } from '../context.js';
import { COMMON, StatusError } from '../status.js';
import { resolveCollection } from '../sync/open.js';
import { itemNumber, serverId } from '../sync/source.js';
import type { SourceRef } from '../sync/state.js';

/** Status values of MoveItems (MS-ASCMD 2.2.3.177.11). */
const MOVE = { SourceInvalid: 1, TargetInvalid: 2, Success: 3, Same: 4, Failed: 5 } as const;
const MAX_MOVES = 1000;

interface Move {
  readonly item: string;
  readonly from: Id;
  readonly to: Id;
}

interface Outcome {
  readonly status: number;
  readonly target?: string;
}

/** Moves items between collections of one class (MS-ASCMD 2.2.1.12); one Response for each, in order. */
export async function moveItems(context: EasContext): Promise<EasAnswer> {
  const moves = context.body ? children(context.body, 'Move:Move').map(readMove) : [];
  if (moves.length === 0 || moves.length > MAX_MOVES) throw new StatusError(COMMON.InvalidXML, 'no moves, or too many');
  const collections = new Map<Id, SourceRef | null>();
  for (const id of new Set(moves.flatMap(({ from, to }) => [from, to])))
    collections.set(id, await resolveCollection(context, id));
  const outcomes = new Map<Move, Outcome>();
  for (const group of groupsOf(moves)) await moveGroup(context, group, collections, outcomes);
  return documentAnswer(
    el(
      'Move:MoveItems',
      moves.map((move) => response(move, outcomes.get(move) as Outcome)),
    ),
  );
}

function readMove(element: Element): Move {
  return {
    item: childText(element, 'Move:SrcMsgId') ?? '',
    from: childText(element, 'Move:SrcFldId') ?? '',
    to: childText(element, 'Move:DstFldId') ?? '',
  };
}

function groupsOf(moves: readonly Move[]): readonly Move[][] {
  const groups = new Map<string, Move[]>();
  for (const move of moves) {
    const key = JSON.stringify([move.from, move.to]);
    groups.set(key, [...(groups.get(key) ?? []), move]);
  }
  return [...groups.values()];
}

/** Items with the same source and target go together. */
async function moveGroup(
  context: EasContext,
  moves: readonly Move[],
  collections: ReadonlyMap<Id, SourceRef | null>,
  outcomes: Map<Move, Outcome>,
): Promise<void> {
  const [{ from, to } = { from: '', to: '' }] = moves;
  const [source, target] = [collections.get(from), collections.get(to)];
  const all = (status: number) => {
    for (const move of moves) outcomes.set(move, { status });
  };
  if (!source || source.kind === 'none') return all(MOVE.SourceInvalid);
  if (from === to) return all(MOVE.Same);
  if (!target || target.kind !== source.kind) return all(MOVE.TargetInvalid);
  try {
    for (const move of moves) if (itemNumber(from, move.item) === null) outcomes.set(move, { status: MOVE.SourceInvalid });
    const open = moves.filter((move) => !outcomes.has(move));
    if (source.kind === 'mail' && target.kind === 'mail') await moveMail(context, open, source, target, outcomes);
    if (source.kind === 'notes' && target.kind === 'notes') await moveNotes(context, open, source, target, outcomes);
    if (source.kind === 'pim' && target.kind === 'pim') await movePim(context, open, source, target, outcomes);
  } catch (error) {
    if (!isDomainError(error) || error.kind === 'unauthenticated') throw error;
    context.log.warn({ from, to, err: error }, 'items could not be moved');
    for (const move of moves) if (!outcomes.has(move)) outcomes.set(move, { status: MOVE.Failed });
  }
}

async function moveMail(
  context: EasContext,
  moves: readonly Move[],
  source: Extract<SourceRef, { kind: 'mail' }>,
  target: Extract<SourceRef, { kind: 'mail' }>,
  outcomes: Map<Move, Outcome>,
): Promise<void> {
  const { mail } = context.services;
  const uids = moves.map((move) => itemNumber(move.from, move.item) as number);
  if (uids.length === 0) return;
  const there = new Set((await mail.summaries(context.session, source.folder, uids)).map((message) => message.uid));
  const present = uids.filter((uid) => there.has(uid));
  const moved =
    present.length > 0 ? await mail.move(context.session, source.folder, present, target.folder) : new Map<number, number>();
  for (const [at, move] of moves.entries()) {
    const uid = uids[at] as number;
    const now = moved.get(uid);
    if (!there.has(uid)) outcomes.set(move, { status: MOVE.SourceInvalid });
    else outcomes.set(move, { status: MOVE.Success, target: now === undefined ? move.item : serverId(move.to, now) });
  }
}

/** A note keeps its number in another notebook. */
async function moveNotes(
  context: EasContext,
  moves: readonly Move[],
  source: Extract<SourceRef, { kind: 'notes' }>,
  target: Extract<SourceRef, { kind: 'notes' }>,
  outcomes: Map<Move, Outcome>,
): Promise<void> {
  const { mail, notebooks } = context.services;
  const { index } = await notebooks.look(context.session, source.folder, null);
  for (const move of moves) {
    const number = itemNumber(move.from, move.item) as number;
    const forms = index.formsOf(number);
    if (forms.length > 0) await mail.move(context.session, source.folder, forms, target.folder);
    outcomes.set(
      move,
      forms.length > 0 ? { status: MOVE.Success, target: serverId(move.to, number) } : { status: MOVE.SourceInvalid },
    );
  }
}

async function movePim(
  context: EasContext,
  moves: readonly Move[],
  source: Extract<SourceRef, { kind: 'pim' }>,
  target: Extract<SourceRef, { kind: 'pim' }>,
  outcomes: Map<Move, Outcome>,
): Promise<void> {
  const { pim } = context.services;
  if (source.collection.kind !== target.collection.kind) {
    for (const move of moves) outcomes.set(move, { status: MOVE.TargetInvalid });
    return;
  }
  for (const move of moves) {
    const id = String(itemNumber(move.from, move.item));
    const item = await pim.item(context.session, source.collection, { id });
    if (!item) {
      outcomes.set(move, { status: MOVE.SourceInvalid });
      continue;
    }
    const place = { collection: target.collection, name: item.name };
    const options = { copy: false, overwrite: false };
    const result = await pim.transfer(context.session, { collection: source.collection, ref: { id } }, place, options);
    outcomes.set(move, { status: MOVE.Success, target: serverId(move.to, Number(result.item.id)) });
  }
}

function response(move: Move, outcome: Outcome): Element {
  return el(
    'Move:Response',
    el('Move:SrcMsgId', move.item),
    el('Move:Status', outcome.status),
    optional('Move:DstMsgId', outcome.target),
  );
}
