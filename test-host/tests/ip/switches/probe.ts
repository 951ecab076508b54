// An app for switches.test.ts: one stack on an interface whose frames go to and come from the test.

import { etharpAddStatic, etharpOutput } from '../../../../firmware/stack/arp/etharp.js';
import { netifAdd, netifSetLinkUp, netifSetUp, type Netif } from '../../../../firmware/stack/core/netif.js';
import {
  PBUF_POOL,
  PBUF_RAW,
  pbufAlloc,
  pbufAllocRx,
  pbufFree,
  type Pbuf,
} from '../../../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../../../firmware/stack/core/pbuf_data.js';
import type { StackEnv } from '../../../../firmware/stack/core/stack.js';
import { sysCheckTimeouts } from '../../../../firmware/stack/core/timers.js';
import { createStack } from '../../../../firmware/stack/init.js';
import { ethernetInput } from '../../../../firmware/stack/link/ethernet.js';
import {
  udpBind,
  udpConnect,
  udpErr,
  udpNew,
  udpRecv,
  udpSendto,
  type UdpPcb,
} from '../../../../firmware/stack/udp/udp.js';

/** What the test hands in, and gets back. */
export interface Probe extends StackEnv {
  mac: Uint8Array;
  sent: (frame: Uint8Array) => void;
  received: (pcb: number, text: Uint8Array) => void;
  failed: (err: number) => void;
  input: (frame: Uint8Array) => void;
  poll: () => void;
  addStatic: (ip: number, mac: Uint8Array) => number;
  used: () => number[];
  /** Connects the second PCB. @returns an error code */
  connect: (ip: number, port: number) => number;
  /** Takes a packet from the pool and frees it. @returns whether there was one, in buffers that are kept */
  pool: (length: number) => boolean;
}

/** Two PCBs share port 7, and answer what is sent to it. */
function main(probe: Probe): void {
  const stack = createStack(probe);
  const netif = netifAdd(
    stack,
    0x0a000002,
    0xffffff00,
    0x0a000001,
    null,
    (n: Netif) => {
      n.hwaddr = probe.mac;
      n.flags |= 0x1a;
      n.output = etharpOutput;
      n.linkoutput = (_n, p: Pbuf) => {
        probe.sent(pbufBytes(p));
        return 0;
      };
      return 0;
    },
    ethernetInput,
  )!;
  netifSetUp(netif);
  netifSetLinkUp(netif);
  const pcbs = [listen(0), listen(1)];
  probe.input = (frame) => {
    netif.input(pbufAllocRx(stack, frame, 0, frame.length)!, netif);
  };
  probe.poll = () => sysCheckTimeouts(stack);
  probe.addStatic = (ip, mac) => etharpAddStatic(netif, ip, mac);
  probe.used = () => stack.memp.map((pool) => pool.used);

  probe.connect = (ip, port) => udpConnect(pcbs[1]!, ip, port);
  probe.pool = (length) => {
    const p = pbufAlloc(stack, PBUF_RAW, length, PBUF_POOL);
    if (!p) return false;
    const bytes = p.payload;
    pbufFree(p);
    const again = pbufAlloc(stack, PBUF_RAW, length, PBUF_POOL)!;
    const kept = again.payload === bytes;
    pbufFree(again);
    return kept;
  };

  function listen(i: number): UdpPcb {
    const pcb = udpNew(stack)!;
    pcb.soOptions = 4;
    udpBind(pcb, 0, 7);
    udpErr(pcb, (_arg, _pcb, err) => probe.failed(err), null);
    udpRecv(
      pcb,
      (_arg, _pcb, p, addr, port) => {
        probe.received(i, pbufBytes(p));
        udpSendto(pcb, p, addr, port);
        pbufFree(p);
      },
      null,
    );
    return pcb;
  }
}

main((JSON as unknown as { probe: Probe }).probe);
