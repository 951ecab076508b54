// The end of packets that are not delivered.

import { ERR_OK, type Err } from './err.js';
import { pbufFree, type Pbuf } from './pbuf.js';
import { statDrop } from './stats.js';

/**
 * Frees a packet and counts it.
 * @param group STAT_ constant of the protocol
 * @param field why; DROP where it is nobody's fault
 * @returns ERR_OK: for input functions, whose packet is consumed then
 */
export function pbufDrop(p: Pbuf, group: number, field: number): Err {
  statDrop(p.stack, group, field);
  pbufFree(p);
  return ERR_OK;
}
