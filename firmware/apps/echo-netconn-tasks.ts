// The TCP echo server on the netconn API, port 7, with a task for each connection.

import { echoServersTask } from '../services/echo_netconn.js';
import { ERR_OK, errName } from '../stack/core/err.js';
import { taskStart } from '../stack/core/task.js';
import { boardStart } from './board/board.js';

function main(): void {
  const board = boardStart();
  const steps = echoServersTask(board.stack, function (err) {
    board.hal.log.log(err === ERR_OK ? 'echo server on port 7' : 'echo server: ' + errName(err));
  });
  taskStart(board.stack, steps);
}

main();
