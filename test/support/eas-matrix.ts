import assert from 'node:assert/strict';
import { type EasPhone, type Tag, t } from './eas-phone.js';
import { message, type World } from './eas-phone-world.js';

/** Protocol versions, oldest first. */
export const VERSIONS = ['2.5', '12.0', '12.1', '14.0', '14.1', '16.0', '16.1'] as const;
export type Version = (typeof VERSIONS)[number];

/**
 * What a command does in a version: `yes`; `MIME`: the body is the message itself; `taken`: another version defines it, and it is
 * answered all the same; a Status or HTTP code: refused with that.
 */
export type Cell = 'yes' | 'MIME' | 'taken' | '138' | '400' | '501';

/** A phone that is set up, with `Old times` and, with an attachment, `Papers` in its Inbox. */
export interface Stage {
  readonly phone: EasPhone;
  readonly world: World;
  readonly me: string;
  readonly friend: string;
  readonly version: Version;
}

/** A command, the section that defines it, what it does in each version, and the exchange that shows it. */
export interface MatrixRow {
  readonly name: string;
  readonly command: string;
  readonly section: string;
  /** One for all versions, or from a version on. */
  readonly cells: Cell | Partial<Record<Version, Cell>>;
  /** Tests of its elements and statuses. */
  readonly further: string;
  readonly run: (stage: Stage) => Promise<void>;
}

export function cellOf({ cells }: MatrixRow, version: Version): Cell {
  if (typeof cells === 'string') return cells;
  const known = VERSIONS.slice(0, VERSIONS.indexOf(version) + 1).filter((each) => cells[each] !== undefined);
  return cells[known.at(-1) ?? '2.5'] ?? 'yes';
}

export function titleOf(row: MatrixRow, version: Version): string {
  return `${row.name} in ${version}: ${cellOf(row, version)} (${row.section})`;
}

/** A command that the version does not have, or nobody has. */
export async function refused({ phone }: Stage, command: string, cell: Cell): Promise<void> {
  const answer = await phone.raw({ command });
  if (cell === '138') assert.match(String(answer.tree), /Status "138"/);
  else assert.equal(answer.status, Number(cell));
}

const inbox = ({ phone }: Stage) => phone.folder(2);

function idOf(stage: Stage, subject: string): string {
  const found = [...inbox(stage).items].find(([, item]) => item.text('Email:Subject') === subject);
  assert.ok(found, `${subject} is in the Inbox`);
  return found[0];
}

const mime = ({ me, friend }: Stage, subject: string) => message({ from: me, to: friend, subject, text: 'x' });
const arrived = ({ world }: Stage, subject: string) =>
  assert.ok(
    world.submission.messages.some(({ raw }) => raw.includes(`Subject: ${subject}`)),
    subject,
  );

async function composes(stage: Stage, command: 'SendMail' | 'SmartReply' | 'SmartForward'): Promise<void> {
  const subject = `${command} ${stage.version}`;
  const source = command === 'SendMail' ? {} : { source: { folder: inbox(stage).id, item: idOf(stage, 'Old times') } };
  assert.equal(await stage.phone.compose(command, { mime: mime(stage, subject), ...source }), '1');
  arrived(stage, subject);
}

async function hierarchy({ phone }: Stage, command: string, ...content: Tag[]): Promise<Tag> {
  const answer = await phone.ask(
    command,
    t(`FolderHierarchy:${command}`, t('FolderHierarchy:SyncKey', phone.folderKey), content),
  );
  assert.equal(answer.text('FolderHierarchy:Status'), '1');
  await phone.folderSync({ fromScratch: true });
  return answer;
}

const named = (name: string) => t('FolderHierarchy:DisplayName', name);
const atRoot = t('FolderHierarchy:ParentId', '0');

async function made(stage: Stage, name: string): Promise<Tag> {
  const answer = await hierarchy(stage, 'FolderCreate', atRoot, named(name), t('FolderHierarchy:Type', 12));
  return t('FolderHierarchy:ServerId', answer.text('FolderHierarchy:ServerId') ?? '');
}

const hasFolder = ({ phone }: Stage, name: string) => [...phone.folders.values()].some((folder) => folder.name === name);

function referenceOf(stage: Stage): string {
  const item = inbox(stage).items.get(idOf(stage, 'Papers'));
  const tags = item ? [...item.walk()] : [];
  return String(tags.find(({ local }) => local === 'FileReference' || local === 'AttName')?.value);
}

const OLD_MAIL = { '2.5': 'MIME', '14.0': 'yes' } as const;
const UNTIL_12_1 = { '2.5': 'yes', '14.0': '138' } as const;
const SINCE_12_0 = { '2.5': '400', '12.0': 'yes' } as const;

const nobodyHas = (command: string): MatrixRow => ({
  name: command, command, section: 'MS-ASCMD, of no present use', cells: '501', further: 'unit/faces/eas/endpoint', run: () => Promise.resolve(),
}); // biome-ignore format: a row

