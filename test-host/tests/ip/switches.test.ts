// What a small server leaves out of its build: the rest still answers ARP, ping and UDP, and refuses what is gone.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { ERR_ARG, ERR_OK, ERR_VAL } from '../../../firmware/stack/core/err.js';
import { buildApp, type Features } from '../../../tools/build/bundle.js';
import { BROADCAST_MAC, build, macOf, parse, type FrameFields, type Parsed } from '../../harness/frames.js';
import type { Probe } from './switches/probe.js';

const HOST = { ip: '10.0.0.2', mac: '02:00:00:00:00:02' };
const PEER = { ip: '10.0.0.1', mac: '02:00:00:00:00:01' };

interface World {
  probe: Probe;
  /** PCBs that received, in order; errors they were told of. */
  received: number[];
  failed: number[];
  /** Hands a frame in. @returns the frames that were sent because of it */
  give: (frame: FrameFields) => Parsed[];
  time: number;
}

async function boot(features: Features): Promise<World> {
  const app = await buildApp('probe', {
    entry: fileURLToPath(new URL('./switches/probe.ts', import.meta.url)),
    ground: 'bare',
    readable: true,
    features: { LWIP_OPT_CHECK: true, LWIP_NETIF_LOOPBACK: false, ...features },
  });
  const out: Uint8Array[] = [];
  const world: World = { received: [], failed: [], time: 1000, give, probe: undefined as never };
  world.probe = {
    clock: () => world.time,
    random16: () => 4,
    mac: Uint8Array.from(macOf(HOST.mac)),
    sent: (frame: Uint8Array) => out.push(Uint8Array.from(frame)),
    received: (pcb: number) => world.received.push(pcb),
    failed: (err: number) => world.failed.push(err),
  } as unknown as Probe;
  function give(frame: FrameFields): Parsed[] {
    out.length = 0;
    world.probe.input(build({ eth: { dst: HOST.mac, src: PEER.mac }, ...frame }));
    return out.map((b) => parse(b));
  }
  runInNewContext(app.code, { JSON: { probe: world.probe }, Uint8Array, Uint16Array, Uint32Array });
  give({ arp: { op: 1, sha: PEER.mac, spa: PEER.ip, tpa: HOST.ip } });
  assert.deepEqual(out.length, 1, 'an ARP reply');
  return world;
}

const ip = { src: PEER.ip, dst: HOST.ip };

function unreachable(w: World): void {
  const [answer] = w.give({ ip, udp: { src: 9, dst: 7 }, payload: 'x' });
  const quoted = answer!.bytes.subarray(14);
  w.give({ ip, icmp: { type: 3, code: 3, rest: 0 }, payload: quoted });
}

// Builds take seconds each, so there is one with and one without.
const CASES: [name: string, features: Features][] = [
  ['everything', {}],
  [
    'none of them, nor fragments',
    {
      LWIP_SINGLE_NETIF: true,
      LWIP_UDP_ERR: false,
      UDP_CONNECT: false,
      PBUF_POOL_BUFFERS: false,
      SO_REUSE_RXTOALL: false,
      ETHARP_SUPPORT_STATIC_ENTRIES: false,
      IP_OPTIONS_ALLOWED: false,
      IP_REASSEMBLY: false,
      IP_FRAG: false,
      LWIP_ACD: false,
      LWIP_AUTOIP: false,
      LWIP_TCP: false,
      LWIP_RAW: false,
      LWIP_ACCEPT_ALL: false,
    },
  ],
];

