// An echo server for several clients in one task: select() tells whose turn it is, and no client makes the others wait.

import type { TaskSteps } from '../stack/core/task.js';
import { bind } from '../api/socket_bind.js';
import { EAGAIN } from '../api/errno.js';
import { AF_INET, F_SETFL, INADDR_ANY, O_NONBLOCK, SOCK_STREAM, htons } from '../api/socket_defs.js';
import { accept, listen } from '../api/socket_listen.js';
import { fcntl } from '../api/socket_options.js';
import { recv } from '../api/socket_recv.js';
import { FD_ISSET, FD_SET, FD_SETSIZE, FD_ZERO, select, type FdSet } from '../api/socket_select.js';
import { send } from '../api/socket_send.js';
import { close, socket } from '../api/socket.js';
import type { Sockets } from '../api/socket_table.js';

/** Bytes that are held for a client which does not read. */
const HELD = 512;

interface Client {
  fd: number;
  /** What has come; its bytes from `from` to `to` are still to be sent back. */
  buf: Uint8Array;
  from: number;
  to: number;
}

/**
 * The server, as a task. It ends when it cannot have its port, or its listener is gone; `s.errno` says why.
 * @param limit clients at a time; others wait to be accepted
 */
export function* selectServerTask(s: Sockets, port: number, limit: number): TaskSteps {
  const listenfd = yield socket(s, AF_INET, SOCK_STREAM, 0);
  yield bind(s, listenfd, { sinFamily: AF_INET, sinPort: htons(port), sinAddr: INADDR_ANY });
  if ((yield listen(s, listenfd, 5)) < 0) return;
  fcntl(s, listenfd, F_SETFL, O_NONBLOCK);

  const clients: Client[] = [];
  const readset: FdSet = { bits: 0 };
  const writeset: FdSet = { bits: 0 };
  while (true) {
    FD_ZERO(readset);
    FD_ZERO(writeset);
    if (clients.length < limit) FD_SET(listenfd, readset);
    for (let i = 0; i < clients.length; i++) {
      const c = clients[i]!;
      FD_SET(c.fd, c.from < c.to ? writeset : readset);
    }
    if ((yield select(s, FD_SETSIZE, readset, writeset, null, null)) < 0) return;

    for (let i = clients.length - 1; i >= 0; i--) {
      const c = clients[i]!;
      if (FD_ISSET(c.fd, readset)) {
        c.from = 0;
        c.to = yield recv(s, c.fd, c.buf, HELD, 0);
      } else if (!FD_ISSET(c.fd, writeset)) continue;
      let n = c.to;
      if (n > 0) {
        // Mostly there is room for the answer; what there is none for waits for its turn.
        n = yield send(s, c.fd, c.from ? c.buf.subarray(c.from) : c.buf, c.to - c.from, 0);
        if (n > 0) c.from += n;
        else if (s.errno === EAGAIN) continue;
      }
      if (n > 0) continue;
      clients.splice(i, 1);
      yield close(s, c.fd);
    }
    if (FD_ISSET(listenfd, readset)) {
      const fd = yield accept(s, listenfd, null);
      if (fd < 0) continue;
      fcntl(s, fd, F_SETFL, O_NONBLOCK);
      clients.push({ fd, buf: new Uint8Array(HELD), from: 0, to: 0 });
    }
  }
}
