// An emulated board on a virtual wire with one PC at the other end, everything in device time: what the device benchmark
// measures with.

import { Option } from 'commander';
import { pbufAlloc, pbufFree, PBUF_RAM, PBUF_TRANSPORT, type Pbuf } from '../../firmware/stack/core/pbuf.js';
import { pbufTake } from '../../firmware/stack/core/pbuf_data.js';
import { pingNew, pingRemove, pingSend } from '../../firmware/stack/icmp/ping.js';
import {
  TCP_WRITE_FLAG_COPY,
  tcpAbort,
  tcpClose,
  tcpConnect,
  tcpErr,
  tcpNew,
  tcpOutput,
  tcpRecv,
  tcpRecved,
  tcpSent,
  tcpSndbuf,
  tcpWrite,
} from '../../firmware/stack/tcp/tcp.js';
import type { TcpPcb } from '../../firmware/stack/tcp/tcp_state.js';
import { udpNew, udpRecv, udpRemove, udpSendto } from '../../firmware/stack/udp/udp.js';
import { createEmulatedPico, type EmulatedPico } from '../emulator/kaluma-pico.js';
import { createEmulatedPicoW } from '../emulator/kaluma-pico-w.js';
import { withStoredItems } from '../emulator/stored-items.js';
import type { KalumaBoard } from '../emulator/kaluma-board.js';
import type { Chunk } from '../emulator/image.js';
import { cyw43InReach, type Reach } from '../chips/cyw43/on-air.js';
import { PUBLISHED_SIZE, standInImage } from '../chips/cyw43/stand-in-image.js';
import { RAW_OFFSET } from '../../tools/cyw43/image.js';
import { Host, ip } from '../harness/host.js';
import { DhcpServer } from '../peers/dhcp-server.js';
import { HostGround } from '../peers/ground.js';
import { Link } from '../sim/link.js';
import { Scheduler } from '../sim/scheduler.js';

export const BOARD = '10.0.0.15';
const PC = '10.0.0.2';
const WIRE_RATE = 10e6;

export interface LabOptions {
  firmware: Chunk[];
  bundle: string;
  /** The board's network chip; default 'enc28j60'. */
  board?: LabBoard;
  /** The network that a wireless board is told to join; default the one there is. */
  join?: { ssid: string; passphrase: string };
  /** Leaves out the firmware image of the wireless chip. */
  noImage?: boolean;
  seed?: number;
  onLine?: (line: string) => void;
}

export type LabBoard = 'enc28j60' | 'cyw43';

/** `--board` of the benchmarks. */
export function boardOption(): Option {
  return new Option('--board <chip>', "the board's network chip")
    .choices(['enc28j60', 'cyw43'])
    .default('enc28j60');
}

/** An app as it is built for a board. */
export function appOf(app: string, board: LabBoard): string {
  return board === 'cyw43' ? `wifi-${app}` : app;
}

/** What went over the bus to the chip so far: bytes and transactions. */
export interface BusUse {
  bytes: number;
  transactions: number;
  framesSent: number;
}

/** What the prompt's `.mem` says, bytes. */
export interface HeapUse {
  total: number;
  occupied: number;
  peak: number;
}

export class DeviceLab {
  readonly scheduler = new Scheduler();
  readonly link: Link;
  readonly pico: KalumaBoard;
  readonly busUse: () => BusUse;
  /** The wireless chip and what runs on it, the air and its access point; of a wireless board. */
  readonly radio: Reach | null;
  readonly pc: Host;
  /** When the board has confirmed its lease, µs after power-up. */
  leasedAt = 0;

