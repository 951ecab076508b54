// The recorded conversations that the fuzzer starts from; record.ts makes the file.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DIRECTION_OUTBOUND, readPcapng } from '../sim/pcapng.js';

export const CORPUS = fileURLToPath(new URL('corpus/linux.pcapng', import.meta.url));

export interface Recorded {
  frame: Uint8Array;
  /** Whether the host of ours sent it; else the kernel did. */
  outbound: boolean;
}

export function readCorpus(): Recorded[] {
  return readPcapng(readFileSync(CORPUS)).packets.map((p) => ({
    frame: p.data,
    outbound: p.direction === DIRECTION_OUTBOUND,
  }));
}
