import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_PICTURE } from '../../../../../src/faces/eas/classes/contact-pictures.js';
import { contactsClass } from '../../../../../src/faces/eas/classes/contacts.js';
import { foldLine } from '../../../../../src/formats/content-lines.js';
import { el } from '../../../../../src/formats/wbxml/tree.js';
import { noisyPicture, sizeOf } from '../../../../support/images.js';
import { at, data, echo, lines, render, sent, shown, touched } from './support.js';

const card = (photo: string, uid = 'u', version = '3.0') =>
  lines('BEGIN:VCARD', `VERSION:${version}`, `UID:${uid}`, 'FN:Ada', 'N:Ada;;;;', photo, 'END:VCARD');
const photo3 = (data: string) => foldLine(`PHOTO;ENCODING=b;TYPE=JPEG:${data}`);
const show = async (stored: string) => {
  await contactsClass.prepare?.(stored);
  return render(contactsClass, stored, shown('16.1'));
};

describe('pictures of contacts (MS-ASCNTC Picture: at most 48 KB)', async () => {
  const large = (await noisyPicture(1200, 900, 'jpeg')).toString('base64');
  const other = (await noisyPicture(1000, 1000, 'png')).toString('base64');
  assert.ok(large.length > 4 * MAX_PICTURE);

  it('is scaled when it is larger, in both versions of the card', async () => {
    const four = card(foldLine(`PHOTO:data:image/jpeg;base64,${large}`), 'u', '4.0');
    for (const stored of [card(photo3(large)), four]) {
      const picture = at(await show(stored), 'Contacts:Picture') as string;
      assert.ok(picture.length > 1000 && picture.length <= MAX_PICTURE, String(picture.length));
      const { width, height, type } = await sizeOf(Buffer.from(picture, 'base64'));
      assert.ok(type === 'jpeg' && width >= 200 && width > height);
    }
  });

  it('stays as it is when it is small enough', async () => {
    const small = Buffer.alloc(30_000, 1).toString('base64');
    assert.equal(at(await show(card(photo3(small))), 'Contacts:Picture'), small);
  });

  it('keeps the original when the small one comes back, with an edit and without', async () => {
    const stored = card(photo3(large));
    const item = await show(stored);
    assert.equal(contactsClass.apply(stored, echo(item), sent('16.1')), stored);
    const edited = contactsClass.apply(stored, echo(item, el('Contacts:JobTitle', 'x')), sent('16.1'));
    assert.deepEqual(touched(stored, edited), ['TITLE']);
  });

  it('keeps a newer original when the small one of an older comes back', async () => {
    const item = await show(card(photo3(large)));
    for (const newer of [card(photo3(other)), card(photo3('/9j/4AAQ')), card('X-NONE:1')])
      assert.equal(contactsClass.apply(newer, echo(item), sent('16.1')), newer);
  });

  it('takes another picture from the phone, also one copied from another contact', async () => {
    const stored = card(photo3(large));
    const fresh = Buffer.from('ffd8ffe0000102', 'hex').toString('base64');
    const edit = (picture: string) => contactsClass.apply(stored, data(el('Contacts:Picture', picture)), sent('16.1'));
    assert.ok(edit(fresh).includes(`PHOTO;ENCODING=b;TYPE=JPEG:${fresh}`));
    const copied = at(await show(card(photo3(large), 'another')), 'Contacts:Picture') as string;
    assert.notEqual(edit(copied), stored);
  });

  it('is left out where it can’t be read, and stays in the card', async () => {
    const broken = Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(60_000, 3)]).toString('base64');
    const stored = card(photo3(broken));
    const item = await show(stored);
    assert.equal(at(item, 'Contacts:Picture'), undefined);
    assert.equal(contactsClass.apply(stored, echo(item), sent('16.1')), stored);
  });

  it('was made ready once for the same original', async () => {
    const stored = card(photo3(other));
    const first = at(await show(stored), 'Contacts:Picture');
    assert.equal(at(render(contactsClass, stored, shown('14.1')), 'Contacts:Picture'), first);
  });
});
