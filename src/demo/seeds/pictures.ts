import { deflateSync } from 'node:zlib';

/** Drawn portraits of 96 by 96 pixels, JPEG in base64: ActiveSync carries contact pictures as JPEG. */
export const PORTRAITS = {
  carol: [
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAwICQsJCAwLCgsODQwOEh4UEhEREiUbHBYeLCcuLisnKyoxN0Y7MTRCNCorPVM+QkhKTk9OLztWXFVMW0ZNTkv/',
    '2wBDAQ0ODhIQEiQUFCRLMisyS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0v/wAARCABgAGADASIAAhEBAxEB/8QA',
    'GwAAAQUBAQAAAAAAAAAAAAAAAAIDBAUGAQf/xAA4EAABBAECAwUDCQkAAAAAAAABAAIDEQQFEiExQQYiUWGBcZHwFBYyU5KhscHREyMkNUNSc9Lh/8QAGQEA',
    'AwEBAQAAAAAAAAAAAAAAAAQFAwEC/8QAIBEAAgICAgMBAQAAAAAAAAAAAAECEQMEITESMkFRgf/aAAwDAQACEQMRAD8AtLRaRaLVUmi7RaRaLQAu0Wo8+VDj',
    'N3TStYKJG48TXh4qtd2iww4gMmcAeYaKP3rOWSEPZmkcc5eqLq0WqT5yYn1c/wBkfqrHGzcfKH7iZrzV0Dxr2c0Rywk6TCWKceWiVaLSLRa0MxdotItFoAbt',
    'Fpvcjcg6OWoOp6mzBjoU6Zw7rfzPkpW5ZHUck5WZJJutt0zn9Eckts5Xjjx2xjXxLJLnpDU88uRIXzPc9x6kptCFIbvllZKugSo5HxPD43OY4ci00QkoQBqN',
    'I1YZbRFMQJwPR/n7fL4FnaxEEz4JmSxmnMNhbJkjZGNew21wBB8lV1czyRqXaJeziUJWumO2i03uRuTYqN2i0i0WgBdrL4WmZueQMXGklBJG4Cmg1dFx4BaW',
    '1fdnwBhODQABIQAOnAJLdjcVL8HdOVScf0z2J2HkNHLzGNp3FsTS62+01R59Cp/zJ0767K+23/VXGsaizStNnzXsdIIgO6DVkkAfeQmOzuss1zAOU2F0JbIY',
    '3MLt3EUeB68COil06so2rogP7F6a57nCTJYCbDQ8UPLiLUHM7D/Tdh5nhtZK3324evRaTWNRZpWmz5r2OkEQHdBqySAPvITHZ3WWa5gHKbC6EtkMbmF27iKP',
    'A9eBHRFOrC1dGB1HRs/TnO+UY7/2bf6rRuZV0DfT14q+wj/BY/8Ajb+C0+r/AMul9PxCzTaa0NaAABQA6Kjox4cv4IbkuVEctFpFotUBAbtFpFotdAXav+zs',
    'gdjyx8ba/cfUf8WdtStMy/kmYyQnuHuv9h+L9FhsY3kxtI2wT8Jps1kjGSsdHI1r2OBDmuFgg8wQkwQRY8TYoImRRt5MY0NA9AltcHNDmkFpFgjkVTZ8etsn',
    'ccWZskTiS0AMBaPA2PilDLUV5fS4kYyVjo5GtexwIc1wsEHmCEmCCLHibFBEyKNvJjGhoHoFSY8evySBsszYWdXODD7gBzV+gJRr6V+uSBmnuBu3uDR77/JZ',
    'q1N1vNGVlbY3B0cQoEciep+PBV9q1q43DHz9I+xNTycfBdotItFpkXG7Rab3I3IOjlotNPkDBZ9yjvlc/meHguOSR6UbL3TNcGATFMS+HmA3iWny/RX8Or6f',
    'M0uZlxAA133bT7jSwFotJZdeGR+XQ1jzSgq7PQJdVwImF7suEgf2vDj7hxVJqnaBmS0wYri2M2HOIou9nks1aLXMetCD8uzs88pquiwtFqCyRzOR9FIjlDx4',
    'HwTqkmKOND1otN7kbl6PI3a45+0Wk2m5HWa8FyTpHpK2cc4uNlcXELE1OoXEIA6hcQgDqAaNjmuIQBJY/cPNdtR2Op3tTtraLtGTVM//2Q==',
  ].join(''),
  dave: [
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAwICQsJCAwLCgsODQwOEh4UEhEREiUbHBYeLCcuLisnKyoxN0Y7MTRCNCorPVM+QkhKTk9OLztWXFVMW0ZNTkv/',
    '2wBDAQ0ODhIQEiQUFCRLMisyS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0v/wAARCABgAGADASIAAhEBAxEB/8QA',
    'GwAAAQUBAQAAAAAAAAAAAAAAAAIDBAUGAQf/xAA9EAABBAECAwQDCw0AAAAAAAABAAIDEQQFEiExQQZRYZEycYEHEyIjQqGxssHh8BQVFyU1UlRidIKS0dL/',
    'xAAZAQACAwEAAAAAAAAAAAAAAAAABAEDBQL/xAAfEQACAgIDAQEBAAAAAAAAAAAAAQIDETEEEiETQVH/2gAMAwEAAhEDEQA/ANjaLTdotYRojlotN2i0AOWi',
    '1CztRxNPj35mTFCCCRvdRdXOhzPsWfk90DSWSOa2LLeASA5rG07xFuB813GuctI5ckts1totZD9IWl/w+Z/gz/pX+n6xgakAcPLilJBdsBpwANWWniPJTKuc',
    'fWgUovTLC0Wm7RarOhy0Wm7RaAEWi0i0WgkXapO03aOHQ8em7ZMuQfFxXy/md4fT5kXFryLtDqLtU1fIyN++PcWxc62DgKB5Xz9ZKY49Ssl7pFdsuq8Iubm5',
    'OfOZ8uZ80h6uN0Luh3DieA4JhCFqJY0JAlwTy48rZYJXxSN5PY4tI9oSEIA9M7J9qW6tGMXLLWZzRz5CUDqPHvHtHhpbXiuDly4GZDlQGpInBw4mj4Guh5Fe',
    'xwTx5EEc0Tt0cjQ9pqrBFhZnIqUJZWmOVT7LDH7RaRaLSxaN2i0i0Wg6F2vGocaac/FRucOV1w817FazPaFjY8uJkbQ1jYQGtaKAFngE1xrOra/pVbDtgycW',
    'iuPGWUDjyaLsetP/AJmx/wB+XzH+lNyJRBC6Qgnb0ScTIGTFvDS2jRF2m+0n6VdYrwinRsYkkOkAPQEcPmTEui8zDL6g8fb9ys8iUQQukIJ29EnEyBkxbw0t',
    'o0RdqFKWMg4x0Z/Iw58cn3yM7R8ocR5r1bQz+pdP/po/qhZ3Q/2pB/d9UrVMa2NjWRtDWNADWtFADuCW5NnbESyuHX0dtFpFotKFwi0Wm7RaCRy1n+0bCMiK',
    'ThTmbR7D96vLUXUsf8rxHxj0x8JnrH4pd1y6yyRJZRlSA4EEAg8wUNa1jQ1rQ0DoBSU4Fri1wIINEHolN2VxHFPFUY5Y2QHAggEHmChrWsaGtaGgdAKTh2dB',
    'aQpCUcfpYaEwv1FjhVMaXHyr7Vp7VZo2KcbGLngiSQ2Qeg6D8d6n2kbZdpFsVhDlotN2i1WSI3I3JFotB0L3I3KNlZTMaPc7iT6Le9UuVmy5JIc4hnRg5fem',
    'aeNO33SKLbo1+fpL1dmLKS5sjWzt5gAnd4GuqqNp7k4haUeNGMcZE3yJN5wN7T3Kx0pmMyQSTyN98+S0jg3xJ5WoSEPjRaxkFyJJ5wavcjcs1j5UuObjeQOr',
    'TyKucPNZlNNDa8c22s67izqWdobqvjZ5pkzcjckWi0qMDdpuedsETnuPLkO89y7aqtUnL5REL2s5+JV9FX1mo/hXdP5wyRppnzyF8hsn5k2uIW6kksIyG23l',
    'nULiEAdQuIQB1Kje6N4ew04ciEhCGs+Bov8ADyRkxB3APHpAdE/aotPmMWQ0fJf8Ej6FdWsPk1fKeFpmtRZ9IZez/9k=',
  ].join(''),
} as const;

