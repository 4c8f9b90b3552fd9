import type { Suite } from '../support/report.js';
import {
  contacts,
  firstListing,
  firstListingByPropfind,
  monthQuery,
  multigets,
  noChangeSync,
  puts,
  tenChangeSync,
} from './dav-peers.js';
import { memoryOfLargeAnswers, neighbourOfLargeListing, noChangeSyncBySize, tenChangeSyncBySize } from './dav-size.js';

/** CalDAV and CardDAV beside SOGo, Radicale and Xandikos, and how the cost follows the size. */
export const suite: Suite = {
  title: 'CalDAV and CardDAV beside SOGo, Radicale and Xandikos',
  measures: [
    puts,
    firstListing,
    firstListingByPropfind,
    multigets,
    noChangeSync,
    tenChangeSync,
    monthQuery,
    contacts,
    noChangeSyncBySize,
    tenChangeSyncBySize,
    memoryOfLargeAnswers,
    neighbourOfLargeListing,
  ],
};
