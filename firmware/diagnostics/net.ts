// The object that a user finds at the prompt as `net`: one method a command, as far as the build has what it shows.

import { tcpipEnter, tcpipLeave } from '../stack/core/lock.js';
import { LWIP_ARP, LWIP_DNS, LWIP_RAW, LWIP_STATS, NO_SYS } from '../stack/core/opt.js';
import type { Stack } from '../stack/core/stack.js';
import { arp } from './arp.js';
import { chip } from './chip.js';
import { left } from './columns.js';
import { show, type Diagnostics, type Heap } from './console.js';
import { ifconfig } from './ifconfig.js';
import { memp } from './memp.js';
import { netstat } from './netstat.js';
import { ping } from './ping.js';
import { resolve } from './resolve.js';
import { stats } from './stats.js';

/** A command as it is typed: prints, returns nothing, throws nothing. */
export type Command = (a?: unknown, b?: unknown) => void;

/**
 * Makes the commands.
 * @param print writes one line to the console
 * @param memory the engine's heap, bytes
 * @param report what the network chip's driver tells of it, a line each; null for no such command
 */
export function netCommands(
  stack: Stack,
  print: (line: string) => void,
  memory: () => Heap,
  report: (() => string[]) | null,
): Record<string, Command> {
  const d: Diagnostics = { stack, print, memory, report, help: [], waiting: [], ping: null };
  const net: Record<string, Command> = {};
  const add = function (
    name: string,
    args: string,
    what: string,
    run: (d: Diagnostics, a?: unknown, b?: unknown) => void,
  ): void {
    d.help.push(left('net.' + name + '(' + args + ')', 24) + what);
    net[name] = function (a, b) {
      if (NO_SYS) run(d, a, b);
      else if (tcpipEnter(stack)) {
        run(d, a, b);
        tcpipLeave(stack, 0);
      } else print('the stack is locked: try again');
    };
  };
  add('ifconfig', '', 'interfaces, addresses, lease, DNS servers', ifconfig);
  add('netstat', '', 'connections, listeners, other endpoints', netstat);
  if (LWIP_ARP) add('arp', '', 'neighbours', arp);
  if (LWIP_STATS) add('stats', '', 'counters that are not zero', stats);
  if (report) add('chip', '', 'the network chip and its counters that are not zero', chip);
  add('memp', '', 'pools and heaps', memp);
  if (LWIP_RAW) add('ping', 'host, count', 'asks for echoes; net.ping() ends it', ping);
  if (LWIP_DNS) add('resolve', 'name', "a host's address", resolve);
  add('help', '', 'this list', help);
  return net;
}

function help(d: Diagnostics): void {
  show(d, d.help);
}
