// The recorded conversations that the fuzzer starts from; record.ts makes the file.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DIRECTION_OUTBOUND, readPcapng } from '../sim/pcapng.js';
import { get16, ICMP, isArp, isIp, protocol, TCP, transportAt, UDP } from './frame.js';

export const CORPUS = fileURLToPath(new URL('corpus/linux.pcapng', import.meta.url));

export interface Recorded {
  frame: Uint8Array;
  /** Whether the host of ours sent it; else the kernel did. */
  outbound: boolean;
}

export function readCorpus(): Recorded[] {
  return readPcapng(readFileSync(CORPUS)).packets.map((p) => ({
    // A copy: a Buffer's slice() would still be the file.
    frame: Uint8Array.from(p.data),
    outbound: p.direction === DIRECTION_OUTBOUND,
  }));
}

/**
 * The recorded frames by what they are, so that each kind gets its share whatever its number. TCP, which has most to
 * it, counts several times.
 */
export function byKind(corpus: Recorded[]): Recorded[][] {
  const kinds = new Map<string, Recorded[]>();
  for (const recorded of corpus) {
    const kind = kindOf(recorded);
    kinds.set(kind, [...(kinds.get(kind) ?? []), recorded]);
  }
  const tcp = kinds.get('tcp') ?? [];
  return [...kinds.values(), tcp, tcp, tcp, tcp, tcp, tcp];
}

function kindOf({ frame, outbound }: Recorded): string {
  if (isArp(frame)) return 'arp';
  if (!isIp(frame)) return 'other';
  const proto = protocol(frame);
  if (proto === TCP) return 'tcp';
  if (proto === ICMP) return frame[transportAt(frame)] === 3 ? 'icmp error' : 'icmp';
  if (proto !== UDP) return 'fragment';
  const ports = [get16(frame, transportAt(frame)), get16(frame, transportAt(frame) + 2)];
  if (ports.includes(67)) return outbound ? 'dhcp request' : 'dhcp reply';
  return ports.includes(53) ? 'dns' : 'udp';
}
