import qrcode from 'qrcode-generator';

/** Quiet modules around the code (ISO/IEC 18004). */
const MARGIN = 4;
/** Longer texts make codes that telephones can't read off a screen. */
const MAX_CHARS = 800;

/** The modules of a QR code, true for dark; error correction level M, the smallest size that fits. @throws Error for too long a text */
export function qrModules(text: string): readonly (readonly boolean[])[] {
  if (text.length > MAX_CHARS) throw new Error('too long for a QR code');
  const code = qrcode(0, 'M');
  code.addData(text, 'Byte');
  code.make();
  const size = code.getModuleCount();
  return Array.from({ length: size }, (_r, row) => Array.from({ length: size }, (_c, column) => code.isDark(row, column)));
}

/** The same as an SVG element that fills the width it is given. Text of ASCII alone. */
export function qrSvg(text: string, label: string): string {
  const modules = qrModules(text);
  const size = modules.length + 2 * MARGIN;
  const dark = modules.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x + MARGIN} ${y + MARGIN}h1v1h-1z`] : [])));
  const frame = `xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" role="img" aria-label="${label}"`;
  return `<svg ${frame} shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${size}v${size}h-${size}z"/><path d="${dark.join('')}"/></svg>`;
}
