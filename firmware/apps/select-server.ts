// An echo server for several clients in one task, port 7.

import { socketsInit } from '../api/socket_table.js';
import { selectServerTask } from '../services/select_server.js';
import { taskStart } from '../stack/core/task.js';
import { boardStart } from './board/board.js';

/** Clients at a time; of MEMP_NUM_TCP_PCB connections that leaves one for who waits to be accepted. */
const CLIENTS = 4;

function main(): void {
  const board = boardStart();
  taskStart(board.stack, selectServerTask(socketsInit(board.stack), 7, CLIENTS));
  board.hal.log.log('select server on port 7');
}

main();
