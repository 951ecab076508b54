// Makes a stack: options, memory, and the protocols that the build includes.

import { acdInit } from './acd/acd.js';
import { arpInit } from './arp/etharp.js';
import { statsNew } from './core/stats.js';
import { memInit } from './core/mem.js';
import { mempInit } from './core/memp.js';
import * as opt from './core/opt.js';
import { PBUF_IP } from './core/pbuf.js';
import type { Stack, StackEnv } from './core/stack.js';
import { sysInit } from './core/sys.js';
import { dnsInit } from './dns/dns.js';
import { icmpInit } from './icmp/icmp.js';
import { igmpInit } from './igmp/igmp.js';
import { ip4Init } from './ip4/ip4.js';
import { loopifInit } from './link/loopif.js';
import { tcpInit } from './tcp/tcp_state.js';
import { udpInit } from './udp/udp.js';
import { dhcpInit } from './dhcp/dhcp.js';
import { autoipInit } from './autoip/autoip.js';

/**
 * Makes a host with its own memory, clock and interfaces.
 * @param env clock (ms) and randomness
 * @param options what differs from defaultOptions()
 * @throws Error naming every option that is unknown or does not fit (with LWIP_OPT_CHECK)
 */
export function createStack(env: StackEnv, options?: Partial<opt.StackOptions>): Stack {
  const o = opt.LWIP_OPTIONS_FIXED ? (null as unknown as opt.StackOptions) : optionsWith(options);
  // What a protocol's init fills in is absent in a build without it, and so is all code that would read it.
  const stack = {
    opt: o,
    random16: env.random16,
    wordSum: opt.LWIP_CHKSUM_ENGINE ? env.wordSum || null : null,
    zeros: opt.LWIP_CHKSUM_ENGINE ? new Uint8Array(PBUF_IP) : null,
    onPoolEmpty: null,
    netifHooks: [],
    netifDefault: null,
    netifs: null,
    freeTimeouts: null,
    timeouts: null,
    rawPcbs: null,
    mem: memInit(o.MEM_SIZE),
    memp: mempInit(o),
    poolBuffers: [],
    noBytes: new Uint8Array(0),
    freePbufs: null,
    clock: env.clock,
    stats: statsNew(),
  } as unknown as Stack;
  if (!opt.NO_SYS) sysInit(stack);
  if (opt.LWIP_ARP) arpInit(stack);
  if (opt.LWIP_ACD) acdInit(stack);
  ip4Init(stack);
  if (opt.LWIP_ICMP) icmpInit(stack);
  if (opt.LWIP_IGMP) igmpInit(stack);
  if (opt.LWIP_UDP) udpInit(stack);
  if (opt.LWIP_TCP) tcpInit(stack);
  if (opt.LWIP_DHCP) dhcpInit(stack);
  if (opt.LWIP_AUTOIP) autoipInit(stack);
  if (opt.LWIP_DNS) dnsInit(stack);
  if (opt.LWIP_NETIF_LOOPBACK) loopifInit(stack);
  return stack;
}

function optionsWith(own: Partial<opt.StackOptions> | undefined): opt.StackOptions {
  const o = opt.defaultOptions();
  const all = o as unknown as Record<string, number>;
  const bad: string[] = [];
  for (const k in own) {
    if (opt.LWIP_OPT_CHECK && all[k] === undefined) bad.push(k + ' is no option');
    all[k] = (own as Record<string, number>)[k]!;
  }
  if (opt.LWIP_OPT_CHECK) {
    const findings = bad.concat(opt.checkOptions(o));
    if (findings.length) throw new Error(findings.join('; '));
  }
  return o;
}
