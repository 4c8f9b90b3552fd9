import assert from 'node:assert/strict';
import type { ImapFlow } from 'imapflow';
import { type EasPhone, LostAnswer, type PhoneFolder, type SyncOptions, type SyncResult, t } from './eas-phone.js';
import { address, message, type World } from './eas-phone-world.js';

export const OWNER = 'storm';
export const BOXES = ['INBOX', 'Archive', 'Projects'] as const;
const READERS = address('reader');

/** What happened so far, seen from outside the gateway. */
export interface Ledger {
  /** Subjects of mail that came, and was not expunged by the IMAP client. */
  readonly alive: Set<string>;
  /** Subjects that a phone handed in for sending. */
  readonly sent: Set<string>;
  /** Requests whose answer was lost. */
  lost: number;
  restarts: number;
}

/** Who takes part. */
export interface Actor {
  readonly name: string;
  /** Does something; gives a word for it. */
  step(): Promise<string>;
}

type Roll = () => number;
type Deed = readonly [weight: number, name: string, work: () => Promise<unknown> | unknown];

export function pick<T>(roll: Roll, values: readonly T[]): T | undefined {
  return values[Math.floor(roll() * values.length)];
}

/** One of several deeds, by their weights. */
export async function doOne(roll: Roll, deeds: readonly Deed[]): Promise<string> {
  const total = deeds.reduce((sum, [weight]) => sum + weight, 0);
  let at = roll() * total;
  for (const [weight, name, work] of deeds) {
    at -= weight;
    if (at >= 0) continue;
    await work();
    return name;
  }
  return 'nothing';
}

/** A phone on a bad line: it loses a third of the answers, repeats requests, and forgets all it knows now and then. */
export class UnreliablePhone implements Actor {
  #mails = 0;
  #repeat: { mime: string; clientId: string } | undefined;

  constructor(
    readonly phone: EasPhone,
    readonly name: string,
    readonly roll: Roll,
    readonly ledger: Ledger,
  ) {}

  /** The folders it keeps. */
  get folders(): PhoneFolder[] {
    return [...this.phone.folders.values()].filter(({ kind, type }) => kind === 'Email' && !['3', '6'].includes(type));
  }

