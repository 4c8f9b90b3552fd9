import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { AUTHORITY, certificateMaker, type TestCertificate } from '../support/certificates.js';
import { type EasPhone, type Tag, t } from '../support/eas-phone.js';
import { address, type DavHome, startWorld, type World } from '../support/eas-phone-world.js';

const PHOTO = Buffer.from('ffd8ffe000104a46494600010102', 'hex');

let world: World;
let phone: EasPhone;
let dav: DavHome;
let root: TestCertificate;
let leaf: TestCertificate;
let make: Awaited<ReturnType<typeof certificateMaker>>;

before(async () => {
  make = await certificateMaker();
  root = await make({ name: 'Test root', extensions: AUTHORITY });
  leaf = await make({ name: 'kim@elsewhere.test', by: root });
  world = await startWorld({ env: { SMIME_CA: root.file } });
  phone = await world.phone('rita', { deviceId: 'recipients1' });
  dav = await world.dav('rita');
  const card = (uid: string, name: string, mail: string, ...more: string[]) =>
    dav.put(
      `${dav.contacts}${uid}.vcf`,
      ['BEGIN:VCARD', 'VERSION:3.0', `UID:${uid}`, `FN:${name}`, `N:${name};;;;`, `EMAIL:${mail}`, ...more, 'END:VCARD', ''].join(
        '\r\n',
      ),
    );
  await card(
    'kim',
    'Kim Key',
    'kim@elsewhere.test',
    `KEY;ENCODING=b;TYPE=X509:${leaf.der.toString('base64')}`,
    `PHOTO;ENCODING=b;TYPE=JPEG:${PHOTO.toString('base64')}`,
  );
  await card('rob', 'Robert Other', 'rob@elsewhere.test');
  for (const user of ['robin', 'robert']) await world.phone(user, { deviceId: 'x' });
});

const to = (text: string) => t('ResolveRecipients:To', text);
const option = (name: string, value: string | number) => t(`ResolveRecipients:${name}`, value);
const resolve = (names: readonly string[], ...options: Tag[]) =>
  phone.ask(
    'ResolveRecipients',
    t(
      'ResolveRecipients:ResolveRecipients',
      names.map(to),
      options.length > 0 ? t('ResolveRecipients:Options', options) : undefined,
    ),
  );
const one = async (name: string, ...options: Tag[]) => {
  const answer = await resolve([name], ...options);
  assert.equal(answer.text('ResolveRecipients:Status'), '1');
  const response = answer.child('ResolveRecipients:Response')!;
  assert.equal(response.text('ResolveRecipients:To'), name);
  return response;
};
const status = (tag: Tag | undefined) => tag?.text('ResolveRecipients:Status');
const mails = (response: Tag) =>
  response.all('ResolveRecipients:Recipient').map((each) => each.text('ResolveRecipients:EmailAddress'));
const first = (response: Tag, name: string) => response.child('ResolveRecipients:Recipient', `ResolveRecipients:${name}`);