type Rgb = readonly [number, number, number];

/** A PNG of that size whose pixels `paint` decides. */
export function png(width: number, height: number, paint: (x: number, y: number) => Rgb): Buffer {
  const rows = Buffer.alloc((width * 3 + 1) * height); // each row starts with its filter type, 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows.set(paint(x, y), y * (width * 3 + 1) + 1 + x * 3);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8); // 8 bits, RGB
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)]);
}

/** The checksum of PNG chunks (ISO 3309); `node:zlib` has it only since 20.15. */
function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** A bar chart, good enough for a monthly report. */
export function chart(): Buffer {
  const bars = [42, 55, 51, 68, 74, 71, 88, 96];
  return png(320, 160, (x, y) => {
    const bar = bars[Math.floor((x - 16) / 36)];
    const inside = bar !== undefined && (x - 16) % 36 < 26 && x >= 16 && y >= 140 - bar && y < 140;
    if (inside) return [46, 108, 170];
    return y === 140 ? [90, 90, 90] : [250, 250, 248];
  });
}

/** A landscape at dusk. */
export function landscape(): Buffer {
  return png(400, 260, (x, y) => {
    const hills = 170 + 24 * Math.sin(x / 47) + 11 * Math.sin(x / 17);
    if (y > hills) return [38, 70 + Math.round((y - hills) / 3), 52];
    if ((x - 290) ** 2 + (y - 90) ** 2 < 900) return [255, 214, 130];
    return [Math.min(255, 90 + y), Math.min(255, 110 + Math.round(y / 2)), Math.max(60, 190 - Math.round(y / 2))];
  });
}
