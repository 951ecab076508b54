// The context that every call works on: one Stack is one host. Nothing in firmware/ keeps module-level state, so
// several stacks can live in one process. createStack() in ../init.ts makes one; each protocol owns its own
// fields' contents.

import type { MemHeap } from './mem.js';
import type { MempPool } from './memp.js';
import type { Netif, NetifHook } from './netif.js';
import type { StackOptions } from './opt.js';
import type { Pbuf } from './pbuf.js';
import type { SysState } from './sys.js';
import type { SysTimeo } from './timers.js';
import type { AcdState } from '../acd/acd.js';
import type { ArpState } from '../arp/etharp.js';
import type { DnsState } from '../dns/dns.js';
import type { IcmpState } from '../icmp/icmp.js';
import type { IgmpState } from '../igmp/igmp.js';
import type { Ip4State } from '../ip4/ip4.js';
import type { RawPcb } from '../raw/raw.js';
import type { TcpState } from '../tcp/tcp_state.js';
import type { UdpState } from '../udp/udp.js';

/** What a stack asks of its surroundings. */
export interface StackEnv {
  /** Milliseconds, an integer that may wrap at 2^32. */
  clock: () => number;
  /** An integer in [0, 65535] that outsiders cannot guess. */
  random16: () => number;
  /**
   * With LWIP_CHKSUM_ENGINE: sums the whole buffer of an array by hardware, in 32-bit words of the machine's order, carries
   * added in again; without the bytes behind the last whole word. 0 only when all are 0.
   */
  wordSum?: WordSum | null;
}

export type WordSum = (words: Uint32Array) => number;

export interface Stack {
  opt: StackOptions;
  random16: () => number;
  wordSum: WordSum | null;
  /** As many as an Ethernet and an IP header take: to clear them with. */
  zeros: Uint8Array;
  /** Called when receive buffers run out; returns whether any were freed. Set by tcp/. */
  onPoolEmpty: ((stack: Stack) => boolean) | null;
  netifHooks: NetifHook[];
  netifDefault: Netif | null;
  netifs: Netif | null;
  freeTimeouts: SysTimeo | null;
  timeouts: SysTimeo | null;
  /** The core context; not in builds with NO_SYS. */
  sys: SysState;
  dns: DnsState;
  acd: AcdState;
  rawPcbs: RawPcb | null;
  igmp: IgmpState;
  icmp: IcmpState;
  udp: UdpState;
  arp: ArpState;
  ip4: Ip4State;
  mem: MemHeap;
  memp: MempPool[];
  /** Own buffers of the receive pool that are not in use. */
  poolBuffers: Uint8Array[];
  /** What a freed pbuf points at. */
  noBytes: Uint8Array;
  freePbufs: Pbuf | null;
  clock: () => number;
  tcp: TcpState;
  stats: number[];
}
