import assert from 'node:assert/strict';
import { request } from 'node:http';
import { before, describe, test } from 'node:test';
import { PASSWORD } from '../support/dovecot.js';
import { type EasPhone, t } from '../support/eas-phone.js';
import { encodeTag } from '../support/eas-phone-wbxml.js';
import { address, startWorld, type World } from '../support/eas-phone-world.js';

let world: World;
let phone: EasPhone;
before(async () => {
  world = await startWorld();
  phone = await world.phone('alice');
});

interface RawAnswer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
}

/** A bare HTTP request, with whatever is wrong about it. */
function http(method: string, path: string, headers: Record<string, string> = {}, body?: Buffer): Promise<RawAnswer> {
  const login = `Basic ${Buffer.from(`${address('alice')}:${PASSWORD}`).toString('base64')}`;
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(path, world.gateway.url),
      { method, agent: false, headers: { authorization: login, ...headers } },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString() }),
        );
      },
    );
    sent.setTimeout(10_000, () => sent.destroy(new Error(`no answer to ${method} ${path}`)));
    sent.on('error', reject);
    sent.end(body);
  });
}

const URL_PATH = '/Microsoft-Server-ActiveSync';
const QUERY = 'User=alice&DeviceId=errors1&DeviceType=Test';
const V161 = { 'MS-ASProtocolVersion': '16.1', 'Content-Type': 'application/vnd.ms-sync.wbxml' };
const wbxml = (digits: string): Buffer => Buffer.from(digits.replace(/ /g, ''), 'hex');

describe('the HTTP layer (MS-ASHTTP)', () => {
  test('no credentials: 401 with a challenge and no body, also for OPTIONS', async () => {
    for (const method of ['OPTIONS', 'POST']) {
      const answer = await http(method, `${URL_PATH}?Cmd=FolderSync&${QUERY}`, { ...V161, authorization: '' });
      assert.equal(answer.status, 401, method);
      assert.match(String(answer.headers['www-authenticate']), /^Basic realm=/);
    }
  });

  test('the path may be written in any case and end with a slash', async () => {
    for (const path of ['/microsoft-server-activesync', `${URL_PATH}/`])
      assert.equal((await http('OPTIONS', path)).status, 200, path);
  });

  const QUERIES: readonly [what: string, query: string, status: number][] = [
    ['no query at all', '', 400],
    ['no base64', '?%%%', 400],
    ['base64 of nothing useful', `?${Buffer.from('hello world').toString('base64')}`, 400],
    ['base64 that ends too early', `?${Buffer.from([161, 0, 9, 4, 200, 1]).toString('base64')}`, 400],
    ['an unknown command', `?Cmd=Dance&${QUERY}`, 501],
    ['an empty command', `?Cmd=&${QUERY}`, 501],
    ['a command that looks like a property', `?Cmd=__proto__&${QUERY}`, 501],
  ];
  for (const [what, query, status] of QUERIES) {
    test(`${what}: ${status}`, async () => {
      assert.equal((await http('POST', URL_PATH + query, V161)).status, status);
    });
  }

  test('other methods are refused', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const answer = await http(method, `${URL_PATH}?Cmd=Sync&${QUERY}`, V161);
      assert.ok(answer.status === 405 || answer.status === 501, `${method} ${answer.status}`);
    }
  });

  test('an unknown protocol version is refused', async () => {
    for (const version of ['17.0', '9', 'x']) {
      const answer = await http('POST', `${URL_PATH}?Cmd=FolderSync&${QUERY}`, { ...V161, 'MS-ASProtocolVersion': version });
      assert.ok([400, 505].includes(answer.status), `${version}: ${answer.status}`);
    }
  });

  test('a device without an id is Status 108', async () => {
    const body = encodeTag(t('FolderHierarchy:FolderSync', t('FolderHierarchy:SyncKey', '0')));
    const answer = await phone.raw({ command: 'FolderSync', body, parameters: { DeviceId: '' } });
    assert.equal(answer.tree?.text('FolderHierarchy:Status'), '108');
  });
});

