// The TCP echo server on the raw API, port 7.

import { ERR_OK, errName } from '../stack/core/err.js';
import { echoServerInit } from '../services/echo_raw.js';
import { boardStart } from './board/board.js';

function main(): void {
  const board = boardStart();
  const err = echoServerInit(board.stack);
  board.hal.log.log(err === ERR_OK ? 'echo server on port 7' : 'echo server: ' + errName(err));
}

main();
