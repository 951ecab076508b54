// The TCP echo server (RFC 862) on the netconn API, as tasks: one connection after the other, or a task for each.

import { netbufData, netbufDelete, type Netbuf } from '../api/netbuf.js';
import {
  NETCONN_COPY,
  NETCONN_TCP,
  netconnAccept,
  netconnBind,
  netconnClose,
  netconnDelete,
  netconnListen,
  netconnNew,
  netconnRecv,
  netconnWrite,
  type Netconn,
} from '../api/netconn.js';
import { ERR_MEM, ERR_OK, type Err } from '../stack/core/err.js';
import { IP_ADDR_ANY } from '../stack/core/ipaddr.js';
import type { Stack } from '../stack/core/stack.js';
import { taskStart, type TaskSteps } from '../stack/core/task.js';

/**
 * Serves one connection after the other on port 7; ends only when it cannot listen.
 * @param started is told ERR_OK, ERR_MEM when no netconn or PCB could be had, ERR_USE when the port is taken
 */
export function* echoServerTask(stack: Stack, started: (err: Err) => void): TaskSteps {
  const conn = netconnNew(stack, NETCONN_TCP);
  let err: Err = conn ? ERR_OK : ERR_MEM;
  if (err === ERR_OK) err = yield netconnBind(conn!, IP_ADDR_ANY, 7); // Port 7 = echo
  if (err === ERR_OK) err = yield netconnListen(conn!);
  started(err);

  const newconn: { conn: Netconn | null } = { conn: null };
  const netbuf: { buf: Netbuf | null } = { buf: null };
  while (err === ERR_OK) {
    err = yield netconnAccept(conn!, newconn);
    if (err === ERR_OK) {
      while ((yield netconnRecv(newconn.conn!, netbuf)) === ERR_OK) {
        // Echo data back
        yield netconnWrite(newconn.conn!, netbufData(netbuf.buf!), NETCONN_COPY);
        netbufDelete(netbuf.buf);
      }
      yield netconnClose(newconn.conn!);
      yield netconnDelete(newconn.conn!);
    }
  }
  if (conn) yield netconnDelete(conn);
}

/** As echoServerTask(), with a task for each connection: nobody waits for another. */
export function* echoServersTask(stack: Stack, started: (err: Err) => void): TaskSteps {
  const conn = netconnNew(stack, NETCONN_TCP);
  let err: Err = conn ? ERR_OK : ERR_MEM;
  if (err === ERR_OK) err = yield netconnBind(conn!, IP_ADDR_ANY, 7);
  if (err === ERR_OK) err = yield netconnListen(conn!);
  started(err);

  const newconn: { conn: Netconn | null } = { conn: null };
  while (err === ERR_OK) {
    err = yield netconnAccept(conn!, newconn);
    if (err === ERR_OK) taskStart(stack, echoTask(newconn.conn!));
  }
  if (conn) yield netconnDelete(conn);
}

function* echoTask(conn: Netconn): TaskSteps {
  const netbuf: { buf: Netbuf | null } = { buf: null };
  while ((yield netconnRecv(conn, netbuf)) === ERR_OK) {
    yield netconnWrite(conn, netbufData(netbuf.buf!), NETCONN_COPY);
    netbufDelete(netbuf.buf);
  }
  yield netconnClose(conn);
  yield netconnDelete(conn);
}