/** Bodies that are no WBXML, or not the right one, with the Status of MS-ASCMD 2.2.2. */
const BODIES: readonly [what: string, body: Buffer, statuses: readonly string[]][] = [
  ['no WBXML', Buffer.from('<?xml version="1.0"?><Sync/>'), ['102']],
  ['a WBXML header alone', wbxml('03016a00'), ['102']],
  ['an element that never ends', wbxml('03016a00 45 5c 4f 4b'), ['102']],
  ['an OPAQUE of four gigabytes', wbxml('03016a00 45 c38fffffff7f 00'), ['102']],
  ['attributes', wbxml('03016a00 c5 01 01'), ['102']],
  ['an unknown page', wbxml('03016a00 0063 45 01'), ['102']],
  ['two roots', wbxml('03016a00 05 05'), ['102']],
  ['60,000 open elements', wbxml(`03016a00 ${'45'.repeat(60_000)}`), ['102']],
  ['another character set', wbxml('03010400 05'), ['102']],
  ['the root of another command', encodeTag(t('FolderHierarchy:FolderSync', t('FolderHierarchy:SyncKey', '0'))), ['103', '4']],
  ['a Sync with empty Collections', encodeTag(t('AirSync:Sync', t('AirSync:Collections'))), ['4', '103']],
  [
    'a collection without a key',
    encodeTag(t('AirSync:Sync', t('AirSync:Collections', t('AirSync:Collection', t('AirSync:CollectionId', '1'))))),
    ['4', '103'],
  ],
  [
    'a number that is none',
    encodeTag(
      t(
        'AirSync:Sync',
        t('AirSync:Collections', t('AirSync:Collection', t('AirSync:SyncKey', '0'), t('AirSync:CollectionId', '1'))),
        t('AirSync:Wait', 'soon'),
      ),
    ),
    ['4', '14', '103'],
  ],
];

describe('bodies that cannot be read', () => {
  for (const [what, body, statuses] of BODIES) {
    test(`${what}: Status ${statuses.join(' or ')}`, async () => {
      const answer = await phone.raw({ command: 'Sync', body });
      assert.equal(answer.status, 200);
      const collection = answer.tree?.text('AirSync:Collections', 'AirSync:Collection', 'AirSync:Status');
      const status = answer.tree?.text('AirSync:Status') ?? collection ?? 'none';
      assert.ok(statuses.includes(status), `Status ${status}\n${answer.tree}`);
    });
  }

  test('each command answers them in its own element', async () => {
    const roots = { Sync: 'AirSync:Sync', FolderSync: 'FolderHierarchy:FolderSync', Ping: 'Ping:Ping', Provision: 'Provision:Provision', Settings: 'Settings:Settings', ItemOperations: 'ItemOperations:ItemOperations', MoveItems: 'Move:MoveItems', GetItemEstimate: 'GetItemEstimate:GetItemEstimate', SendMail: 'ComposeMail:SendMail' }; // biome-ignore format: a table
    for (const [command, root] of Object.entries(roots)) {
      const answer = await phone.raw({ command, body: Buffer.from('rubbish') });
      assert.equal(answer.status, 200, command);
      assert.equal(answer.tree?.name, root);
      assert.equal(answer.tree?.text(`${root.split(':')[0]}:Status`), '102', `${answer.tree}`);
    }
  });

  test('unknown elements are passed over with all they contain', async () => {
    const contacts = phone.folder(9);
    await phone.syncAll(contacts);
    const known = encodeTag(t('AirSync:Sync', t('AirSync:Collections', contacts.request()))).toString('hex');
    const odd = wbxml(known.replace('03016a0045', '03016a00 45 7f 4b 0361 00 01 0011 4a 01 0000 01'));
    const answer = await phone.raw({ command: 'Sync', body: odd });
    assert.equal(answer.status, 200);
    assert.equal(answer.tree?.text('AirSync:Collections', 'AirSync:Collection', 'AirSync:Status') ?? '1', '1');
  });

  test('a missing body is Status 101 or the like where one is needed', async () => {
    for (const [command, status] of [
      ['MoveItems', 'Move:Status'],
      ['ItemOperations', 'ItemOperations:Status'],
      ['SendMail', 'ComposeMail:Status'],
    ] as const) {
      const answer = await phone.raw({ command });
      assert.equal(answer.status, 200, command);
      assert.ok(['2', '101', '103'].includes(answer.tree?.text(status) ?? ''), `${command}: ${answer.tree}`);
    }
  });

  test('a body over the limit is 413 and the gateway goes on', async () => {
    const answer = await http('POST', `${URL_PATH}?Cmd=Sync&${QUERY}`, { ...V161, 'Content-Length': String(1 << 30) });
    assert.equal(answer.status, 413);
    assert.equal((await phone.folderSync()).status, '1');
  });
});

