// Sending: a frame behind bus, SDPCM and BDC headers, in one put() of the block that it lies in.

import { ERR_ARG, ERR_IF, ERR_MEM, ERR_OK, type Err } from '../../firmware/stack/core/err.js';
import { memWords } from '../../firmware/stack/core/mem.js';
import { NETIF_FLAG_LINK_UP, type Netif } from '../../firmware/stack/core/netif.js';
import { PBUF_REF, PBUF_ROM, type Pbuf } from '../../firmware/stack/core/pbuf.js';
import { pbufCopyPartial } from '../../firmware/stack/core/pbuf_data.js';
import { STAT_LINK, XMIT, statInc } from '../../firmware/stack/core/stats.js';
import type { Cyw43 } from './device.js';
import { LEAD } from './opt.js';
import { BUS_HEADER, CHANNEL_DATA, maySend, SDPCM_HEADER, sendPacket } from './sdpcm.js';

const MAX_FRAME = 1514;
/** SDPCM header and two bytes of padding. */
const DATA_HEADER = SDPCM_HEADER + 2;
/** BDC protocol version 2, in its flags. */
const BDC_VERSION = 0x20;

/**
 * Sends a frame: netif.linkoutput. A pbuf in one piece that begins LEAD bytes into its block goes out as it lies.
 * @returns ERR_OK, ERR_IF (no link), ERR_MEM (the chip takes no packet now) or ERR_ARG (length)
 */
export function cyw43Linkoutput(netif: Netif, p: Pbuf): Err {
  const dev = netif.state as Cyw43;
  if (!(netif.flags & NETIF_FLAG_LINK_UP)) {
    dev.counters.txNoLink++;
    return ERR_IF;
  }
  const length = p.totLen;
  if (length > MAX_FRAME || length < 14) {
    dev.counters.txLength++;
    return ERR_ARG;
  }
  if (!maySend(dev)) return ERR_MEM;
  let bytes = p.payload;
  const type = p.type;
  if (p.next || p.off !== LEAD || type === PBUF_ROM || type === PBUF_REF || bytes.length & 3) {
    bytes = dev.scratch || (dev.scratch = new Uint8Array((LEAD + MAX_FRAME + 3) & ~3));
    pbufCopyPartial(p, bytes, LEAD, length, 0);
  }
  const words = memWords(bytes);
  words[5] = BDC_VERSION << 16;
  bytes[24] = netif === dev.netif ? 0 : 1;
  bytes[25] = 0;
  sendPacket(dev, words, length + LEAD - BUS_HEADER, CHANNEL_DATA, DATA_HEADER);
  netif.outOctets += length;
  netif.outPackets++;
  statInc(netif.stack, STAT_LINK + XMIT);
  return ERR_OK;
}
