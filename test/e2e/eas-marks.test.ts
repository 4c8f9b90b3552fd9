import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type EasPhone, type PhoneFolder, type Tag, t } from '../support/eas-phone.js';
import { address, eventually, message, startWorld, type World } from '../support/eas-phone-world.js';

let world: World;
before(async () => {
  world = await startWorld();
});

const START = '2027-03-01T00:00:00.000Z';
const DUE = '2027-03-05T00:00:00.000Z';
const LOCAL_START = '2027-03-01T01:00:00.000Z';
const LOCAL_DUE = '2027-03-05T01:00:00.000Z';
const REMINDER = '2027-03-04T09:00:00.000Z';

const dates = (start = START, due = DUE): Tag[] => [
  t('Tasks:StartDate', LOCAL_START),
  t('Tasks:DueDate', LOCAL_DUE),
  t('Tasks:UtcStartDate', start),
  t('Tasks:UtcDueDate', due),
];
const active = (...more: Tag[]): Tag => t('Email:Flag', t('Email:Status', 2), t('Email:FlagType', 'Flag for follow up'), more);

/** A phone with the one message of its Inbox. */
async function withMessage(user: string, deviceId: string, version = '16.1'): Promise<[EasPhone, PhoneFolder, string]> {
  const phone = await world.phone(user, { deviceId, version });
  const inbox = phone.folder(2);
  await phone.syncAll(inbox);
  return [phone, inbox, [...inbox.items.keys()][0] as string];
}

const flagOf = (inbox: PhoneFolder, id: string): Tag | undefined => inbox.items.get(id)?.child('Email:Flag');

async function flagsOnServer(user: string): Promise<Set<string>> {
  const imap = await world.imap(user);
  const lock = await imap.getMailboxLock('INBOX');
  const found = await imap.fetchOne('1', { flags: true });
  lock.release();
  imap.close();
  return found ? (found.flags ?? new Set()) : new Set();
}

describe('flags for follow-up (MS-ASEMAIL Flag)', { concurrency: false }, () => {
  test('dates and reminder go from one phone to another, and stay when the message is moved', async () => {
    await world.dovecot.deliver(address('anna'), message({ subject: 'to do' }));
    const [one, inbox, id] = await withMessage('anna', 'anna1');
    const [two, other] = await withMessage('anna', 'anna2', '14.1');
    one.change(inbox, id, active(...dates(), t('Tasks:ReminderSet', 1), t('Tasks:ReminderTime', REMINDER)));
    assert.deepEqual((await one.syncAll(inbox)).changed, []);
    assert.ok((await flagsOnServer('anna')).has('\\Flagged'));
    assert.deepEqual((await two.syncAll(other)).changed, [id]);
    const flag = flagOf(other, id);
    assert.deepEqual(
      ['Email:Status', 'Tasks:UtcStartDate', 'Tasks:UtcDueDate', 'Tasks:StartDate', 'Tasks:DueDate', 'Tasks:ReminderTime'].map(
        (name) => flag?.text(name),
      ),
      ['2', START, DUE, LOCAL_START, LOCAL_DUE, REMINDER],
    );
    const later = '2027-03-09T00:00:00.000Z';
    two.change(other, id, active(...dates(START, later)));
    await two.syncAll(other);
    assert.deepEqual((await one.syncAll(inbox)).changed, [id]);
    assert.equal(flagOf(inbox, id)?.text('Tasks:UtcDueDate'), later);
    assert.equal(flagOf(inbox, id)?.text('Tasks:ReminderSet'), undefined);
    const trash = one.folder(4);
    await one.moveItems(inbox, [id], trash);
    await one.syncAll(trash);
    assert.equal([...trash.items.values()][0]?.text('Email:Flag', 'Tasks:UtcDueDate'), later);
  });

  test('a completed flag is Status 1 with its times; a flag set by another program is active again', async () => {
    await world.dovecot.deliver(address('bert'), message({ subject: 'done' }));
    const [one, inbox, id] = await withMessage('bert', 'bert1');
    const [two, other] = await withMessage('bert', 'bert2');
    one.change(inbox, id, active(...dates()));
    await one.syncAll(inbox);
    const when = '2027-03-02T10:00:00.000Z';
    const done = t('Email:Flag', t('Email:Status', 1), t('Tasks:DateCompleted', when), t('Email:CompleteTime', when));
    one.change(inbox, id, done);
    await one.syncAll(inbox);
    await two.syncAll(other);
    const flag = flagOf(other, id);
    assert.deepEqual([flag?.text('Email:Status'), flag?.text('Tasks:DateCompleted')], ['1', when]);
    const imap = await world.imap('bert');
    const lock = await imap.getMailboxLock('INBOX');
    await imap.messageFlagsAdd('1', ['\\Flagged']);
    lock.release();
    await eventually(
      'the flag',
      () => two.syncAll(other),
      () => flagOf(other, id)?.text('Email:Status') === '2',
    );
    two.change(other, id, t('Email:Flag'));
    await two.syncAll(other);
    assert.deepEqual(
      [...(await flagsOnServer('bert'))].filter((one) => one !== '\\Recent' && one !== '\\Seen'),
      [],
    );
    await one.syncAll(inbox);
    assert.deepEqual(flagOf(inbox, id)?.kids.length, 0);
  });

  test('half the dates, an end before its start, a reminder without a time, an unknown Status: item Status 6', async () => {
    await world.dovecot.deliver(address('cleo'), message({ subject: 'wrong' }));
    const [phone, inbox, id] = await withMessage('cleo', 'cleo1');
    for (const wrong of [
      active(...dates().slice(0, 3)),
      active(...dates(DUE, START)),
      active(t('Tasks:ReminderSet', 1)),
      t('Email:Flag', t('Email:Status', 7)),
    ]) {
      phone.change(inbox, id, wrong);
      assert.equal((await phone.syncAll(inbox)).outcomes.get(id)?.status, '6');
    }
    assert.equal((await flagsOnServer('cleo')).has('\\Flagged'), false);
  });
});

