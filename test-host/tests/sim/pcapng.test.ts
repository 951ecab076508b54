// The capture writer against its own reader, against hand-made files, and against tshark where it is installed.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Link } from '../../sim/link.js';
import {
  DIRECTION_INBOUND,
  DIRECTION_OUTBOUND,
  PcapngWriter,
  captureLink,
  readPcapng,
} from '../../sim/pcapng.js';
import { Scheduler } from '../../sim/scheduler.js';

function collect(): { sink: (b: Uint8Array) => void; file: () => Uint8Array } {
  const parts: Uint8Array[] = [];
  return {
    sink: (b) => parts.push(b.slice()),
    file: () => new Uint8Array(Buffer.concat(parts)),
  };
}

/** An ARP request, who-has 10.0.0.`last` from 10.0.0.1. */
function arp(last: number): Uint8Array {
  const f = new Uint8Array(60);
  f.fill(255, 0, 6);
  f.set([2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1], 6);
  f.set([0, 0, 0, 0, 0, 0, 10, 0, 0, last], 32);
  return f;
}

describe('pcapng', () => {
  it('reads back what it wrote: names, times, directions, odd lengths', () => {
    const { sink, file } = collect();
    const epoch = 1_700_000_000_000_000;
    const w = new PcapngWriter(sink, epoch);
    const eth = w.addInterface('eth0');
    const other = w.addInterface('wire ü');
    w.packet(eth, 1.4, arp(2), { direction: DIRECTION_OUTBOUND });
    w.packet(other, 5_000_000_000, Uint8Array.of(1, 2, 3), { direction: DIRECTION_INBOUND, badFcs: true });
    w.packet(eth, 7, new Uint8Array(3000).fill(7));
    const c = readPcapng(file());
    assert.deepEqual(
      c.interfaces.map((i) => [i.name, i.linkType, i.resolution]),
      [
        ['eth0', 1, 1e6],
        ['wire ü', 1, 1e6],
      ],
    );
    assert.deepEqual(
      c.packets.map((p) => [p.iface, p.time - epoch, p.length, p.direction, p.badFcs]),
      [
        [0, 1, 60, 2, false],
        [1, 5_000_000_000, 3, 1, true],
        [0, 7, 3000, 0, false],
      ],
    );
    assert.deepEqual(c.packets[0]!.data, arp(2));
    assert.deepEqual(c.packets[2]!.data, new Uint8Array(3000).fill(7));
    assert.equal(w.packets, 3);
  });

  it('captures a link from one end, lost frames left out', () => {
    const { sink, file } = collect();
    const s = new Scheduler();
    const link = new Link(s, { delay: 30 });
    captureLink(new PcapngWriter(sink), link, 'wire');
    link.a.send(arp(1));
    link.b.send(arp(2));
    link.aToB.drop = () => true;
    link.a.send(arp(3));
    while (s.step());
    assert.deepEqual(
      readPcapng(file()).packets.map((p) => [p.time, p.direction, p.data[41]]),
      [
        [30, DIRECTION_OUTBOUND, 1],
        [30, DIRECTION_INBOUND, 2],
      ],
    );
  });

  it('reads big-endian sections, simple packets and nanosecond clocks, skips unknown blocks', () => {
    const b: number[] = [];
    const u32 = (...words: number[]): void => {
      for (const v of words) b.push(v >>> 24, (v >>> 16) & 255, (v >>> 8) & 255, v & 255);
    };
    u32(0x0a0d0d0a, 28, 0x1a2b3c4d, 0x00010000, -1, -1, 28);
    u32(0x7777, 16, 1, 16);
    u32(1, 32, 0x00010000, 0, 0x00090001, 0x09000000, 0, 32);
    u32(3, 20, 3, 0x0a0b0c00, 20);
    u32(6, 36, 0, 0, 5000, 2, 9, 0x01020000, 36);
    const c = readPcapng(Uint8Array.from(b));
    assert.equal(c.interfaces[0]!.resolution, 1e9);
    assert.deepEqual([...c.packets[0]!.data], [10, 11, 12]);
    assert.deepEqual([...c.packets[1]!.data], [1, 2]);
    assert.equal(c.packets[1]!.time, 5);
    assert.equal(c.packets[1]!.length, 9);
  });

  it('says what is wrong with a damaged file', () => {
    const { sink, file } = collect();
    const w = new PcapngWriter(sink);
    w.packet(w.addInterface('x'), 0, arp(1));
    const good = file();
    assert.throws(() => readPcapng(good.subarray(0, good.length - 8)), /bad block length|cut off/);
    assert.throws(() => readPcapng(Uint8Array.from(good, (v, i) => (i === 9 ? v ^ 1 : v))), /byte-order/);
    assert.throws(() => readPcapng(new Uint8Array(64)), /section header/);
    assert.deepEqual(readPcapng(new Uint8Array(0)).packets, []);
  });

  it('is read by tshark without complaint', function () {
    const version = spawnSync('tshark', ['--version']);
    if (version.error) {
      Object.assign(this.test!, { skipReason: 'tshark is not installed' });
      this.skip();
    }
    const dir = mkdtempSync(join(tmpdir(), 'lightwire-pcapng-'));
    try {
      const path = join(dir, 'capture.pcapng');
      const fd = openSync(path, 'w');
      const w = new PcapngWriter(fd, 1_700_000_000_000_000);
      const i = w.addInterface('board0');
      w.packet(i, 250_000, arp(9), { direction: DIRECTION_OUTBOUND });
      w.packet(i, 1_500_001, arp(10), { direction: DIRECTION_INBOUND });
      closeSync(fd);
      const fields = [
        'frame.time_epoch',
        'frame.interface_name',
        'frame.packet_flags_direction',
        'arp.dst.proto_ipv4',
      ];
      const args = ['-r', path, '-T', 'fields', ...fields.flatMap((f) => ['-e', f])];
      const r = spawnSync('tshark', args, { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } });
      assert.equal(r.status, 0, r.stderr);
      const rows = r.stdout
        .trim()
        .split('\n')
        .map((line) => line.split('\t'));
      assert.deepEqual(
        rows.map((x) => x.slice(1)),
        [
          ['board0', '0x00000002', '10.0.0.9'],
          ['board0', '0x00000001', '10.0.0.10'],
        ],
      );
      assert.match(rows[0]![0]!, /^(1700000000\.25|2023-11-14T22:13:20\.25)/);
      assert.match(rows[1]![0]!, /^(1700000001\.500001|2023-11-14T22:13:21\.500001)/);
      assert.deepEqual(readPcapng(new Uint8Array(readFileSync(path))).packets.length, 2);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
