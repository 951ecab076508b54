// Mutated frames of every kind below TCP: no exception, no leak, and the host still answers.

import assert from 'node:assert/strict';
import { pbufFree } from '../../../firmware/stack/core/pbuf.js';
import { udpBind, udpNew, udpRecv } from '../../../firmware/stack/udp/udp.js';
import { assertClean } from '../../harness/clean.js';
import { BROADCAST_MAC, build, buildIp, checksum, fragments } from '../../harness/frames.js';
import { HOST_IP, HOST_MAC, lab, PEER_IP, PEER_MAC } from '../../harness/lab.js';
import { SeededRandom } from '../../sim/random.js';

const eth = { dst: HOST_MAC, src: PEER_MAC };
const addresses = { src: PEER_IP, dst: HOST_IP };

function seeds(): Uint8Array[] {
  const payload = Uint8Array.from({ length: 200 }, (_, i) => i);
  const quoted = buildIp({ ip: { src: HOST_IP, dst: PEER_IP }, udp: { src: 7, dst: 9 }, payload: 'quoted' });
  return [
    build({ eth, arp: { op: 1, sha: PEER_MAC, spa: PEER_IP, tpa: HOST_IP } }),
    build({ eth, arp: { op: 2, sha: PEER_MAC, spa: PEER_IP, tha: HOST_MAC, tpa: HOST_IP } }),
    build({
      eth: { ...eth, dst: BROADCAST_MAC },
      ip: { ...addresses, dst: '10.0.0.255' },
      udp: { src: 1, dst: 7 },
      payload,
    }),
    build({ eth, ip: addresses, udp: { src: 1, dst: 7 }, payload }),
    build({ eth, ip: { ...addresses, options: [7, 7, 4, 0, 0, 0, 0, 1] }, udp: { src: 1, dst: 8 }, payload }),
    build({ eth, ip: addresses, icmp: { type: 8, id: 1, seq: 2 }, payload }),
    build({ eth, ip: addresses, icmp: { type: 3, code: 3 }, payload: quoted }),
    build({ eth, ip: { ...addresses, proto: 99 }, payload }),
    ...fragments({ eth, ip: { ...addresses, id: 5 }, icmp: { type: 8 }, payload }, 64),
    ...fragments({ eth, ip: { ...addresses, id: 6 }, udp: { src: 1, dst: 7 }, payload }, 104),
  ];
}

describe('mutated frames', () => {
  it('do no harm', () => {
    const l = lab({ ICMP_ERROR_RATE: 1000 });
    const r = new SeededRandom(99);
    let delivered = 0;
    l.host.do((stack) => {
      const pcb = udpNew(stack)!;
      udpBind(pcb, 0, 7);
      udpRecv(pcb, (_a, _b, p) => (delivered++, void pbufFree(p)), null);
    });
    const corpus = seeds();
    let sent = 0;
    for (let i = 0; i < 20000; i++) {
      const f = corpus[r.below(corpus.length)]!.slice();
      let n = r.below(4);
      while (n-- > 0) {
        const at = r.chance(0.8) ? 12 + r.below(40) : r.below(f.length);
        if (at < f.length) f[at] = r.chance(0.5) ? f[at]! ^ (1 << r.below(8)) : r.below(256);
      }
      if (f[12] === 8 && f[13] === 0) {
        if (f[23] === 6) continue;
        // Most with a header checksum that fits, or nothing deeper would be reached.
        const hlen = (f[14]! & 15) * 4;
        if (r.chance(0.9) && hlen >= 20) {
          f[24] = f[25] = 0;
          const sum = checksum(f.subarray(14, 14 + hlen));
          f[24] = sum >> 8;
          f[25] = sum & 255;
        }
      }
      l.peer.sendRaw(r.chance(0.1) ? f.slice(0, r.below(f.length + 1)) : f);
      if (r.chance(0.1)) l.run(r.below(300));
      sent++;
    }
    l.run(100000);
    assert(sent > 15000);
    assert(delivered > 100);
    assertClean(l.host, { UDP_PCB: 1 });
    l.peer.take();
    l.peer.send({ arp: { op: 1, sha: PEER_MAC, spa: PEER_IP, tpa: HOST_IP } });
    l.peer.send({ icmp: { type: 8 }, payload: 'still there?' });
    l.run(10);
    assert(l.peer.take().some((f) => f.icmp?.type === 0));
  });
});
