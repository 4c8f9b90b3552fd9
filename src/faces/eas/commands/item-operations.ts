import { type Element, el, elements } from '../../../formats/wbxml/tree.js';
import { documentAnswer, type EasAnswer, type EasContext } from '../context.js';
import { multipart } from '../multipart.js';
import { emptyFolder } from '../operations/empty-folder.js';
import { fetchItem } from '../operations/fetch.js';
import { inlineStream, multipartStream, type Output } from '../operations/large.js';
import { moveConversation } from '../operations/move-conversation.js';
import { type Operation, STATUS } from '../operations/operation.js';
import { StatusError } from '../status.js';

const MAX_OPERATIONS = 100;
/** Bytes of all attachments in one answer. */
const MAX_BYTES = 256 * 1024 * 1024;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  'ItemOperations:Fetch': fetchItem,
  'ItemOperations:EmptyFolderContents': emptyFolder,
  'ItemOperations:Move': moveConversation,
};

/** Which answers come first, whatever the order of the requests (MS-ASCMD Response (ItemOperations)). */
const ORDER = ['ItemOperations:Move', 'ItemOperations:EmptyFolderContents', 'ItemOperations:Fetch'];

/** A list of operations, carried out in order (MS-ASCMD 2.2.1.10). */
export async function itemOperations(context: EasContext): Promise<EasAnswer> {
  const operations = context.body ? elements(context.body) : [];
  if (operations.length === 0) throw new StatusError(STATUS.ProtocolError, 'no operation');
  if (operations.length > MAX_OPERATIONS) throw new StatusError(STATUS.TooLarge, 'too many operations');
  const unknown = operations.find(({ tag }) => !(tag in OPERATIONS));
  if (unknown) throw new StatusError(STATUS.ProtocolError, `unknown operation ${unknown.tag}`);
  const output: Output = { parts: context.query.acceptMultipart ? [] : null, large: new Map(), left: MAX_BYTES };
  const answers: Element[] = [];
  for (const operation of operations) answers.push(await (OPERATIONS[operation.tag] as Operation)(context, operation, output));
  const sorted = ORDER.flatMap((tag) => answers.filter((answer) => answer.tag === tag));
  const root = el(
    'ItemOperations:ItemOperations',
    el('ItemOperations:Status', STATUS.Success),
    el('ItemOperations:Response', sorted),
  );
  return answerOf(root, output);
}

function answerOf(root: Element, { parts, large }: Output): EasAnswer {
  if (large.size === 0) return parts ? multipart(root, parts) : documentAnswer(root);
  return parts ? multipartStream(root, parts, large) : inlineStream(root, large);
}
