// The TCP echo server on the socket API, port 7.

import { socketsInit } from '../api/socket_table.js';
import { echoServerTask } from '../services/echo_socket.js';
import { taskStart } from '../stack/core/task.js';
import { boardStart } from './board/board.js';

function main(): void {
  const board = boardStart();
  taskStart(board.stack, echoServerTask(socketsInit(board.stack)));
  board.hal.log.log('echo server on port 7');
}

main();