describe('the last verb (MS-ASEMAIL LastVerbExecuted, LastVerbExecutionTime)', { concurrency: false }, () => {
  const answer = (to: string): string => message({ from: address('dora'), to, subject: 'Re: ask', text: 'answer' });

  for (const [what, command, to, verb] of [
    ['an answer', 'SmartReply', 'carol@example.test', '1'],
    ['an answer to all', 'SmartReply', 'carol@example.test, dan@elsewhere.test', '2'],
    ['a forwarded message', 'SmartForward', 'dan@elsewhere.test', '3'],
  ] as const)
    test(`${what}: the other phone sees what was done, and when`, async () => {
      const user = `dora${verb}`;
      await world.dovecot.deliver(address(user), message({ subject: 'ask', text: 'question' }));
      const [phone, inbox, id] = await withMessage(user, `${user}a`);
      const [other, seen] = await withMessage(user, `${user}b`);
      const before = Date.now();
      assert.equal(await phone.compose(command, { mime: answer(to), source: { folder: inbox.id, item: id } }), '1');
      await eventually(
        'the verb',
        () => other.syncAll(seen),
        () => seen.items.get(id)?.text('Email2:LastVerbExecuted') === verb,
      );
      const at = Date.parse(seen.items.get(id)?.text('Email2:LastVerbExecutionTime') ?? '');
      assert.ok(at >= before && at <= Date.now());
    });
});

describe('categories as keywords (MS-ASEMAIL Categories)', { concurrency: false }, () => {
  test('go to IMAP and come from it, with whatever signs', async () => {
    await world.dovecot.deliver(address('emil'), message({ subject: 'sorted' }));
    const [phone, inbox, id] = await withMessage('emil', 'emil1');
    phone.change(inbox, id, t('Email:Categories', t('Email:Category', 'Työ & koti'), t('Email:Category', 'red')));
    await phone.syncAll(inbox);
    const keywords = [...(await flagsOnServer('emil'))].filter((flag) => !flag.startsWith('\\'));
    assert.equal(keywords.length, 2);
    assert.ok(keywords.includes('red'));
    const imap = await world.imap('emil');
    const lock = await imap.getMailboxLock('INBOX');
    await imap.messageFlagsAdd('1', ['blue']);
    await imap.messageFlagsRemove('1', ['red']);
    lock.release();
    const categories = () =>
      inbox.items
        .get(id)
        ?.child('Email:Categories')
        ?.kids.map(({ value }) => value) ?? [];
    await eventually(
      'the keywords',
      () => phone.syncAll(inbox),
      () => categories().includes('blue'),
    );
    assert.deepEqual([...categories()].sort(), ['Työ & koti', 'blue']);
    phone.change(inbox, id, t('Email:Categories'));
    await phone.syncAll(inbox);
    assert.deepEqual(
      [...(await flagsOnServer('emil'))].filter((flag) => !flag.startsWith('\\')),
      [],
    );
  });
});
