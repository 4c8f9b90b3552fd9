import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commentOf, withComment } from '../../../../src/formats/images/jpeg-comment.js';
import { scaleImage } from '../../../../src/formats/images/scale.js';
import { noisyPicture, sizeOf } from '../../../support/images.js';

const LIMIT = 36 * 1024;

describe('pictures made smaller', () => {
  for (const format of ['jpeg', 'png', 'webp', 'gif'] as const) {
    it(`${format} becomes a JPEG that fits, in its proportions`, async () => {
      const large = await noisyPicture(900, 600, format);
      assert.ok(large.length > LIMIT);
      const small = await scaleImage(large, LIMIT);
      assert.ok(small && small.length <= LIMIT);
      const { width, height, type } = await sizeOf(small);
      assert.equal(type, 'jpeg');
      assert.ok(Math.abs(width / height - 1.5) < 0.02, `${width}x${height}`);
    });
  }

  it('stands upright, whatever the camera said', async () => {
    const small = await scaleImage(await noisyPicture(900, 600, 'jpeg', 6), LIMIT);
    assert.ok(small);
    const { width, height } = await sizeOf(small);
    assert.ok(height > width);
  });

  it('gets as small as it has to, and is given up where that is not enough', async () => {
    const large = await noisyPicture(600, 600, 'jpeg');
    assert.ok((await sizeOf((await scaleImage(large, 3_500)) as Buffer)).width < 200);
    assert.equal(await scaleImage(large, 100), null);
  });

  it('is none where the bytes are none, are cut off, or claim too much', async () => {
    const large = await noisyPicture(600, 600, 'png');
    const huge = Buffer.from(large);
    huge.writeUInt32BE(60_000, 16); // width and height of the header
    huge.writeUInt32BE(60_000, 20);
    const bad: Buffer[] = [
      Buffer.alloc(0),
      Buffer.from('hello'),
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      Buffer.from('ffd8ffe000104a464946', 'hex'),
      Buffer.concat([Buffer.from('ffd8ff', 'hex'), Buffer.alloc(100_000, 7)]),
      huge,
    ];
    for (const bytes of bad) assert.equal(await scaleImage(bytes, LIMIT), null);
  });

  it('many at once are all done', async () => {
    const large = await noisyPicture(400, 400, 'jpeg');
    const all = await Promise.all(Array.from({ length: 12 }, () => scaleImage(large, LIMIT)));
    assert.ok(all.every((small) => small !== null));
  });
});

describe('comments in JPEG files', () => {
  it('are read again, and change nothing else', async () => {
    const small = (await scaleImage(await noisyPicture(300, 300, 'jpeg'), LIMIT)) as Buffer;
    assert.equal(commentOf(small), undefined);
    const noted = withComment(small, 'gateway:ü');
    assert.equal(commentOf(noted), 'gateway:ü');
    assert.deepEqual(await sizeOf(noted), await sizeOf(small));
    assert.equal(noted.length, small.length + 4 + Buffer.byteLength('gateway:ü'));
  });

  it('are looked for in anything without harm', () => {
    for (const hex of ['', 'ff', 'ffd8', 'ffd8ffe0', 'ffd8fffe', 'ffd8fffe0000', 'ffd8fffeffff61', 'ffd80000', '89504e47'])
      assert.doesNotThrow(() => commentOf(Buffer.from(hex, 'hex')));
    assert.equal(commentOf(Buffer.from('ffd8fffeffff61', 'hex')), 'a');
  });
});