export const MATRIX: readonly MatrixRow[] = [
  { name: 'Sync', command: 'Sync', section: 'MS-ASCMD 2.2.1.21', cells: 'yes', further: 'e2e/eas-sync, eas-windows, eas-mail, eas-drafts, eas-story, eas-chaos-phone',
    run: async (stage) => {
      await stage.phone.syncAll(inbox(stage));
      assert.ok(idOf(stage, 'Old times'));
    } },
  { name: 'SendMail', command: 'SendMail', section: 'MS-ASCMD 2.2.1.17', cells: OLD_MAIL, further: 'e2e/eas-compose, eas-versions', run: (stage) => composes(stage, 'SendMail') },
  { name: 'SmartReply', command: 'SmartReply', section: 'MS-ASCMD 2.2.1.20', cells: OLD_MAIL, further: 'e2e/eas-compose, eas-versions', run: (stage) => composes(stage, 'SmartReply') },
  { name: 'SmartForward', command: 'SmartForward', section: 'MS-ASCMD 2.2.1.19', cells: OLD_MAIL, further: 'e2e/eas-compose, eas-versions', run: (stage) => composes(stage, 'SmartForward') },
  { name: 'GetAttachment', command: 'GetAttachment', section: 'MS-ASCMD 2.2.1.8', cells: UNTIL_12_1, further: 'e2e/eas-story, eas-item-operations',
    run: async (stage) => assert.equal((await stage.phone.getAttachment(referenceOf(stage))).data.toString(), 'paper') },
  { name: 'FolderSync', command: 'FolderSync', section: 'MS-ASCMD 2.2.1.5', cells: 'yes', further: 'e2e/eas-sync; unit/faces/eas/commands/folder-sync',
    run: async ({ phone }) => assert.equal((await phone.folderSync({ fromScratch: true })).status, '1') },
  { name: 'FolderCreate', command: 'FolderCreate', section: 'MS-ASCMD 2.2.1.3', cells: 'yes', further: 'e2e/eas-versions; unit/faces/eas/commands/folder-sync',
    run: async (stage) => {
      await made(stage, 'Made');
      assert.ok(hasFolder(stage, 'Made'));
    } },
  { name: 'FolderUpdate', command: 'FolderUpdate', section: 'MS-ASCMD 2.2.1.6', cells: 'yes', further: 'e2e/eas-versions; unit/faces/eas/commands/folder-sync',
    run: async (stage) => {
      await hierarchy(stage, 'FolderUpdate', await made(stage, 'Before'), atRoot, named('After'));
      assert.ok(hasFolder(stage, 'After') && !hasFolder(stage, 'Before'));
    } },
  { name: 'FolderDelete', command: 'FolderDelete', section: 'MS-ASCMD 2.2.1.4', cells: 'yes', further: 'e2e/eas-versions; unit/faces/eas/commands/folder-sync',
    run: async (stage) => {
      await hierarchy(stage, 'FolderDelete', await made(stage, 'Gone'));
      assert.ok(!hasFolder(stage, 'Gone'));
    } },
  { name: 'MoveItems', command: 'MoveItems', section: 'MS-ASCMD 2.2.1.12', cells: 'yes', further: 'e2e/eas-story, eas-errors',
    run: async (stage) => {
      const [answer] = await stage.phone.moveItems(inbox(stage), [idOf(stage, 'Move me')], stage.phone.folder(4));
      assert.equal(answer?.status, '3');
    } },
  { name: 'GetItemEstimate', command: 'GetItemEstimate', section: 'MS-ASCMD 2.2.1.9', cells: 'yes', further: 'e2e/eas-windows',
    run: async (stage) => {
      await stage.phone.syncAll(inbox(stage));
      assert.deepEqual(await stage.phone.getItemEstimate(inbox(stage)), { status: '1', estimate: 0 });
    } },
  { name: 'MeetingResponse', command: 'MeetingResponse', section: 'MS-ASCMD 2.2.1.11', cells: 'yes', further: 'e2e/scheduling-mail, scheduling-matrix',
    run: async (stage) => {
      const page = (name: string, value: string | number) => t(`MeetingResponse:${name}`, value);
      const request = [page('UserResponse', 1), page('CollectionId', inbox(stage).id), page('RequestId', idOf(stage, 'Old times'))];
      const answer = await stage.phone.ask('MeetingResponse', t('MeetingResponse:MeetingResponse', t('MeetingResponse:Request', request)));
      assert.equal(answer.text('MeetingResponse:Result', 'MeetingResponse:Status'), '2', 'no invitation');
    } },
  { name: 'Search of the address list', command: 'Search', section: 'MS-ASCMD 2.2.1.16', cells: 'yes', further: 'e2e/eas-search',
    run: async ({ phone, friend }) => {
      const store = await phone.search('GAL', ['frie'], t('Search:Range', '0-9'));
      assert.equal(store.all('Search:Result')[0]?.text('Search:Properties', 'GAL:EmailAddress'), friend);
    } },
  { name: 'Search of the mailbox', command: 'Search', section: 'MS-ASCMD 2.2.1.16', cells: { '2.5': 'taken', '12.0': 'yes' }, further: 'e2e/eas-search; unit/domain/mail/search',
    run: async (stage) => {
      const query = t('Search:And', t('AirSync:Class', 'Email'), t('AirSync:CollectionId', inbox(stage).id), t('Search:FreeText', 'remember'));
      const store = await stage.phone.search('Mailbox', [query], t('Search:Range', '0-9'));
      assert.equal(store.all('Search:Result')[0]?.text('Search:Properties', 'Email:Subject'), 'Old times');
    } },
  { name: 'Find', command: 'Find', section: 'MS-ASCMD Find', cells: { '2.5': 'taken', '16.1': 'yes' }, further: 'e2e/eas-search; unit/faces/eas/search/kql',
    run: async (stage) => {
      const query = t('Find:Query', t('Find:FreeText', 'subject:"old times"'), t('AirSync:CollectionId', inbox(stage).id));
      const answer = await stage.phone.find(t('Find:MailBoxSearchCriterion', query));
      assert.equal(answer.child('Find:Response')?.all('Find:Result').length, 1);
    } },
  { name: 'Settings', command: 'Settings', section: 'MS-ASCMD 2.2.1.18', cells: SINCE_12_0, further: 'e2e/eas-settings',
    run: async ({ phone, me }) => assert.match(String(await phone.settings(t('Settings:UserInformation', t('Settings:Get')))), new RegExp(me)) },
  { name: 'Ping', command: 'Ping', section: 'MS-ASCMD 2.2.1.13', cells: 'yes', further: 'e2e/eas-ping',
    run: async (stage) => {
      await stage.phone.syncAll(inbox(stage));
      await stage.world.dovecot.deliver(stage.me, message({ to: stage.me, subject: 'New' }));
      assert.equal((await stage.phone.ping([inbox(stage)], 480)).status, '2');
    } },
  { name: 'ItemOperations', command: 'ItemOperations', section: 'MS-ASCMD 2.2.1.10', cells: SINCE_12_0, further: 'e2e/eas-item-operations',
    run: async (stage) => assert.match(String(await stage.phone.fetchItem(inbox(stage), idOf(stage, 'Old times'), { body: 1 })), /Remember/) },
  { name: 'Provision', command: 'Provision', section: 'MS-ASCMD 2.2.1.14, MS-ASPROV 3.1.5', cells: 'yes', further: 'e2e/eas-story, eas-errors',
    run: async ({ phone }) => {
      const { temporary, final } = await phone.provision();
      assert.notEqual(temporary, final);
    } },
  { name: 'ResolveRecipients', command: 'ResolveRecipients', section: 'MS-ASCMD 2.2.1.15', cells: 'yes', further: 'e2e/eas-recipients',
    run: async ({ phone, friend }) => {
      const answer = await phone.ask('ResolveRecipients', t('ResolveRecipients:ResolveRecipients', t('ResolveRecipients:To', friend)));
      assert.equal(answer.text('ResolveRecipients:Response', 'ResolveRecipients:Status'), '1');
    } },
  { name: 'ValidateCert', command: 'ValidateCert', section: 'MS-ASCMD 2.2.1.22', cells: 'yes', further: 'e2e/eas-recipients; unit/domain/accounts/certificates',
    run: async ({ phone }) => {
      const certificates = t('ValidateCert:Certificates', t('ValidateCert:Certificate', 'eA=='));
      const answer = await phone.ask('ValidateCert', t('ValidateCert:ValidateCert', certificates));
      assert.equal(answer.text('ValidateCert:Certificate', 'ValidateCert:Status'), '10');
    } },
  { name: 'GetHierarchy', command: 'GetHierarchy', section: 'MS-ASCMD 2.2.1.7', cells: UNTIL_12_1, further: 'e2e/eas-versions',
    run: async ({ phone }) => {
      const { tree } = await phone.command('GetHierarchy', undefined);
      assert.ok(tree!.all('FolderHierarchy:Folder').length >= 3);
    } },
  ...['CreateCollection', 'DeleteCollection', 'MoveCollection', 'Notify'].map(nobodyHas),
]; // biome-ignore format: a table

/** The table of docs/compliance-eas-commands.md. */
export function markdownTable(): string {
  const head = [`| Command | ${VERSIONS.join(' | ')} | Section | Further tests |`, `|${'---|'.repeat(VERSIONS.length + 3)}`];
  const rows = MATRIX.map(
    (row) => `| ${row.name} | ${VERSIONS.map((version) => cellOf(row, version)).join(' | ')} | ${row.section} | ${row.further} |`,
  );
  return [...head, ...rows].join('\n');
}
