// Kaluma's own firmware on the emulated board: prompt, storage, watchdog, and the web server on a virtual wire. All in
// device time.

import assert from 'node:assert/strict';
import {
  createEmulatedPico,
  type EmulatedPico,
  type EmulatedPicoOptions,
} from '../../emulator/kaluma-pico.js';
import type { KalumaBoard } from '../../emulator/kaluma-board.js';
import { DeviceLab } from '../../bench/device-lab.js';
import { FLASH_SIZE, type Chunk } from '../../emulator/image.js';
import { Host } from '../../harness/host.js';
import { DhcpServer } from '../../peers/dhcp-server.js';
import { FrameGround } from '../../peers/ground.js';
import { Link } from '../../sim/link.js';
import { Scheduler } from '../../sim/scheduler.js';
import { Switch } from '../../sim/switch.js';
import { bundleOf } from '../apps/world.js';
import { Client, responses } from '../services/http-client.js';
import { needKaluma } from '../support/kaluma.js';

/** Milliseconds of real time; an emulated second takes several on a slow machine. */
const LIMIT = 300_000;
const IDLE = 'console.log("program up");';

function until(pico: KalumaBoard, done: () => boolean, seconds: number, what: string): void {
  const { scheduler } = pico.board;
  assert.ok(
    scheduler.runWhile(done, seconds * 1e6),
    `${what}: not within ${seconds} s\n${pico.text.lines.join('\n')}`,
  );
}

/** Types a line and waits for the next line that is not its echo. */
function ask(pico: KalumaBoard, line: string): string {
  const { lines } = pico.text;
  const before = lines.length;
  pico.type(line);
  until(pico, () => lines.length >= before + 2, 5, line);
  return lines[before + 1]!;
}

function hasLine(pico: KalumaBoard, line: string): boolean {
  return pico.text.lines.includes(line);
}

