// Looks a name up in both ways: waiting for it in a task, and with a callback.

import { netconnGethostbyname } from '../api/netconn_dns.js';
import { ERR_INPROGRESS, ERR_OK, errName } from '../stack/core/err.js';
import { ipaddrNtoa, type IpAddr } from '../stack/core/ipaddr.js';
import { sysMsleep } from '../stack/core/sys.js';
import { taskStart, type TaskSteps } from '../stack/core/task.js';
import { tcpipLock, tcpipUnlock } from '../stack/core/tcpip.js';
import { dnsFlush, dnsGethostbyname } from '../stack/dns/dns.js';
import { boardStart, type Board } from './board/board.js';

const NAME = 'api.example.com';

function* lookupTask(board: Board): TaskSteps {
  const stack = board.stack;
  const log = board.hal.log.log;
  while (board.netif.ipAddr === 0) yield sysMsleep(stack, 100);

  // DNS resolution (netconn/socket API)
  const resolved: { addr: IpAddr } = { addr: 0 };
  let err = yield netconnGethostbyname(stack, NAME, resolved);
  if (err === ERR_OK) {
    // resolved contains the IP address
    log('task: ' + ipaddrNtoa(resolved.addr));
  } else log('task: ' + errName(err));

  // Raw API: asynchronous DNS, in the core context. What the task was told is forgotten before.
  yield tcpipLock(stack);
  dnsFlush(stack);
  const cached: { addr: IpAddr } = { addr: 0 };
  err = dnsGethostbyname(stack, NAME, cached, dnsFound, board);
  tcpipUnlock(stack);
  if (err === ERR_OK) {
    // Result was cached: use cached immediately
    log('cached: ' + ipaddrNtoa(cached.addr));
  } else if (err === ERR_INPROGRESS) {
    // Query sent: callback will fire when resolved
    log('query sent');
  } else log('query: ' + errName(err));
}

function dnsFound(_name: string, ipaddr: IpAddr | null, board: Board): void {
  if (ipaddr !== null) {
    // Resolution successful
    board.hal.log.log('callback: ' + ipaddrNtoa(ipaddr));
  } else {
    // Resolution failed
    board.hal.log.log('callback: not found');
  }
}

function main(): void {
  const board = boardStart();
  taskStart(board.stack, lookupTask(board));
}

main();
