// Runs the fuzzer by hand: other seeds, more frames, or one run again up to the frame that failed, with the last
// frames shown. Run: npx tsx test-host/fuzz/replay.ts --seed 1 --frames 200000 [--count 20] [--show 20] [--pcap FILE]

import { closeSync, openSync } from 'node:fs';
import { Command } from 'commander';
import { tcpStateName } from '../../firmware/stack/tcp/tcp_state.js';
import { PcapngWriter } from '../sim/pcapng.js';
import { fuzz } from './fuzz.js';

const program = new Command('replay')
  .option('--seed <n>', 'first seed', Number, 1)
  .option('--count <n>', 'seeds, one after the other', Number, 1)
  .option('--frames <n>', 'frames for each seed', Number, 200000)
  .option('--show <n>', 'frames to show before a failure', Number, 20)
  .option('--pcap <file>', 'writes all frames to a capture')
  .parse();
const o = program.opts<{ seed: number; count: number; frames: number; show: number; pcap?: string }>();

for (let seed = o.seed; seed < o.seed + o.count; seed++) {
  const fd = o.pcap ? openSync(o.pcap, 'w') : -1;
  const capture = fd >= 0 ? new PcapngWriter(fd) : null;
  capture?.addInterface('fixed');
  capture?.addInterface('leased');
  const last: string[] = [];
  const start = performance.now();
  try {
    const { target, states, time } = fuzz({
      seed,
      frames: o.frames,
      onFrame: (frame, index, leased, t) => {
        capture?.packet(leased ? 1 : 0, t.scheduler.now, frame);
        last.push(`${index}${leased ? ' leased' : ''} ${Buffer.from(frame).toString('hex')}`);
        if (last.length > o.show) last.shift();
      },
    });
    const a = target.application;
    const seconds = (performance.now() - start) / 1000;
    console.log(
      `seed ${seed}: ${o.frames} frames in ${seconds.toFixed(1)} s (${Math.round(time)} s of virtual time), ` +
        `${target.sent} sent; ${a.accepted} accepted, ${a.connected} connected, ${a.bytes} bytes, ` +
        `${a.datagrams} datagrams, ${a.resolved} resolved, ${a.pinged} pinged, ${a.leases} leases; ` +
        [...states]
          .sort((x, y) => x - y)
          .map(tcpStateName)
          .join(' '),
    );
  } catch (error) {
    console.log(last.join('\n'));
    console.log(error);
    process.exitCode = 1;
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}
