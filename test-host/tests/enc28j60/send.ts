import { pbufAlloc, pbufFree, PBUF_RAM, PBUF_RAW_TX } from '../../../firmware/stack/core/pbuf.js';
import { pbufTake } from '../../../firmware/stack/core/pbuf_data.js';
import type { Rig } from './rig.js';

/** Sends bytes as the stack does: one RAM pbuf with the link's headroom. */
export function send(rig: Rig, bytes: Uint8Array): number {
  const p = pbufAlloc(rig.stack, PBUF_RAW_TX, bytes.length, PBUF_RAM)!;
  pbufTake(p, bytes);
  const err = rig.netif.linkoutput(rig.netif, p);
  pbufFree(p);
  return err;
}