  constructor(options: LabOptions) {
    const { scheduler } = this;
    this.link = new Link(scheduler, { seed: options.seed ?? 1, bToA: { rate: WIRE_RATE, queue: 256 } });
    this.pc = new Host(scheduler, 2, {
      MEM_SIZE: 4 << 20,
      MEMP_NUM_TCP_PCB: 64,
      MEMP_NUM_TCP_SEG: 1024,
      PBUF_POOL_SIZE: 1024,
      MEMP_NUM_PBUF: 512,
      TCP_WND: 65535,
      TCP_SND_BUF: 65535,
      TCP_SND_QUEUELEN: 256,
    });
    this.pc.addInterface({ port: this.link.b, mac: '02:00:00:00:00:02', ip: PC });
    new DhcpServer(new HostGround(this.pc), {
      first: BOARD,
      count: 1,
      router: PC,
      dns: [PC],
    });
    const onLine = (line: string): void => {
      if (line.includes(BOARD) && this.leasedAt === 0) this.leasedAt = scheduler.now;
      options.onLine?.(line);
    };
    const { pico, busUse, radio } =
      options.board === 'cyw43'
        ? wirelessBoard(this.link, scheduler, { ...options, onLine })
        : wiredBoard(this.link, scheduler, { ...options, onLine });
    this.pico = pico;
    this.busUse = busUse;
    this.radio = radio;
  }

  /** Boots until the board has its address. @throws Error when it gets none within 5 s */
  boot(): void {
    this.pico.board.start();
    this.until(() => this.leasedAt > 0, 5e6, 'the board got no lease');
    this.run(200e3);
  }

  run(microseconds: number): void {
    this.scheduler.runFor(microseconds);
  }

  /** Runs until `done()`. @throws Error with `what` after `limit` µs */
  until(done: () => boolean, limit: number, what: string): void {
    if (!this.scheduler.runWhile(done, limit)) {
      throw new Error(`${what}; the console's last lines: ${this.pico.text.lines.slice(-5).join(' | ')}`);
    }
  }

  /** Asks the prompt for the heap. */
  heap(): HeapUse {
    const before = this.pico.text.lines.length;
    let found: RegExpExecArray | null = null;
    this.pico.type('.mem');
    this.until(
      () => {
        for (const line of this.pico.text.lines.slice(before)) {
          found ??= /total: (\d+), occupied: (\d+), peak: (\d+)/.exec(line);
        }
        return found !== null;
      },
      2e6,
      'the prompt does not answer',
    );
    const [, total, occupied, peak] = found!;
    return { total: Number(total), occupied: Number(occupied), peak: Number(peak) };
  }

  /** Types a line at the prompt. @returns what it answers, up to 4 s later */
  ask(line: string): string {
    const before = this.pico.text.lines.length;
    this.pico.type(line);
    this.run(4e6);
    return this.pico.text.lines.slice(before + 1).join('\n');
  }

  /** Time from a line at the prompt to its answer, µs. */
  promptTime(): number {
    const start = this.scheduler.now;
    const { text } = this.pico;
    const before = text.lines.length;
    let end = 0;
    this.pico.type('6*7');
    this.until(
      () => {
        if (!end && text.lines.slice(before).includes('42')) end = this.scheduler.now;
        return end > 0;
      },
      5e6,
      'the prompt does not answer',
    );
    return end - start;
  }

  /** Deepest C stack so far, bytes. */
  get stack(): number {
    return this.pico.board.deepestStack;
  }

  /** Round trips of `count` pings of `size` bytes, one after another, µs. */
  pings(size: number, count: number): number[] {
    const times: number[] = [];
    const ping = pingNew(this.pc.stack)!;
    for (let i = 0; i < count; i++) {
      let end = 0;
      const start = this.scheduler.now;
      this.pc.do(() => pingSend(ping, ip(BOARD), size, 2000, () => (end = this.scheduler.now)));
      this.until(() => end > 0, 3e6, 'a ping got no answer');
      times.push(end - start);
      this.run(3e3 + (i % 7) * 130);
    }
    pingRemove(ping);
    return times;
  }

  /** Pings the board every `microseconds`, until `done` returns false. */
  pingEvery(microseconds: number, done: (answered: boolean) => boolean): void {
    const ping = pingNew(this.pc.stack)!;
    const send = (): void => {
      this.pc.do(() =>
        pingSend(ping, ip(BOARD), 56, 2000, (_ping, result) => {
          if (done(result.err === 0)) this.scheduler.after(microseconds, send);
          else pingRemove(ping);
        }),
      );
    };
    send();
  }

