import { encode } from '../../formats/wbxml/encode.js';
import { childText, el } from '../../formats/wbxml/tree.js';
import type { Check } from '../engine.js';
import { type Answer, LineFault } from '../exchange.js';
import { type Found, found } from '../findings.js';
import { readDocument, refusalOf } from '../phone.js';
import type { Visit } from '../visit.js';
import { syncInbox } from './phone.js';

/** Shortest and longest heartbeat that servers take, in seconds. */
const HEARTBEAT = { least: 60, most: 3540 };
/** New mail may end a wait; more often than that nobody could tell. */
const MAX_ENDED = 5;

export const wait: readonly Check[] = [{ id: 'wait', title: 'Long waits (Ping)', after: ['sync'], run: checkWait }];

/**
 * Waits as phones do for new mail: nothing may end the request before its time. Mail that comes meanwhile is taken, and the
 * wait begins again.
 */
async function checkWait(visit: Visit): Promise<readonly Found[] | string> {
  const { hold } = visit.patient;
  for (let ended = 0; ended < MAX_ENDED; ended++) {
    const verdict = await waitOnce(visit, hold);
    if (verdict !== 'changes') return verdict;
    await syncInbox(visit);
  }
  return [found('ping-restless', `${MAX_ENDED} waits ended with changes`)];
}

async function waitOnce({ phone, patient }: Visit, hold: number): Promise<readonly Found[] | string | 'changes'> {
  const heartbeat = Math.min(Math.max(Math.ceil(hold), HEARTBEAT.least), HEARTBEAT.most);
  const folder = el('Ping:Folder', el('Ping:Id', phone.inbox.id), el('Ping:Class', 'Email'));
  const request = encode(el('Ping:Ping', el('Ping:HeartbeatInterval', heartbeat), el('Ping:Folders', folder)));
  // A heartbeat as long as the wait is answered by the server itself.
  const patience = (heartbeat <= hold ? hold + patient.timeout : hold) * 1000;
  try {
    return judge(await phone.post('Ping', request, { timeout: patience }));
  } catch (error) {
    if (!(error instanceof LineFault)) throw error;
    const seconds = (error.ms / 1000).toFixed(error.ms < 10_000 ? 1 : 0);
    if (error.found.code === 'silent' && heartbeat > hold) return `held for ${hold} s`;
    if (error.found.code === 'silent') return [found('ping-refused', `no answer after ${seconds} s`)];
    return [found('proxy-timeout', `a waiting request was cut after ${seconds} s of ${hold}`)];
  }
}

function judge(answer: Answer): readonly Found[] | string | 'changes' {
  const seconds = (answer.ms / 1000).toFixed(answer.ms < 10_000 ? 1 : 0);
  if (answer.status === 408 || answer.status === 502 || answer.status === 504)
    return [found('proxy-timeout', `a waiting request was answered with ${answer.status} after ${seconds} s`)];
  const refused = refusalOf(answer);
  if (refused) return [refused];
  const status = childText(readDocument(answer), 'Ping:Status') ?? 'none';
  if (status === '2') return 'changes';
  return status === '1' ? `held for ${seconds} s` : [found('ping-refused', `Ping has Status ${status}`)];
}
