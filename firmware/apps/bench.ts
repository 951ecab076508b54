// What a benchmark of the stack needs at the other end: UDP echo, TCP discard and TCP chargen.

import { chargenInit, chargenPattern, discardInit, udpEchoInit } from '../services/small_servers.js';
import { boardStart } from './board/board.js';

/** A full segment on Ethernet. */
const SEGMENT = 1460;

function main(): void {
  const board = boardStart();
  const stack = board.stack;
  if (udpEchoInit(stack) || discardInit(stack) || chargenInit(stack, chargenPattern(SEGMENT))) {
    board.hal.log.log('a server could not be started');
  }
}

main();