describe('emulator: Kaluma', function () {
  this.timeout(LIMIT);
  let firmware: Chunk[];
  before(function () {
    firmware = needKaluma(this);
  });

  describe('at its prompt', () => {
    let pico: EmulatedPico;
    const warnings: string[] = [];
    const resets: string[] = [];

    const boot = (options: Partial<EmulatedPicoOptions>): EmulatedPico => {
      const scheduler = new Scheduler();
      const booted = createEmulatedPico({
        scheduler,
        port: new Link(scheduler).a,
        firmware,
        onWarning: (text) => warnings.push(text),
        onReset: (cause) => resets.push(cause),
        ...options,
      });
      booted.board.start();
      return booted;
    };

    before(() => {
      pico = boot({ bundle: IDLE });
      until(pico, () => hasLine(pico, 'program up'), 5, 'the program');
    });

    it('boots the program without touching what is not emulated', () => {
      assert.deepEqual(warnings, []);
    });

    it('evaluates lines', () => {
      assert.equal(ask(pico, '6 * 7'), '42');
      assert.equal(ask(pico, '(1 / 3).toFixed(6)'), "'0.333333'");
      assert.equal(ask(pico, 'Math.sin(1) + Math.sqrt(2)'), String(Math.sin(1) + Math.sqrt(2)));
      assert.equal(ask(pico, 'null.x').replace(/:.*/, ''), 'TypeError');
    });

    it('tells its heap, and keeps its C stack within 8 KB', () => {
      const heap = /^total: (\d+), occupied: (\d+), peak: (\d+)$/.exec(ask(pico, '.mem'));
      assert.ok(heap && Number(heap[1]) === 184312 && Number(heap[2]) < 20000, heap?.[0]);
      assert.ok(pico.board.deepestStack > 1000 && pico.board.deepestStack < 8192);
    });

    it('has the number of its flash, which depends on the seed', () => {
      assert.match(ask(pico, 'board.uid'), /^'[0-9A-F]{16}'$/);
      assert.notEqual(ask(pico, 'board.uid'), "'0000000000000000'");
    });

    it('restarts by its watchdog, and its storage survives that', () => {
      assert.equal(ask(pico, 'storage.setItem("kept", "over a reset")'), 'undefined');
      pico.type('new (require("wdt").WDT)(50)');
      until(pico, () => resets.length > 0, 5, 'the reset');
      assert.deepEqual(resets, ['watchdog']);
      const ups = (): number => pico.text.lines.filter((line) => line.endsWith('program up')).length;
      until(pico, () => ups() === 2, 5, 'the program again');
      assert.equal(ask(pico, 'storage.getItem("kept")'), "'over a reset'");
    });

    it('finds storage and program again in a copy of the flash', () => {
      pico.board.stop();
      const bytes = pico.board.flash.bytes.slice(0, FLASH_SIZE);
      const next = boot({ firmware: [{ offset: 0, bytes }] });
      until(next, () => hasLine(next, 'program up'), 5, 'the program');
      assert.equal(ask(next, 'storage.getItem("kept")'), "'over a reset'");
      next.board.stop();
    });
  });

  describe('summing by PIO', () => {
    const LOADS = 20;
    let lab: DeviceLab;
    before(async () => {
      lab = new DeviceLab({ firmware, bundle: await bundleOf('bench') });
      lab.boot();
    });

    after(() => lab?.pico.board.stop());

    const machine = () => lab.pico.board.pio[1]!.block.machines[3]!;
    const programs = (): number =>
      lab.pico.board.pio[1]!.block.memory.reduce((n, word) => n + (word === 0xa02b ? 1 : 0), 0);

    it('answers large pings by it, of every length', () => {
      for (const size of [400, 401, 402, 403, 1400, 1471, 1472]) {
        const before = machine().words;
        lab.pings(size, 1);
        assert.ok(machine().words - before >= size >> 2, `${size}`);
      }
      const before = machine().words;
      lab.pings(56, 1);
      assert.equal(machine().words, before);
    });

    it('echoes datagrams and carries a stream with it, all of which the other end checks', () => {
      const before = machine().words;
      lab.udpEchoes(1400, 3);
      assert.ok(machine().words - before > 3 * 2 * 350);
      lab.fromDevice(20000);
      lab.toDevice(20000);
      assert.ok(machine().words - before > 10000);
    });

    it('has one program however often it is loaded', () => {
      const { text } = lab.pico;
      for (let i = 0; i < LOADS; i++) {
        const leases = text.lines.filter((line) => line.includes('link up, 10')).length;
        lab.pico.type('.load');
        until(
          lab.pico,
          () => text.lines.filter((line) => line.includes('link up, 10')).length > leases,
          10,
          'lease',
        );
        assert.equal(programs(), 1, `load ${i}`);
      }
      const before = machine().words;
      lab.pings(1400, 1);
      assert.ok(machine().words > before);
    });
  });

  describe('as a web server', () => {
    const REQUESTS = 5;
    let pico: EmulatedPico;
    let client: Host;

    before(async () => {
      const scheduler = new Scheduler();
      const ether = new Switch(scheduler);
      const port = ether.addPort({ delay: 5 });
      const ground = new FrameGround(ether.addPort(), '02:00:00:00:00:fe', '10.0.0.1');
      new DhcpServer(ground, { first: '10.0.0.100', router: '10.0.0.1', dns: ['10.0.0.1'] });
      client = new Host(scheduler, 99, { MEM_SIZE: 100_000, MEMP_NUM_TCP_SEG: 64 });
      client.addInterface({ port: ether.addPort({ delay: 5 }), mac: '02:00:00:00:00:63', ip: '10.0.0.9' });
      pico = createEmulatedPico({ scheduler, port, firmware, bundle: await bundleOf('http-server') });
      pico.board.start();
    });

    after(() => pico?.board.stop());

    it('gets a lease', () => {
      until(pico, () => hasLine(pico, 'link up, 10.0.0.100'), 10, 'a lease');
    });

    it('answers requests', () => {
      for (let i = 0; i < REQUESTS; i++) {
        const c = new Client(client, '10.0.0.100');
        c.send('GET /api/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
        until(pico, () => c.over, 5, `request ${i}`);
        assert.equal(c.error, 0);
        assert.deepEqual(
          responses(c.text).map((r) => r.status),
          [200],
        );
      }
    });

    it('used the chip as its datasheet wants it', () => {
      assert.equal(pico.chip.misuse.total, 0, pico.chip.misuse.summary());
      assert.equal(pico.chip.spiClockHz, 15.625e6);
    });
  });
});