describe('ResolveRecipients (MS-ASCMD 2.2.1.15)', () => {
  test('an address of the own domain is of Type 1, one of the own contacts of Type 2, another is Status 4', async () => {
    const colleague = await one(address('robin'));
    assert.equal(status(colleague), '1');
    assert.equal(first(colleague, 'Type')?.value, '1');
    const friend = await one('KIM@elsewhere.test');
    assert.equal(first(friend, 'Type')?.value, '2');
    assert.equal(first(friend, 'DisplayName')?.value, 'Kim Key');
    const nobody = await one('nobody@nowhere.test');
    assert.equal(status(nobody), '4');
    assert.equal(nobody.text('ResolveRecipients:RecipientCount'), '0');
  });

  test('a name that fits to several is Status 2, with too many of them Status 3', async () => {
    const several = await one('rob');
    assert.equal(status(several), '2');
    assert.deepEqual(mails(several).sort(), [address('robert'), address('robin'), 'rob@elsewhere.test'].sort());
    const part = await one('rob', option('MaxAmbiguousRecipients', 2));
    assert.equal(status(part), '3');
    assert.equal(part.text('ResolveRecipients:RecipientCount'), '3');
    assert.equal(mails(part).length, 2);
    const whole = await one('Robert Other');
    assert.deepEqual([status(whole), mails(whole)], ['1', ['rob@elsewhere.test']]);
  });

  test('several are answered in their order', async () => {
    const answer = await resolve(['Kim Key', 'nobody', address('robin')]);
    assert.deepEqual(answer.all('ResolveRecipients:Response').map(status), ['1', '4', '1']);
  });

  test('MergedFreeBusy has a digit for each half hour of a colleague', async () => {
    const other = await world.dav('robin');
    const event = (uid: string, start: string, end: string, ...more: string[]) =>
      other.put(
        `${other.calendar}${uid}.ics`,
        [
          'BEGIN:VCALENDAR',
          'VERSION:2.0',
          'PRODID:-//t//t//EN',
          'BEGIN:VEVENT',
          `UID:${uid}`,
          'DTSTAMP:20260101T000000Z',
          `DTSTART:${start}`,
          `DTEND:${end}`,
          ...more,
          'END:VEVENT',
          'END:VCALENDAR',
          '',
        ].join('\r\n'),
      );
    await event('busy', '20270301T090000Z', '20270301T100000Z', 'SUMMARY:secret');
    await event('tentative', '20270301T094500Z', '20270301T103000Z', 'STATUS:TENTATIVE');
    await event('away', '20270301T113000Z', '20270301T114000Z', 'X-MICROSOFT-CDO-BUSYSTATUS:OOF');
    await event('free', '20270301T083000Z', '20270301T090000Z', 'TRANSP:TRANSPARENT');
    const span = (start: string, end?: string) =>
      t('ResolveRecipients:Availability', option('StartTime', start), end === undefined ? undefined : option('EndTime', end));
    const day = await one(address('robin'), span('2027-03-01T08:00:00.000Z', '2027-03-01T12:15:00.000Z'));
    const availability = first(day, 'Availability');
    assert.equal(status(availability), '1');
    assert.equal(availability?.text('ResolveRecipients:MergedFreeBusy'), '002210030');
    const week = await one(address('robin'), span('2027-03-01T00:00:00.000Z'));
    assert.equal(first(week, 'Availability')?.text('ResolveRecipients:MergedFreeBusy')?.length, 336);
    assert.equal(status(first(await one('Kim Key', span('2027-03-01T08:00:00.000Z')), 'Availability')), '163');
    for (const bad of [
      span('2027-03-01T08:00:00.000Z', '2027-03-01T08:29:00.000Z'),
      span('2027-03-01T08:00:00.000Z', '2027-05-01T08:00:00.000Z'),
      span('tomorrow'),
    ])
      assert.equal(status(await resolve([address('robin')], bad)), '5');
  });

  test('certificates of own contacts: 1, 7 none, 8 too many; mini ones there are none', async () => {
    const full = option('CertificateRetrieval', 2);
    const certificates = async (name: string, ...options: Tag[]) => first(await one(name, ...options), 'Certificates');
    const found = await certificates('Kim Key', full);
    assert.equal(status(found), '1');
    assert.equal(found?.text('ResolveRecipients:CertificateCount'), '1');
    assert.equal(found?.text('ResolveRecipients:Certificate'), leaf.der.toString('base64'));
    assert.equal(status(await certificates('Robert Other', full)), '7');
    assert.equal(status(await certificates('Kim Key', option('CertificateRetrieval', 3))), '7');
    assert.equal(status(await certificates('Kim Key', full, option('MaxCertificates', 0))), '8');
    assert.equal(await certificates('Kim Key', option('CertificateRetrieval', 1)), undefined);
  });

  test('pictures of own contacts: 1, 173 none, 174 too large, 175 too many', async () => {
    const picture = async (name: string, ...limits: Tag[]) =>
      first(await one(name, t('ResolveRecipients:Picture', limits)), 'Picture');
    const found = await picture('Kim Key');
    assert.equal(status(found), '1');
    assert.deepEqual(found?.child('ResolveRecipients:Data')?.value, new Uint8Array(PHOTO));
    assert.equal(status(await picture('Robert Other')), '173');
    assert.equal(status(await picture('Kim Key', option('MaxSize', 3))), '174');
    assert.equal(status(await picture('Kim Key', option('MaxPictures', 0))), '175');
  });

  test('Status 5: nobody, too many, too long, numbers that are none', async () => {
    assert.equal(status(await resolve([])), '5');
    assert.equal(status(await resolve(Array.from({ length: 101 }, (_, n) => `n${n}`))), '5');
    assert.equal(status(await resolve(['x'.repeat(257)])), '5');
    assert.equal(status(await resolve(['x'], option('CertificateRetrieval', 4))), '5');
    assert.equal(status(await resolve(['x'], option('MaxAmbiguousRecipients', 10_000))), '5');
    assert.equal(status(await resolve(['x'], option('MaxCertificates', 'many'))), '5');
  });

  test('the version decides what is told: availability since 14.0, pictures since 14.1', async () => {
    const old = await world.phone('rita', { deviceId: 'recipients140', version: '14.0' });
    const options = t(
      'ResolveRecipients:Options',
      t('ResolveRecipients:Availability', option('StartTime', '2027-03-01T08:00:00.000Z')),
      t('ResolveRecipients:Picture'),
    );
    const answer = await old.ask('ResolveRecipients', t('ResolveRecipients:ResolveRecipients', to(address('robin')), options));
    const recipient = answer.child('ResolveRecipients:Response', 'ResolveRecipients:Recipient');
    assert.deepEqual(
      recipient?.kids.map(({ local }) => local),
      ['Type', 'DisplayName', 'EmailAddress', 'Availability'],
    );
  });
});

