import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type EasPhone, type Tag, t } from '../support/eas-phone.js';
import { address, message, startWorld, type World } from '../support/eas-phone-world.js';
import { WBXML_FIXTURES } from '../support/wbxml-samples.js';

/** Documents that no phone sends: right pages, elements anywhere, values from everywhere. Always the same ones. */
const SEED = 20_261_123;
const CASES = 200;
/** Values that some element wants. */
const PLAUSIBLE = [
  '0',
  '1',
  '2',
  '3',
  '0-9',
  'Email',
  'Contacts',
  'Text',
  'HTML',
  'here',
  'hanna',
  'GAL',
  '2027-01-01T00:00:00.000Z',
  '2027-01-08T00:00:00.000Z',
];

interface Page {
  readonly name: string;
  readonly tokens: Record<string, string>;
}
const PAGES = (JSON.parse(readFileSync(join(WBXML_FIXTURES, 'codepages.json'), 'utf8')) as { pages: Page[] }).pages;
const tagsOf = (page: string) =>
  Object.values(PAGES.find(({ name }) => name === page)?.tokens ?? {}).map((local) => `${page}:${local}`);

const COMMANDS: Record<string, { root: string; pages: readonly string[] }> = {
  Search: { root: 'Search:Search', pages: ['Search', 'AirSync', 'AirSyncBase', 'Email'] },
  Find: { root: 'Find:Find', pages: ['Find', 'AirSync'] },
  ItemOperations: { root: 'ItemOperations:ItemOperations', pages: ['ItemOperations', 'AirSync', 'AirSyncBase', 'Search'] },
  Settings: { root: 'Settings:Settings', pages: ['Settings'] },
  ResolveRecipients: { root: 'ResolveRecipients:ResolveRecipients', pages: ['ResolveRecipients'] },
  ValidateCert: { root: 'ValidateCert:ValidateCert', pages: ['ValidateCert'] },
  SmartReply: { root: 'ComposeMail:SmartReply', pages: ['ComposeMail', 'AirSyncBase'] },
  SmartForward: { root: 'ComposeMail:SmartForward', pages: ['ComposeMail', 'AirSyncBase'] },
};

/** An element with a value from anywhere, or none at all. */
type Leaf = (tag: string) => Tag | undefined;

const body = (leaf: Leaf) =>
  t('AirSyncBase:BodyPreference', leaf('AirSyncBase:Type'), leaf('AirSyncBase:TruncationSize'), leaf('AirSyncBase:AllOrNone'));
const source = (leaf: Leaf) =>
  t(
    'ComposeMail:Source',
    ['FolderId', 'ItemId', 'LongId', 'InstanceId'].map((name) => leaf(`ComposeMail:${name}`)),
  );
const compose = (leaf: Leaf) => ['SaveInSentItems', 'ReplaceMime', 'Mime'].map((name) => leaf(`ComposeMail:${name}`));

/** Documents as they should be, but for their values: most get past the first check. */
const SKELETONS: Record<string, (leaf: Leaf, id: string) => (Tag | undefined | (Tag | undefined)[])[]> = {
  Search: (leaf) => [
    t(
      'Search:Store',
      leaf('Search:Name') ?? t('Search:Name', 'Mailbox'),
      t(
        'Search:Query',
        t(
          'Search:And',
          leaf('AirSync:Class'),
          leaf('AirSync:CollectionId'),
          leaf('Search:FreeText'),
          leaf('Search:ConversationId'),
          leaf('Search:GreaterThan') && t('Search:GreaterThan', t('Email:DateReceived'), leaf('Search:Value')),
        ),
      ),
      t('Search:Options', leaf('Search:Range'), leaf('Search:DeepTraversal'), leaf('Search:RebuildResults'), body(leaf)),
    ),
  ],
  Find: (leaf) => [
    t('Find:SearchId', 'x'),
    t(
      'Find:ExecuteSearch',
      t(
        'Find:MailBoxSearchCriterion',
        t('Find:Query', t('Find:FreeText', leaf('Find:FreeText')?.value ?? 'here'), leaf('AirSync:CollectionId')),
        t('Find:Options', leaf('Find:Range'), leaf('Find:DeepTraversal')),
      ),
    ),
  ],
  ItemOperations: (leaf) => [
    t(
      'ItemOperations:Fetch',
      t('ItemOperations:Store', 'Mailbox'),
      leaf('AirSync:CollectionId'),
      leaf('AirSync:ServerId'),
      t('ItemOperations:Options', leaf('AirSync:MIMESupport'), body(leaf), leaf('ItemOperations:Schema')),
    ),
    t(
      'ItemOperations:Fetch',
      t('ItemOperations:Store', 'Mailbox'),
      leaf('AirSyncBase:FileReference'),
      t('ItemOperations:Options', leaf('ItemOperations:Range')),
    ),
    t(
      'ItemOperations:Move',
      leaf('ItemOperations:ConversationId'),
      leaf('ItemOperations:DstFldId'),
      t('ItemOperations:Options', t('ItemOperations:MoveAlways')),
    ),
  ],
  Settings: (leaf) => [
    t(
      'Settings:Oof',
      t(
        'Settings:Set',
        leaf('Settings:OofState'),
        leaf('Settings:StartTime'),
        leaf('Settings:EndTime'),
        t(
          'Settings:OofMessage',
          t('Settings:AppliesToInternal'),
          leaf('Settings:Enabled'),
          leaf('Settings:ReplyMessage'),
          leaf('Settings:BodyType'),
        ),
      ),
    ),
    t('Settings:Oof', t('Settings:Get', leaf('Settings:BodyType'))),
    t('Settings:DeviceInformation', t('Settings:Set', leaf('Settings:Model'), leaf('Settings:UserAgent'))),
  ],
  ResolveRecipients: (leaf) => [
    leaf('ResolveRecipients:To') ?? t('ResolveRecipients:To', 'hanna'),
    t(
      'ResolveRecipients:Options',
      leaf('ResolveRecipients:CertificateRetrieval'),
      leaf('ResolveRecipients:MaxAmbiguousRecipients'),
      leaf('ResolveRecipients:Availability') &&
        t('ResolveRecipients:Availability', leaf('ResolveRecipients:StartTime'), leaf('ResolveRecipients:EndTime')),
      t('ResolveRecipients:Picture', leaf('ResolveRecipients:MaxSize'), leaf('ResolveRecipients:MaxPictures')),
    ),
  ],
  ValidateCert: (leaf) => [
    t('ValidateCert:CertificateChain', leaf('ValidateCert:Certificate')),
    t('ValidateCert:Certificates', t('ValidateCert:Certificate'), leaf('ValidateCert:Certificate')),
    leaf('ValidateCert:CheckCRL'),
  ],
  SmartReply: (leaf, id) => [t('ComposeMail:ClientId', id), source(leaf), compose(leaf)],
  SmartForward: (leaf, id) => [
    t('ComposeMail:ClientId', id),
    source(leaf),
    compose(leaf),
    leaf('ComposeMail:Forwardees') &&
      t('ComposeMail:Forwardees', t('ComposeMail:Forwardee', leaf('ComposeMail:Email'), leaf('ComposeMail:Name'))),
    leaf('AirSyncBase:Body') && t('AirSyncBase:Body', leaf('AirSyncBase:Type'), leaf('AirSyncBase:Data')),
  ],
};