  step(): Promise<string> {
    return doOne(this.roll, [
      [30, 'sync', () => this.sync()],
      [12, 'mark', () => this.#mark()],
      [6, 'delete', () => this.#delete()],
      [8, 'move', () => this.#move()],
      [6, 'send', () => this.#send()],
      [4, 'reply', () => this.#reply()],
      [4, 'estimate', () => this.#estimate()],
      [2, 'hierarchy', () => this.#keepTrying((lose) => this.phone.folderSync({ lose }))],
      [1, 'fromScratch', () => this.#keepTrying((lose) => this.phone.folderSync({ fromScratch: true, lose }))],
      [1, 'restart', () => this.restart()],
    ]);
  }

  /** A third of the answers is lost; half of these after the gateway has done its work, half on the way. */
  #lose(): SyncOptions['lose'] {
    const luck = this.roll();
    if (luck > 1 / 3) return undefined;
    this.ledger.lost++;
    return luck < 1 / 6 ? 'connection' : 'answer';
  }

  async #keepTrying<T>(work: (lose: SyncOptions['lose']) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work(this.#lose());
      } catch (error) {
        if (!(error instanceof LostAnswer)) throw error;
      }
    }
  }

  /** One request for some folders; an answer that is lost may stay so until another time. */
  async sync(): Promise<void> {
    const some = this.folders.filter(() => this.roll() < 0.6);
    if (some.length === 0) return;
    const prime = some.some(({ syncKey }) => syncKey === '0');
    try {
      const window = this.roll() < 0.3 && !prime ? 5 : undefined;
      this.check(await this.phone.sync(some, { lose: this.#lose(), window }));
    } catch (error) {
      if (!(error instanceof LostAnswer)) throw error;
    }
  }

  check({ status, collections }: SyncResult): void {
    assert.equal(status, '1', `${this.name}: Sync`);
    for (const [id, result] of collections) {
      const folder = this.phone.folders.get(id);
      assert.equal(result.status, '1', `${this.name}: ${folder?.name}`);
      for (const [item, outcome] of result.outcomes) assert.match(outcome.status, /^[168]$/, `${this.name}: ${item}`);
    }
  }

  #any(): { folder: PhoneFolder; id: string } | undefined {
    const all = this.folders.flatMap((folder) => [...folder.items.keys()].map((id) => ({ folder, id })));
    return pick(
      this.roll,
      all.filter(({ folder, id }) => !folder.pending.some((command) => command.id === id)),
    );
  }

  #mark(): void {
    const chosen = this.#any();
    if (!chosen) return;
    const flag = (status: number) => t('Email:Flag', t('Email:Status', status), status ? t('Email:FlagType', 'Flag') : undefined);
    const change = this.roll() < 0.5 ? t('Email:Read', Number(this.roll() < 0.5)) : flag(this.roll() < 0.5 ? 2 : 0);
    this.phone.change(chosen.folder, chosen.id, change);
  }

  /** Into Deleted Items; what is there already goes for good, which the ledger must not miss. */
  #delete(): void {
    const chosen = this.#any();
    if (chosen && chosen.folder.type !== '4') this.phone.delete(chosen.folder, chosen.id);
  }

  async #move(): Promise<void> {
    const chosen = this.#any();
    const target = pick(
      this.roll,
      this.folders.filter((folder) => folder !== chosen?.folder && folder.type !== '4'),
    );
    if (!chosen || !target) return;
    const [answer] = await this.#keepTrying((lose) =>
      lose ? this.#moveAndLose(chosen, target, lose) : this.phone.moveItems(chosen.folder, [chosen.id], target),
    );
    assert.match(answer?.status ?? '', /^[137]$/, `${this.name}: MoveItems`);
    // The next Sync shows the message gone here and new there (MS-ASCMD MoveItems).
  }

  async #moveAndLose({ folder, id }: { folder: PhoneFolder; id: string }, target: PhoneFolder, lose: 'answer' | 'connection') {
    const move = t('Move:Move', t('Move:SrcMsgId', id), t('Move:SrcFldId', folder.id), t('Move:DstFldId', target.id));
    await this.phone.command('MoveItems', t('Move:MoveItems', move), { lose });
    return [];
  }

  async #send(): Promise<void> {
    const subject = `sent-${this.name}-${++this.#mails}`;
    const mime = message({ from: address(OWNER), to: READERS, subject, text: 'x' });
    const mail = { mime, clientId: this.phone.nextClientId() };
    this.ledger.sent.add(subject);
    await this.#handIn(mail);
    // A phone that was not told of its success in time may come again much later.
    if (this.#repeat && this.roll() < 0.5) await this.#handIn(this.#repeat);
    this.#repeat = mail;
  }

  async #handIn(mail: { mime: string; clientId: string }): Promise<void> {
    const status = await this.#keepTrying(async (lose) => {
      const answer = await this.phone.sendMail(mail.mime, { clientId: mail.clientId, lose });
      if (answer === '111') throw new LostAnswer('another request is still at it');
      return answer;
    });
    assert.ok(['1', '118'].includes(status), `${this.name}: SendMail ${status}`);
  }

  async #reply(): Promise<void> {
    const chosen = this.#any();
    if (!chosen) return;
    const subject = `sent-${this.name}-${++this.#mails}`;
    const how = {
      mime: message({ from: address(OWNER), to: READERS, subject, text: 'yes' }),
      clientId: this.phone.nextClientId(),
      source: { folder: chosen.folder.id, item: chosen.id },
    };
    const status = await this.#keepTrying(async (lose) => {
      const answer = await this.phone.compose('SmartReply', { ...how, lose });
      if (answer === '111') throw new LostAnswer('another request is still at it');
      return answer;
    });
    // 150: the message it answers has gone meanwhile.
    assert.ok(['1', '118', '150'].includes(status), `${this.name}: SmartReply ${status}`);
    if (status !== '150') this.ledger.sent.add(subject);
  }

  async #estimate(): Promise<void> {
    const folder = pick(
      this.roll,
      this.folders.filter(({ syncKey }) => syncKey !== '0'),
    );
    if (folder) assert.match((await this.phone.getItemEstimate(folder)).status, /^1$/, `${this.name}: GetItemEstimate`);
  }

  /** The phone was set up anew: it knows nothing, and says so. */
  async restart(): Promise<void> {
    this.ledger.restarts++;
    for (const folder of this.folders) {
      folder.syncKey = '0';
      folder.items.clear();
      folder.pending.length = 0;
    }
    if (this.roll() < 0.5) await this.phone.provision();
    await this.#keepTrying((lose) => this.phone.folderSync({ fromScratch: true, lose }));
  }

  /** A good line again: everything pending goes out, everything comes in. */
  async settle(): Promise<void> {
    await this.phone.folderSync();
    for (const folder of this.folders) {
      folder.pending.length = 0;
      await this.phone.syncAll(folder);
      await this.phone.syncAll(folder);
    }
  }

  /** `folder subject read flagged` of each message it holds. */
  held(): string[] {
    return this.folders
      .flatMap((folder) =>
        [...folder.items.values()].map((item) => {
          const flagged = item.text('Email:Flag', 'Email:Status') === '2';
          return `${folder.name} ${item.text('Email:Subject')} ${Number(item.text('Email:Read') === '1')} ${Number(flagged)}`;
        }),
      )
      .sort();
  }
}

