// A DHCP client that polls for its address, every 100 ms, from a task.

import { ipaddrNtoa } from '../stack/core/ipaddr.js';
import { netifSetUp } from '../stack/core/netif.js';
import { sysMsleep } from '../stack/core/sys.js';
import { taskStart, type TaskSteps } from '../stack/core/task.js';
import { tcpipLock, tcpipUnlock } from '../stack/core/tcpip.js';
import { dhcpStart } from '../stack/dhcp/dhcp.js';
import { boardStart, type Board } from './board/board.js';

function* addressTask(board: Board): TaskSteps {
  const netif = board.netif;
  // These are raw calls: for the core context. boardStart() has made them already; a client that runs begins anew.
  yield tcpipLock(board.stack);
  netifSetUp(netif);
  dhcpStart(netif);
  tcpipUnlock(board.stack);

  // Check for address assignment (polling)
  while (netif.ipAddr === 0) {
    yield sysMsleep(board.stack, 100);
  }
  // Address assigned: netif.ipAddr is valid now.
  board.hal.log.log('address ' + ipaddrNtoa(netif.ipAddr));
}

function main(): void {
  const board = boardStart();
  taskStart(board.stack, addressTask(board));
}

main();
