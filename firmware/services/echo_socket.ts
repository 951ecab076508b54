// The TCP echo server (RFC 862) on the socket API: one client after the other.

import type { TaskSteps } from '../stack/core/task.js';
import { bind } from '../api/socket_bind.js';
import { AF_INET, INADDR_ANY, SOCK_STREAM, htons, type SockaddrIn } from '../api/socket_defs.js';
import { accept, listen } from '../api/socket_listen.js';
import { recv } from '../api/socket_recv.js';
import { send } from '../api/socket_send.js';
import { close, socket } from '../api/socket.js';
import type { Sockets } from '../api/socket_table.js';

/** The server, as a task. It ends when it cannot have its port; `s.errno` says why. */
export function* echoServerTask(s: Sockets): TaskSteps {
  const listenfd = yield socket(s, AF_INET, SOCK_STREAM, 0);

  const addr: SockaddrIn = { sinFamily: AF_INET, sinPort: htons(7), sinAddr: INADDR_ANY };

  yield bind(s, listenfd, addr);
  if ((yield listen(s, listenfd, 5)) < 0) return;

  while (true) {
    const clientAddr: SockaddrIn = { sinFamily: 0, sinPort: 0, sinAddr: 0 };
    const clientfd = yield accept(s, listenfd, clientAddr);

    const buf = new Uint8Array(1024);
    let n: number;
    while ((n = yield recv(s, clientfd, buf, buf.length, 0)) > 0) {
      yield send(s, clientfd, buf, n, 0);
    }
    yield close(s, clientfd);
  }
}
