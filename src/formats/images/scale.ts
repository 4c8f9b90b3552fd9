import type { Sharp, SharpOptions } from 'sharp';

type SharpFactory = (input: Uint8Array, options: SharpOptions) => Sharp;

/** A picture of more pixels is not opened: its memory would be four bytes for each. */
const MAX_PIXELS = 60_000_000;
const SECONDS = 10;
/** Pictures that are worked on at the same time in one process. */
const PARALLEL = 2;

/** Longest edge in pixels and JPEG quality, best first: the first that is small enough is taken. */
const SIZES: readonly (readonly [edge: number, quality: number])[] = [
  [480, 80],
  [320, 75],
  [200, 70],
  [96, 60],
];

/** First bytes of the formats that are opened. Others, such as SVG, could make a reader fetch or compute anything. */
const MAGIC: readonly string[] = ['ffd8ff', '89504e470d0a1a0a', '47494638', '52494646'];

/**
 * A picture as a JPEG of at most so many bytes, upright and without its metadata; null for bytes that are no picture or
 * can't be read. The work is done outside the main thread, bounded in pixels and time.
 */
export async function scaleImage(bytes: Uint8Array, maxBytes: number): Promise<Buffer | null> {
  const head = Buffer.from(bytes.subarray(0, 8)).toString('hex');
  if (!MAGIC.some((magic) => head.startsWith(magic))) return null;
  const sharp = await library();
  if (!sharp) return null;
  return turns(async () => {
    try {
      return await smallest(sharp, bytes, maxBytes);
    } catch {
      return null; // broken, too large or too slow
    }
  });
}

async function smallest(sharp: SharpFactory, bytes: Uint8Array, maxBytes: number): Promise<Buffer | null> {
  for (const [edge, quality] of SIZES) {
    const scaled = await sharp(bytes, { limitInputPixels: MAX_PIXELS, sequentialRead: true })
      .timeout({ seconds: SECONDS })
      .autoOrient()
      .resize(edge, edge, { fit: 'inside', withoutEnlargement: true })
      .flatten({ background: '#ffffff' })
      .jpeg({ quality })
      .toBuffer();
    if (scaled.length <= maxBytes) return scaled;
  }
  return null;
}

let loading: Promise<SharpFactory | null> | undefined;

/** The library has native parts: where there are none for the machine, large pictures are left out. */
function library(): Promise<SharpFactory | null> {
  loading ??= import('sharp').then(
    ({ default: sharp }) => {
      sharp.cache(false);
      sharp.concurrency(1);
      return sharp;
    },
    () => null,
  );
  return loading;
}

let running = 0;
const waiting: (() => void)[] = [];

async function turns<T>(work: () => Promise<T>): Promise<T> {
  if (running >= PARALLEL) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}
