import type { Suite } from '../support/report.js';

/** ActiveSync beside a bare IMAP loop and SOGo. */
export const suite: Suite = {
  title: 'ActiveSync',
  measures: [],
};
