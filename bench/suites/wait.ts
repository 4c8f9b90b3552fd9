import type { Suite } from '../support/report.js';
import { burstOfSyncs } from '../wait/burst.js';
import { waitingWithPush, waitingWithWatch } from '../wait/idle.js';
import { sogoWaiting } from '../wait/sogo.js';
import { twoWorkers } from '../wait/workers.js';

/** Phones that wait, by the ten thousand, on a lean mail server; a burst on Dovecot; SOGo beside it; two workers against one. */
export const suite: Suite = {
  title: 'phones that wait',
  measures: [waitingWithPush, waitingWithWatch, burstOfSyncs, twoWorkers, sogoWaiting],
};