  /** Round trips of UDP datagrams to the echo port, µs. */
  udpEchoes(size: number, count: number): number[] {
    const times: number[] = [];
    const pcb = udpNew(this.pc.stack)!;
    let end = 0;
    const take = (_arg: null, _pcb: unknown, p: Pbuf): void => {
      if (p.totLen === size) end = this.scheduler.now;
      pbufFree(p);
    };
    udpRecv(pcb, take, null);
    for (let i = 0; i < count; i++) {
      end = 0;
      const start = this.scheduler.now;
      this.pc.do((stack) => {
        const p = pbufAlloc(stack, PBUF_TRANSPORT, size, PBUF_RAM)!;
        pbufTake(
          p,
          Uint8Array.from({ length: size }, (_, k) => k * 7 + i),
        );
        udpSendto(pcb, p, ip(BOARD), 7);
        pbufFree(p);
      });
      this.until(() => end > 0, 3e6, 'a datagram got no answer');
      times.push(end - start);
      this.run(3e3 + (i % 7) * 130);
    }
    udpRemove(pcb);
    return times;
  }

  /** Reads `bytes` from the character generator. @returns µs from the first byte's arrival to the last's */
  fromDevice(bytes: number): number {
    let got = 0;
    let first = 0;
    const pcb = this.connect(19);
    tcpRecv(pcb, (_arg: never, q: TcpPcb, p: Pbuf | null) => {
      if (!p) return tcpClose(q);
      if (!first) first = this.scheduler.now;
      got += p.totLen;
      tcpRecved(q, p.totLen);
      pbufFree(p);
      return 0;
    });
    this.until(() => got >= bytes, bytes * 1000, `only ${got} bytes came`);
    const time = this.scheduler.now - first;
    this.pc.do(() => tcpAbort(pcb));
    this.run(100e3);
    return time;
  }

  /** Writes `bytes` to the discard port. @returns µs from the connection's beginning to the last acknowledgement */
  toDevice(bytes: number): number {
    let sent = 0;
    let acked = 0;
    const chunk = Uint8Array.from({ length: 1460 }, (_, i) => i * 13);
    const pcb = this.connect(9);
    const start = this.scheduler.now;
    const fill = (): number => {
      while (sent < bytes) {
        const n = Math.min(chunk.length, bytes - sent);
        if (tcpSndbuf(pcb) < n || tcpWrite(pcb, chunk, TCP_WRITE_FLAG_COPY, 0, n) !== 0) break;
        sent += n;
      }
      return tcpOutput(pcb);
    };
    tcpSent(pcb, (_arg: never, _pcb: TcpPcb, n: number) => {
      acked += n;
      return fill();
    });
    this.pc.do(fill);
    this.until(() => acked >= bytes, bytes * 1000, `only ${acked} bytes were taken`);
    const time = this.scheduler.now - start;
    this.pc.do(() => tcpClose(pcb));
    this.run(100e3);
    return time;
  }

  /** A connected PCB of the PC. */
  private connect(port: number): TcpPcb {
    let state = 0;
    const pcb = tcpNew(this.pc.stack)!;
    tcpErr(pcb, () => (state = -1));
    this.pc.do(() =>
      tcpConnect(pcb, ip(BOARD), port, () => {
        state = 1;
        return 0;
      }),
    );
    this.until(() => state !== 0, 5e6, `port ${port} does not answer`);
    if (state < 0) throw new Error(`port ${port} refuses`);
    return pcb;
  }

