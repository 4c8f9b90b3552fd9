import { el } from '../../../formats/wbxml/tree.js';
import { documentAnswer, type EasAnswer, type EasContext } from '../context.js';
import { isMailType, listFolders } from '../folders.js';

/** The mail folders, for versions up to 12.1 (MS-ASCMD GetHierarchy). */
export async function getHierarchy(context: EasContext): Promise<EasAnswer> {
  const folders = (await listFolders(context, null)).filter(({ type }) => isMailType(type));
  return documentAnswer(
    el(
      'FolderHierarchy:Folders',
      folders.map(({ id, parent, name, type }) =>
        el(
          'FolderHierarchy:Folder',
          el('FolderHierarchy:DisplayName', name),
          el('FolderHierarchy:ServerId', id),
          el('FolderHierarchy:Type', type),
          el('FolderHierarchy:ParentId', parent),
        ),
      ),
    ),
  );
}
