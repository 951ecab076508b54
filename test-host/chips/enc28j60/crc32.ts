// The Ethernet CRC (IEEE 802.3, 3.2.9): the FCS of a frame, and the hash that the receive filter takes from it.

const TABLE = new Uint32Array(256);
for (let i = 0; i < 256; i++) {
  let c = i;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  TABLE[i] = c >>> 0;
}

/** The CRC register after `data[from..to)`, bits reflected, not complemented. */
function remainder(data: Uint8Array, from: number, to: number): number {
  let c = 0xffffffff;
  for (let i = from; i < to; i++) c = TABLE[(c ^ data[i]!) & 255]! ^ (c >>> 8);
  return c;
}

/** The FCS of `data[from..to)`; it goes on the wire low byte first. */
export function fcs(data: Uint8Array, from = 0, to = data.length): number {
  return ~remainder(data, from, to) >>> 0;
}

/**
 * The hash table bit of a destination address: bits 28:23 of its CRC, seen as the shift register holds it, most
 * significant bit first and not complemented. DS39662E, 8.4 and register 8-1.
 */
export function hashBit(frame: Uint8Array): number {
  const r = remainder(frame, 0, 6);
  let bit = 0;
  // Bit n of the register is bit 31 - n of the reflected one.
  for (let n = 28; n >= 23; n--) bit = (bit << 1) | ((r >>> (31 - n)) & 1);
  return bit;
}
