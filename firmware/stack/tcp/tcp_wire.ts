// The TCP header (RFC 9293, 3.1): offsets, flags, options. What bytes mean, not what happens.

export const IP_PROTO_TCP = 6;
export const TCP_HLEN = 20;

export const TCP_SRC = 0;
export const TCP_DST = 2;
export const TCP_SEQ = 4;
export const TCP_ACKNO = 8;
/** Data offset in the high half byte, words. */
export const TCP_OFFSET = 12;
export const TCP_FLAGS = 13;
export const TCP_WND = 14;
export const TCP_CHKSUM = 16;
export const TCP_URGP = 18;

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;

const OPT_END = 0;
const OPT_NOP = 1;
const OPT_MSS = 2;
export const OPT_MSS_LEN = 4;

/** RFC 9293, 3.7.1: what to assume of a peer that sends no MSS option. */
export const MSS_DEFAULT = 536;
/** A peer that asks for less gets this. */
export const MSS_MIN = 64;

/**
 * Finds the MSS option among the options at `o` to `end`; all others are skipped (RFC 9293, 3.2).
 * @returns the value, 0 when there is none, -1 when the list is malformed before it
 */
export function tcpReadMss(b: Uint8Array, o: number, end: number): number {
  while (o < end) {
    const kind = b[o]!;
    if (kind === OPT_END) return 0;
    if (kind === OPT_NOP) {
      o++;
      continue;
    }
    const len = o + 1 < end ? b[o + 1]! : 0;
    // RFC 9293, 3.1 (MUST-7): illegal lengths do no harm.
    if (len < 2 || o + len > end) return -1;
    if (kind === OPT_MSS) return len === OPT_MSS_LEN ? (b[o + 2]! << 8) | b[o + 3]! : -1;
    o += len;
  }
  return 0;
}

/** Writes an MSS option. */
export function tcpWriteMss(b: Uint8Array, o: number, mss: number): void {
  b[o] = OPT_MSS;
  b[o + 1] = OPT_MSS_LEN;
  b[o + 2] = mss >> 8;
  b[o + 3] = mss;
}
