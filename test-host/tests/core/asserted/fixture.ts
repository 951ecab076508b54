// An app for assert.test.ts: calls of the raw API, and the contexts they may be made in or not.

import { ERR_OK, type Err } from '../../../../firmware/stack/core/err.js';
import {
  netifAdd,
  netifSetAddr,
  netifSetDown,
  netifSetLinkDown,
  netifSetLinkUp,
  netifSetUp,
} from '../../../../firmware/stack/core/netif.js';
import type { StackEnv } from '../../../../firmware/stack/core/stack.js';
import { sysMsleep } from '../../../../firmware/stack/core/sys.js';
import { taskStart } from '../../../../firmware/stack/core/task.js';
import {
  tcpipCallback,
  tcpipEnter,
  tcpipIrq,
  tcpipLeave,
  tcpipLock,
  tcpipTryCallback,
  tcpipTurn,
  tcpipUnlock,
} from '../../../../firmware/stack/core/tcpip.js';
import { sysTimeout, sysUntimeout } from '../../../../firmware/stack/core/timers.js';
import { dhcpReleaseAndStop, dhcpStart } from '../../../../firmware/stack/dhcp/dhcp.js';
import { dnsGethostbyname, dnsSetserver } from '../../../../firmware/stack/dns/dns.js';
import { pingNew, pingRemove } from '../../../../firmware/stack/icmp/ping.js';
import { createStack } from '../../../../firmware/stack/init.js';
import { rawNew, rawRemove } from '../../../../firmware/stack/raw/raw.js';
import { tcpAbort, tcpArg, tcpBind, tcpClose, tcpNew, tcpWrite } from '../../../../firmware/stack/tcp/tcp.js';
import { udpBind, udpNew, udpRemove } from '../../../../firmware/stack/udp/udp.js';

export interface Probe extends StackEnv {
  /** Exported name of each call, and the call. */
  calls: [name: string, call: () => void][];
  /** Runs something in a context. */
  contexts: Record<string, (fn: () => void) => void>;
  turn: () => void;
  taskError: (message: string) => void;
}

function main(probe: Probe): void {
  const stack = createStack(probe, { MEMP_NUM_RAW_PCB: 4 });
  const init = (): Err => ERR_OK;
  const netif = netifAdd(stack, 0x0a000001, 0xffffff00, 0, null, init, init)!;
  const tcp = tcpNew(stack)!;
  const udp = udpNew(stack)!;
  const raw = rawNew(stack, 200)!;
  const ping = pingNew(stack)!;
  const nothing = (): void => undefined;
  netifSetUp(netif);
  stack.sys.onTaskError = (e) => probe.taskError(String(e));
  probe.calls = [
    ['tcpNew', () => tcpAbort(tcpNew(stack)!)],
    ['tcpArg', () => tcpArg(tcp, 1)],
    ['tcpBind', () => tcpBind(tcp, 0, 80)],
    ['tcpWrite', () => tcpWrite(tcp, new Uint8Array(1), 1)],
    ['tcpClose', () => tcpClose(tcp)],
    ['udpNew', () => udpRemove(udpNew(stack)!)],
    ['udpBind', () => udpBind(udp, 0, 7)],
    ['rawNew', () => rawRemove(rawNew(stack, 201)!)],
    ['rawRemove', () => rawRemove(raw)],
    ['dnsSetserver', () => dnsSetserver(stack, 0, 0x0a000002)],
    ['dnsGethostbyname', () => dnsGethostbyname(stack, '10.0.0.1', { addr: 0 }, nothing, 0)],
    ['netifSetAddr', () => netifSetAddr(netif, 0x0a000001, 0xffffff00, 0)],
    ['netifSetLinkUp', () => netifSetLinkUp(netif)],
    ['netifSetLinkDown', () => netifSetLinkDown(netif)],
    ['netifSetDown', () => netifSetDown(netif)],
    ['dhcpStart', () => dhcpStart(netif)],
    ['dhcpReleaseAndStop', () => dhcpReleaseAndStop(netif)],
    ['sysTimeout', () => sysTimeout(stack, 1, nothing, 0)],
    ['sysUntimeout', () => sysUntimeout(stack, nothing, 0)],
    ['pingRemove', () => pingRemove(ping)],
  ];
  const locked = (fn: () => void): void => {
    tcpipLock(stack);
    try {
      fn();
    } finally {
      tcpipUnlock(stack);
    }
  };
  probe.contexts = {
    'main program': (fn) => fn(),
    'main program with the lock': locked,
    'message': (fn) => {
      tcpipCallback(stack, fn, 0);
      probe.turn();
    },
    'time-out': (fn) => {
      locked(() => sysTimeout(stack, 0, fn, 0));
      probe.turn();
    },
    'frame': (fn) => tcpipTurn(stack, fn),
    'task': (fn) => {
      const task = taskStart(
        stack,
        (function* () {
          yield sysMsleep(stack, 1);
          fn();
        })(),
      );
      while (!task.end.settled) probe.turn();
    },
    'task with the lock': (fn) => {
      taskStart(
        stack,
        (function* () {
          yield tcpipLock(stack);
          fn();
          tcpipUnlock(stack);
        })(),
      );
      probe.turn();
    },
    'API call': (fn) => {
      tcpipEnter(stack);
      tcpipLeave(stack, fn());
    },
    'interrupt': (fn) => tcpipIrq(stack, 'INT0', fn),
    'interrupt of the core': (fn) => tcpipTurn(stack, () => tcpipIrq(stack, 'INT0', fn)),
    'interrupt, by way of the mailbox': (fn) => {
      tcpipIrq(stack, 'INT0', () => tcpipTryCallback(stack, fn, 0));
      probe.turn();
    },
    'lock in an interrupt': () => tcpipIrq(stack, 'INT0', () => tcpipLock(stack)),
    'API call in an interrupt': () => tcpipIrq(stack, 'INT0', () => tcpipEnter(stack)),
    'unlock without the lock': () => tcpipUnlock(stack),
  };
  probe.turn = () => tcpipTurn(stack, null);
}

main((JSON as unknown as { probe: Probe }).probe);
