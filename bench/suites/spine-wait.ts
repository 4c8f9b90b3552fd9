import { setMaxListeners } from 'node:events';
import type { EasPhone, PhoneFolder } from '../../test/support/eas-phone.js';
import { settledKilobytes } from '../support/memory.js';
import { format, type Report } from '../support/report.js';
import { rig } from '../support/rig.js';

const PHONES = 1_000;
/** Folder types of MS-ASCMD FolderSync. */
const INBOX = 2;
const CALENDAR = 8;

let phones: Promise<EasPhone[]> | undefined;

/** Memory per phone that waits for calendar changes only. */
export function waitingWithoutMail(): Promise<Report> {
  return waiting('without the IMAP watcher', (phone) => phone.folder(CALENDAR));
}

/** Memory per phone that waits for mail: each account has a watch of its own. */
export function waitingWithMail(): Promise<Report> {
  return waiting('with an IMAP watcher each', (phone) => phone.folder(INBOX));
}

async function waiting(how: string, folderOf: (phone: EasPhone) => PhoneFolder): Promise<Report> {
  const { gateway } = await rig();
  phones ??= setUpPhones();
  const waiters = await phones;
  const before = await settledKilobytes(gateway.pid);
  const hangUp = new AbortController();
  setMaxListeners(0, hangUp.signal); // each request listens to it
  const pings = waiters.map((phone) => phone.ping([folderOf(phone)], 900, { signal: hangUp.signal }).catch(() => undefined));
  await new Promise((resolve) => setTimeout(resolve, 15_000));
  const answered = await Promise.race([Promise.any(pings).then(() => true), Promise.resolve(false)]);
  const during = await settledKilobytes(gateway.pid);
  hangUp.abort();
  await Promise.all(pings);
  return {
    name: `memory per waiting phone, ${how}`,
    value: (during - before) / PHONES,
    unit: ' KB RSS',
    detail: `${PHONES} Pings of ${PHONES} accounts: ${format(before / 1024)} MB before, ${format(during / 1024)} MB while they wait${answered ? '; SOME WERE ANSWERED' : ''}`,
  };
}

/** A phone for each account, with its folders primed; a few at a time. */
async function setUpPhones(): Promise<EasPhone[]> {
  const world = await rig();
  const made: EasPhone[] = [];
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < PHONES; n = next++) {
      const phone = await world.phone(`wait${n}`, { deviceId: `wait${n}` });
      for (const type of [INBOX, CALENDAR]) await phone.syncAll(phone.folder(type));
      made.push(phone);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return made;
}