describe('ValidateCert (MS-ASCMD 2.2.1.22)', () => {
  const base64 = (list: readonly { der: Buffer }[]) =>
    list.map(({ der }) => t('ValidateCert:Certificate', der.toString('base64')));
  const validate = async (list: readonly { der: Buffer }[], chain: readonly { der: Buffer }[] = [], ...more: Tag[]) => {
    const body = t(
      'ValidateCert:ValidateCert',
      chain.length > 0 ? t('ValidateCert:CertificateChain', base64(chain)) : undefined,
      t('ValidateCert:Certificates', base64(list)),
      more,
    );
    const answer = await phone.ask('ValidateCert', body);
    return [
      answer.text('ValidateCert:Status'),
      ...answer.all('ValidateCert:Certificate').map((each) => each.text('ValidateCert:Status')),
    ];
  };

  test('1 valid, 4 untrusted root, 6 not for mail, 10 unreadable, each for itself', async () => {
    const self = await make({ name: 'self@example.test' });
    const web = await make({ name: 'web', by: root, extensions: ['extendedKeyUsage=serverAuth'] });
    assert.deepEqual(await validate([leaf, self, web, { der: Buffer.from('x') }]), ['1', '1', '4', '6', '10']);
  });

  test('the chain is followed: 1 with it, 4 without, 3 with a wrong one, 9 through one who may not sign', async () => {
    const between = await make({ name: 'Between', by: root, extensions: AUTHORITY });
    const double = await make({ name: 'Between', by: root, extensions: AUTHORITY });
    const below = await make({ name: 'below@example.test', by: between });
    const under = await make({ name: 'under@example.test', by: leaf });
    assert.deepEqual(await validate([below], [between]), ['1', '1']);
    assert.deepEqual(await validate([below]), ['1', '4']);
    assert.deepEqual(await validate([below], [double]), ['1', '3']);
    assert.deepEqual(await validate([under], [leaf]), ['1', '9']);
  });

  test('CheckCRL: revocation is not known (16)', async () => {
    assert.deepEqual(await validate([leaf], [], t('ValidateCert:CheckCRL', 1)), ['1', '16']);
    assert.deepEqual(await validate([leaf], [], t('ValidateCert:CheckCRL', 0)), ['1', '1']);
  });

  test('2: no certificates, more than 100', async () => {
    assert.deepEqual(await validate([]), ['2']);
    assert.deepEqual(await validate(Array.from({ length: 101 }, () => leaf)), ['2']);
  });
});
