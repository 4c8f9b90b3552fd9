import type { Suite } from '../support/report.js';
import { deltaSyncBySize, firstSyncOf1000, firstSyncOf20000, memoryOfAttachment } from './eas-imap.js';
import { deltaSync, firstSyncBesideSogo, firstSyncOfEightBesideSogo, pingLatency, setUp } from './eas-peers.js';

/** ActiveSync beside a bare IMAP loop and beside SOGo on the same Dovecot and PostgreSQL. */
export const suite: Suite = {
  title: 'ActiveSync beside a bare IMAP loop and beside SOGo on the same Dovecot',
  measures: [
    firstSyncOf1000,
    firstSyncOf20000,
    deltaSyncBySize,
    memoryOfAttachment,
    setUp,
    firstSyncBesideSogo,
    firstSyncOfEightBesideSogo,
    deltaSync,
    pingLatency,
  ],
};
