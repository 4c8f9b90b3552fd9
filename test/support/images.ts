import sharp from 'sharp';

/** A picture that can hardly be compressed, the same in each run. @param orientation as a camera notes it (1 to 8) */
export async function noisyPicture(
  width: number,
  height: number,
  format: 'jpeg' | 'png' | 'webp' | 'gif',
  orientation = 1,
): Promise<Buffer> {
  const pixels = Buffer.alloc(width * height * 3);
  let state = 12_345;
  for (let at = 0; at < pixels.length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    pixels[at] = state >>> 24;
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .withMetadata({ orientation })
    .toFormat(format)
    .toBuffer();
}

export async function sizeOf(picture: Uint8Array): Promise<{ width: number; height: number; type: string }> {
  const { width, height, format } = await sharp(picture).metadata();
  return { width, height, type: format };
}
