import type { Suite } from '../support/report.js';
import { multigetAgainstRows, noChangeSyncBySize } from './spine-dav.js';
import { firstSyncAgainstImap, noChangeCommands, noChangeRoundTrips } from './spine-mail.js';
import { waitingWithMail, waitingWithoutMail } from './spine-wait.js';

/** The first figures of the whole path: CalDAV, mail, waiting. */
export const suite: Suite = {
  title: 'the whole path against raw PostgreSQL and bare IMAP',
  measures: [
    noChangeSyncBySize,
    multigetAgainstRows,
    firstSyncAgainstImap,
    noChangeRoundTrips,
    noChangeCommands,
    waitingWithoutMail,
    waitingWithMail,
  ],
};