/** Somebody at a desk who moves, flags and expunges in the same mailbox, and new mail that keeps coming. */
export class ImapHand implements Actor {
  readonly name = 'imap';
  #mails = 0;

  constructor(
    readonly world: World,
    readonly imap: ImapFlow,
    readonly roll: Roll,
    readonly ledger: Ledger,
  ) {}

  step(): Promise<string> {
    return doOne(this.roll, [
      [8, 'deliver', () => this.deliver()],
      [6, 'flag', () => this.#onOne((uid) => this.#flag(uid))],
      [4, 'moveAway', () => this.#onOne((uid, box) => this.imap.messageMove(uid, this.#other(box), { uid: true }))],
      [2, 'expunge', () => this.#expunge()],
    ]);
  }

  async deliver(): Promise<void> {
    const subject = `mail-${++this.#mails}`;
    await this.world.dovecot.deliver(address(OWNER), message({ to: address(OWNER), subject, text: 'x' }));
    this.ledger.alive.add(subject);
  }

  #other(box: string): string {
    return pick(
      this.roll,
      BOXES.filter((name) => name !== box),
    )!;
  }

  #flag(uid: string): Promise<unknown> {
    const flag = this.roll() < 0.5 ? '\\Seen' : '\\Flagged';
    const options = { uid: true } as const;
    return this.roll() < 0.6
      ? this.imap.messageFlagsAdd(uid, [flag], options)
      : this.imap.messageFlagsRemove(uid, [flag], options);
  }

  async #onOne(work: (uid: string, box: string) => Promise<unknown>): Promise<void> {
    const box = pick(this.roll, BOXES)!;
    const lock = await this.imap.getMailboxLock(box);
    try {
      await this.imap.noop();
      const uids = (await this.imap.search({ all: true }, { uid: true })) || [];
      const uid = pick(this.roll, uids);
      if (uid !== undefined) await work(String(uid), box);
    } finally {
      lock.release();
    }
  }

  #expunge(): Promise<void> {
    return this.#onOne(async (uid) => {
      const found = await this.imap.fetchOne(uid, { envelope: true }, { uid: true });
      // A phone may have moved it this moment: then nothing is deleted, and nothing may be missing.
      if (!found) return;
      await this.imap.messageDelete(uid, { uid: true });
      this.ledger.alive.delete(found.envelope?.subject ?? '');
    });
  }
}