describe('documents that no phone sends', { concurrency: false }, () => {
  let world: World;
  let phone: EasPhone;
  let values: (string | Uint8Array | undefined)[];

  before(async () => {
    world = await startWorld({ dovecot: { managesieve: true } });
    const me = address('hanna');
    await world.dovecot.deliver(me, message({ to: me, subject: 'Here', text: 'x' }));
    phone = await world.phone('hanna', { deviceId: 'hostile1' });
    await phone.syncAll(phone.folder(2));
    const [item] = [...phone.folder(2).items.keys()];
    values = [undefined, '', '0', '1', '2', '-1', '99999999999', 'x', '\u0001\u0007', '💥'.repeat(50), 'x'.repeat(5000), '0-999999',
      '9-1', '2026-01-01T00:00:00.000Z', '0000-00-00', 'Text', 'HTML', 'GAL', phone.folder(2).id, phone.folder(8).id, item,
      `${item}:1`, `${item}:9.9.9`, '../../etc/passwd', '((((', '" OR "', 'a OR b NOT (c)', '%00', new Uint8Array(), new Uint8Array(20).fill(255),
      new Uint8Array(Buffer.from(message({ from: me, to: 'nobody', subject: 's', text: 't' })))]; // biome-ignore format: values
  });

  for (const [command, { root, pages }] of Object.entries(COMMANDS))
    test(`${command} gives a Status, never a server error (MS-ASCMD 2.2.2)`, async () => {
      const random = generator(SEED + command.length);
      const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
      const tags = pages.flatMap(tagsOf);
      const grow = (depth: number): Tag => {
        const kids = depth > 0 && random() < 0.5 ? Array.from({ length: Math.floor(random() * 4) }, () => grow(depth - 1)) : [];
        return kids.length > 0 ? t(pick(tags), kids) : t(pick(tags), pick(values));
      };
      const leaf: Leaf = (tag) => (random() < 0.35 ? undefined : t(tag, random() < 0.5 ? pick(values) : pick(PLAUSIBLE)));
      for (let n = 0; n < CASES; n++) {
        const anything = () => Array.from({ length: Math.floor(random() * 5) }, () => grow(2));
        const content = n % 4 === 0 ? anything() : (SKELETONS[command]?.(leaf, `${command}${n}`) ?? []);
        const answer = await phone.raw({ command, body: t(root, content), multipart: n % 5 === 0 });
        assert.equal(answer.status, 200, `${answer.status}\n${t(root, content)}`);
        assert.doesNotMatch(answer.tree?.toString() ?? '', /^\w+:\w+\n {2}\w+:Status "110"/, String(t(root, content)));
      }
      const failures = world.gateway
        .logs()
        .split('\n')
        .filter((line) => /command failed|operation failed|search failed|"level":50/.test(line));
      assert.deepEqual(failures, []);
    });

  test('and the phone is served as before', async () => {
    assert.equal((await phone.folderSync()).status, '1');
    assert.equal((await phone.syncAll(phone.folder(2))).status, '1');
  });
});

/** Mulberry32: small, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