  /**
   * Gets a page, by a connection of its own.
   * @param done called with the whole response once the server has closed, or null when it broke
   */
  get(path: string, done: (response: string | null, firstByte: number) => void): void {
    const start = this.scheduler.now;
    let text = '';
    let first = 0;
    const pcb = tcpNew(this.pc.stack)!;
    tcpErr(pcb, () => done(null, first));
    tcpRecv(pcb, (_arg: never, q: TcpPcb, p: Pbuf | null) => {
      if (!p) {
        tcpClose(q);
        done(text, first);
        return 0;
      }
      if (!first) first = this.scheduler.now - start;
      for (let q2: Pbuf | null = p; q2; q2 = q2.next) {
        text += Buffer.from(q2.payload.subarray(q2.off, q2.off + q2.len)).toString('latin1');
      }
      tcpRecved(q, p.totLen);
      pbufFree(p);
      return 0;
    });
    const request = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${BOARD}\r\nConnection: close\r\n\r\n`);
    this.pc.do(() =>
      tcpConnect(pcb, ip(BOARD), 80, (_arg: never, q: TcpPcb) => {
        tcpWrite(q, request, TCP_WRITE_FLAG_COPY);
        return tcpOutput(q);
      }),
    );
  }

  /** Gets `path` `count` times with `clients` at a time. @returns µs in all, and the times to the first byte */
  requests(
    path: string,
    count: number,
    clients: number,
  ): { time: number; firstBytes: number[]; bytes: number } {
    const start = this.scheduler.now;
    const firstBytes: number[] = [];
    let begun = 0;
    let finished = 0;
    let failed = 0;
    let bytes = 0;
    const next = (): void => {
      if (begun >= count) return;
      begun++;
      this.get(path, (response, firstByte) => {
        finished++;
        if (response === null || !response.startsWith('HTTP/1.1 200')) failed++;
        else bytes = response.length - response.indexOf('\r\n\r\n') - 4;
        firstBytes.push(firstByte);
        this.scheduler.after(0, next);
      });
    };
    for (let i = 0; i < clients; i++) next();
    this.until(() => finished >= count, count * 1e6, `${finished} of ${count} requests were answered`);
    if (failed) throw new Error(`${failed} of ${count} requests failed`);
    return { time: this.scheduler.now - start, firstBytes, bytes };
  }
}

interface Board {
  pico: KalumaBoard;
  busUse: () => BusUse;
  radio: Reach | null;
}

function wiredBoard(link: Link, scheduler: Scheduler, options: LabOptions): Board {
  const { firmware, bundle, seed = 1, onLine } = options;
  const pico: EmulatedPico = createEmulatedPico({
    scheduler,
    firmware,
    bundle,
    seed,
    port: link.a,
    ...(onLine && { onLine }),
  });
  const { counters } = pico.chip;
  return {
    pico,
    radio: null,
    busUse: () => ({
      bytes: counters.spiBytes,
      transactions: counters.spiSelects,
      framesSent: counters.txFrames,
    }),
  };
}

/** The lab's wireless network; the program finds the one to join in Kaluma's storage. */
export const LAB_NETWORK = { ssid: 'lab', passphrase: 'correct horse' };

function wirelessBoard(link: Link, scheduler: Scheduler, options: LabOptions): Board {
  const { firmware, bundle, seed = 1, onLine } = options;
  const radio = cyw43InReach(scheduler, { ...LAB_NETWORK, port: link.a }, seed);
  const { chip } = radio;
  const { ssid, passphrase } = options.join ?? LAB_NETWORK;
  const image = options.noImage ? [] : [{ offset: RAW_OFFSET, bytes: standInImage(PUBLISHED_SIZE) }];
  const pico = createEmulatedPicoW({
    scheduler,
    chip,
    firmware: [...firmware, ...image],
    bundle: withStoredItems({ WIFI_SSID: ssid, WIFI_PASSWORD: passphrase }, bundle),
    seed,
    ...(onLine && { onLine }),
  });
  const { counters } = chip;
  return {
    pico,
    radio,
    busUse: () => ({
      bytes: 4 * (counters.wordsIn + counters.wordsOut),
      transactions: counters.transactions,
      framesSent: counters.framesFromHost,
    }),
  };
}
