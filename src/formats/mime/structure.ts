/** A node of a message's MIME tree, as BODYSTRUCTURE tells it (RFC 3501 §7.4.2). */
export interface MimePart {
  /** IMAP section, `1.2`; empty for a multipart that is the message itself. */
  readonly section: string;
  /** Lower-case media type. */
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly disposition: 'inline' | 'attachment' | null;
  readonly filename: string | null;
  readonly contentId: string | null;
  /** Lower-case content transfer encoding. */
  readonly encoding: string;
  /** Encoded size in bytes. */
  readonly size: number;
  readonly children: readonly MimePart[];
}

export type TextKind = 'plain' | 'html';

/** Text types that are shown as a message's body, and what they are read as. */
const BODY_TYPES: Readonly<Record<string, TextKind>> = {
  'text/plain': 'plain',
  'text/html': 'html',
};

/** More inline texts than this in one message are left as attachments. */
const MAX_BODY_PARTS = 20;

/** Which of a multipart's children make its body (RFC 2046 §5.1, RFC 2387, RFC 1847, RFC 3462); any other is `mixed`. */
const MULTIPART_BODY: Readonly<Record<string, (part: MimePart, prefer: TextKind) => readonly MimePart[]>> = {
  'multipart/alternative': (part, prefer) => bestAlternative(part.children, prefer),
  'multipart/related': (part, prefer) => pick(relatedRoot(part), prefer),
  'multipart/signed': (part, prefer) => pick(part.children[0], prefer),
  'multipart/report': (part, prefer) => pick(part.children[0], prefer),
  'multipart/encrypted': () => [],
  'multipart/digest': () => [],
};

/** The parts that make a message's readable body, in reading order; none when there is no text. */
export function bodyParts<P extends MimePart>(root: P, prefer: TextKind): readonly P[] {
  return pick(root, prefer).slice(0, MAX_BODY_PARTS) as readonly MimePart[] as readonly P[];
}

/** What a body part is read as. */
export function textKind(part: MimePart): TextKind {
  return BODY_TYPES[part.type] ?? 'plain';
}

/** Leaf parts and embedded messages that are not the body: what a mail program lists as attachments or shows inline. */
export function attachmentParts<P extends MimePart>(root: P): readonly P[] {
  const shown = new Set<MimePart>([...bodyParts(root, 'html'), ...bodyParts(root, 'plain')]);
  return [...leaves(root, false)]
    .filter(({ part, alternative }) => !shown.has(part) && !(alternative && part.type.startsWith('text/')))
    .map(({ part }) => part as P);
}

/** The part with that IMAP section, anywhere in the tree. */
export function findPart<P extends MimePart>(root: P, section: string): P | undefined {
  if (root.section === section) return root;
  for (const child of root.children) {
    const found = findPart(child, section);
    if (found) return found as P;
  }
  return undefined;
}

/** Whether a part belongs to the HTML of its `multipart/related`. */
export function isInline(part: MimePart): boolean {
  return part.contentId !== null && part.disposition !== 'attachment' && !part.type.startsWith('message/');
}

/** Bytes a part has once decoded; base64 loses a quarter and its line ends (RFC 2045 §6.8). */
export function decodedSize(part: MimePart): number {
  return part.encoding === 'base64' ? Math.max(0, Math.floor((part.size * 76 * 3) / (78 * 4))) : part.size;
}

function pick(part: MimePart | undefined, prefer: TextKind): readonly MimePart[] {
  if (!part || part.disposition === 'attachment') return [];
  if (part.type.startsWith('multipart/')) return (MULTIPART_BODY[part.type] ?? mixedBody)(part, prefer);
  return BODY_TYPES[part.type] ? [part] : [];
}

/** All inline texts in order: Apple Mail puts a text after each picture. A named one is a file, unless it comes first. */
function mixedBody(part: MimePart, prefer: TextKind): readonly MimePart[] {
  return part.children.flatMap((child, index) => (index > 0 && child.filename !== null ? [] : pick(child, prefer)));
}

/** The last alternative that has the wished kind, else the last that has any text. */
function bestAlternative(children: readonly MimePart[], prefer: TextKind): readonly MimePart[] {
  const picks = children.map((child) => pick(child, prefer)).filter((parts) => parts.length > 0);
  return picks.findLast((parts) => parts.some((part) => textKind(part) === prefer)) ?? picks.at(-1) ?? [];
}

/** RFC 2387 §3.2: the `start` parameter names the root, else it is the first part. */
function relatedRoot(part: MimePart): MimePart | undefined {
  const start = part.parameters.start?.replace(/^<|>$/g, '');
  return (start && part.children.find((child) => child.contentId === start)) || part.children[0];
}

function* leaves(part: MimePart, alternative: boolean): Generator<{ part: MimePart; alternative: boolean }> {
  if (!part.type.startsWith('multipart/')) {
    yield { part, alternative };
    return;
  }
  for (const child of part.children) yield* leaves(child, part.type === 'multipart/alternative');
}