describe('builds with switches', function () {
  this.timeout(120000);
  for (const [name, features] of CASES) {
    it(`${name}: ARP, ping, UDP, and what the switch is about`, async () => {
      const w = await boot(features);
      const before = w.probe.used();
      const [pong] = w.give({ ip, icmp: { type: 8, id: 1, seq: 2 }, payload: 'hello' });
      assert.deepEqual([pong!.icmp!.type, pong!.ip!.dst, pong!.eth.dst], [0, PEER.ip, PEER.mac]);

      const [echo] = w.give({ ip, udp: { src: 9, dst: 7 }, payload: 'to one' });
      assert.deepEqual([echo!.udp!.dst, Buffer.from(echo!.payload).toString()], [9, 'to one']);
      assert.equal(w.received.length, 1);

      w.received.length = 0;
      const all = { src: PEER.ip, dst: '10.0.0.255' };
      w.give({ eth: { dst: BROADCAST_MAC, src: PEER.mac }, ip: all, udp: { src: 9, dst: 7 }, payload: 'x' });
      assert.equal(w.received.length, features.SO_REUSE_RXTOALL === false ? 1 : 2);

      unreachable(w);
      assert.equal(w.failed.length, features.LWIP_UDP_ERR === false ? 0 : 1);

      // An error about nothing of this host's: nobody is told, and its buffer comes back.
      w.give({ ip, icmp: { type: 3, code: 3, rest: 0 }, payload: 'none of yours, and too short' });

      const options = { ...ip, options: [1, 1, 1, 0] };
      const pongs = w.give({ ip: options, icmp: { type: 8, id: 1, seq: 3 } });
      assert.equal(pongs.length, features.IP_OPTIONS_ALLOWED === false ? 0 : 1);

      // By the gateway, to another network.
      const far = { src: '192.0.2.1', dst: HOST.ip };
      const [there] = w.give({ ip: far, udp: { src: 9, dst: 7 }, payload: 'far' });
      assert.deepEqual([there!.ip!.dst, there!.eth.dst], ['192.0.2.1', PEER.mac]);

      const added = w.probe.addStatic(0x0a000009, Uint8Array.from([2, 0, 0, 0, 0, 9]));
      assert.equal(added, features.ETHARP_SUPPORT_STATIC_ENTRIES === false ? ERR_ARG : ERR_OK);
      assert.equal(w.probe.pool(100), features.PBUF_POOL_BUFFERS !== false);

      // A connected PCB goes before the others for its peer's datagrams, and hears no one else's.
      const connected = w.probe.connect(0x0a000001, 9);
      assert.equal(connected, features.UDP_CONNECT === false ? ERR_VAL : ERR_OK);
      const heard = (port: number): number => {
        w.received.length = 0;
        w.give({ ip, udp: { src: port, dst: 7 }, payload: 'x' });
        return w.received[0]!;
      };
      const other = connected === ERR_OK ? 0 : heard(8);
      assert.deepEqual([heard(9), heard(8)], connected === ERR_OK ? [1, 0] : [other, other]);

      // Sources that cannot be a host's, and datagrams to others, are dropped; a link's broadcast is not.
      for (const src of [
        '127.0.0.1',
        '10.0.0.255',
        '224.0.0.1',
        '255.255.255.255',
        '0.0.0.1',
        HOST.ip,
        '0.0.0.0',
      ]) {
        assert.equal(w.give({ ip: { src, dst: HOST.ip }, icmp: { type: 8, id: 1, seq: 4 } }).length, 0, src);
      }
      for (const dst of ['10.0.0.3', '127.0.0.1', '240.0.0.1', '224.0.0.5']) {
        w.received.length = 0;
        w.give({ ip: { src: PEER.ip, dst }, udp: { src: 9, dst: 7 }, payload: 'x' });
        assert.deepEqual(w.received, [], dst);
      }
      const edge = w.give({ ip: { src: '192.0.2.255', dst: HOST.ip }, icmp: { type: 8, id: 1, seq: 5 } });
      assert.equal(edge.length, 1, 'a source that would be a broadcast address here, of another network');

      // The neighbour ages and is forgotten, and with it the timer: nothing stays taken.
      for (let s = 0; s < 400; s++) {
        w.time += 1000;
        w.probe.poll();
      }
      assert.deepEqual(
        w.probe.used(),
        before.map((n, i) => (i === 8 ? w.probe.used()[8] : n)),
      );
    });
  }
});