describe('wrong ids and parameters', () => {
  test('an unknown collection is Status 12 or 8', async () => {
    const collection = t('AirSync:Collection', t('AirSync:SyncKey', '0'), t('AirSync:CollectionId', 'no-such'));
    const { tree } = await phone.command('Sync', t('AirSync:Sync', t('AirSync:Collections', collection)));
    const status = tree?.text('AirSync:Collections', 'AirSync:Collection', 'AirSync:Status') ?? tree?.text('AirSync:Status');
    assert.ok(status === '12' || status === '8', `${tree}`);
  });

  test('an unknown attachment, item and folder of ItemOperations', async () => {
    const fetch = (...what: ReturnType<typeof t>[]) =>
      phone.command(
        'ItemOperations',
        t('ItemOperations:ItemOperations', t('ItemOperations:Fetch', t('ItemOperations:Store', 'Mailbox'), what)),
      );
    const status = async (...what: ReturnType<typeof t>[]) =>
      (await fetch(...what)).tree?.text('ItemOperations:Response', 'ItemOperations:Fetch', 'ItemOperations:Status');
    const inbox = phone.folder(2).id;
    for (const reference of ['nonsense', `${inbox}:999999:2`, '../../etc/passwd', 'a'.repeat(5000)]) {
      assert.equal(await status(t('AirSyncBase:FileReference', reference)), '15', reference.slice(0, 20));
    }
    assert.equal(await status(t('AirSync:CollectionId', inbox), t('AirSync:ServerId', `${inbox}:999999`)), '6');
    assert.ok(['6', '2'].includes((await status(t('AirSync:CollectionId', 'x'), t('AirSync:ServerId', 'y'))) ?? ''));
  });

  test('one account’s references open nothing of another', async () => {
    await world.dovecot.deliver(
      address('bob'),
      'Subject: private\r\nFrom: a@example.test\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; name=secret.txt\r\nContent-Disposition: attachment; filename=secret.txt\r\n\r\nsecret\r\n',
    );
    const bob = await world.phone('bob', { deviceId: 'bob1' });
    const inbox = bob.folder(2);
    await bob.syncAll(inbox);
    const [[id, item]] = [...inbox.items] as [[string, ReturnType<typeof t>]];
    const reference = item.text('AirSyncBase:Attachments', 'AirSyncBase:Attachment', 'AirSyncBase:FileReference');
    assert.ok(reference);
    await assert.rejects(phone.fetchAttachment(reference));
    await assert.rejects(phone.fetchItem(inbox, id));
    const moved = await phone.moveItems(inbox, [id], phone.folder(4)).catch(() => [{ status: 'refused' }]);
    assert.notEqual(moved[0]?.status, '3');
  });

  test('moves that cannot be are told one by one', async () => {
    const [inbox, trash] = [phone.folder(2), phone.folder(4)];
    assert.equal((await phone.moveItems(inbox, ['no-such'], trash))[0]?.status, '1');
    assert.equal((await phone.moveItems(inbox, ['no-such'], inbox))[0]?.status.match(/^[14]$/)?.length, 1);
    const nowhere = Object.assign(Object.create(Object.getPrototypeOf(trash)), trash, { id: 'nowhere' });
    assert.ok(['1', '2'].includes((await phone.moveItems(inbox, ['no-such'], nowhere))[0]?.status ?? ''));
  });

  test('a message without recipients, or that is none, is not sent', async () => {
    const before = world.submission.messages.length;
    assert.equal(await phone.sendMail('Subject: to nobody\r\n\r\nx\r\n'), '119');
    assert.ok(['107', '119'].includes(await phone.sendMail(Buffer.from([0, 1, 2, 3]))));
    assert.equal(world.submission.messages.length, before);
  });
});

test('after all of this the gateway still serves, and logged no secret', async () => {
  assert.equal((await phone.folderSync()).status, '1');
  const basic = Buffer.from(`${address('alice')}:${PASSWORD}`).toString('base64');
  assert.equal(world.gateway.logs().includes(basic), false);
});
