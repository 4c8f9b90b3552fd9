import type { TagName } from '../../formats/wbxml/pages.js';
import { childText, type Element, el } from '../../formats/wbxml/tree.js';
import { COMMON } from './status.js';
import { integer } from './sync/request.js';

/** Pictures larger than this are never sent. */
const LARGEST = 1024 * 1024;

/** Names of the elements, which differ by page. */
export interface PictureTags {
  readonly picture: TagName;
  readonly status: TagName;
  readonly data: TagName;
}

/** Pictures of people within what a request allows (MS-ASCMD Picture, MaxSize, MaxPictures). */
export class Pictures {
  private left: number;
  private readonly maxSize: number;

  /** `element` is the Picture of the Options; an empty one, which iOS sends, sets no limits. */
  constructor(
    element: Element,
    private readonly tags: PictureTags,
  ) {
    const limit = (name: string) => integer(childText(element, `${element.tag.split(':')[0]}:${name}` as TagName) ?? '');
    this.left = limit('MaxPictures') ?? Number.POSITIVE_INFINITY;
    this.maxSize = Math.min(limit('MaxSize') ?? LARGEST, LARGEST);
  }

  /** The Picture element of one person: the picture, or why there is none. */
  of(photo: string | undefined): Element {
    const { picture, status, data } = this.tags;
    const bytes = photo === undefined ? undefined : Buffer.from(photo, 'base64');
    if (!bytes || bytes.length === 0) return el(picture, el(status, COMMON.NoPicture));
    if (bytes.length > this.maxSize) return el(picture, el(status, COMMON.PictureTooLarge));
    if (this.left <= 0) return el(picture, el(status, COMMON.PictureLimitReached));
    this.left--;
    return el(picture, el(status, 1), el(data, bytes));
  }
}
