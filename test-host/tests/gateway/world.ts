// A board (a host of our stack) and a gateway on one cable, in real time: what the gateway tests stand on. Waits
// are for events; nothing sleeps.

import { put16 } from '../../../firmware/stack/core/bytes.js';
import { chksumPbuf } from '../../../firmware/stack/core/checksum.js';
import { ERR_OK } from '../../../firmware/stack/core/err.js';
import type { IpAddr } from '../../../firmware/stack/core/ipaddr.js';
import { PBUF_IP, PBUF_RAM, pbufAlloc, pbufFree, type Pbuf } from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes, pbufTake } from '../../../firmware/stack/core/pbuf_data.js';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';
import type { Stack } from '../../../firmware/stack/core/stack.js';
import { dnsGethostbyname, dnsSetserver } from '../../../firmware/stack/dns/dns.js';
import { rawNew, rawRecv, rawRemove, rawSendto, type RawPcb } from '../../../firmware/stack/raw/raw.js';
import { udpBind, udpErr, udpNew, udpRecv, type UdpPcb } from '../../../firmware/stack/udp/udp.js';
import { sendDatagram } from '../../gateway/datagram.js';
import { createGateway, type Gateway, type GatewayOptions } from '../../gateway/gateway.js';
import { parse, type Parsed } from '../../harness/frames.js';
import { Host, ip } from '../../harness/host.js';
import { Link } from '../../sim/link.js';
import { Pacer } from '../../sim/pacer.js';
import { Scheduler } from '../../sim/scheduler.js';

export const GATEWAY = '10.0.2.2';
export const BOARD = '10.0.2.77';
/** A destination that the tests' gateways find on 127.0.0.1: no other address is ever contacted. */
export const FOREIGN = '192.0.2.1';

/** Room for the boards of these tests: a few more connections than the defaults. */
const BOARD_OPTIONS: Partial<StackOptions> = {
  MEMP_NUM_TCP_PCB: 24,
  MEMP_NUM_UDP_PCB: 16,
  PBUF_POOL_SIZE: 128,
  MEM_SIZE: 512 << 10,
  MEMP_NUM_TCP_SEG: 512,
  TCP_WND: 8 * 1460,
  TCP_SND_BUF: 8 * 1460,
  TCP_SND_QUEUELEN: 64,
  TCP_OOSEQ_MAX_PBUFS: 16,
};

export class World {
  readonly scheduler = new Scheduler();
  readonly pacer = new Pacer(this.scheduler);
  readonly link = new Link(this.scheduler, { delay: 100, seed: 3 });
  readonly log: string[] = [];
  board!: Host;
  gateway!: Gateway;

  /**
   * Starts gateway and board.
   * @param address the board's address; null leaves it without one
   */
  static async start(options: Partial<GatewayOptions> = {}, address: string | null = BOARD): Promise<World> {
    const world = new World();
    world.gateway = await createGateway({
      scheduler: world.scheduler,
      port: world.link.b,
      inject: (fn) => world.pacer.inject(fn),
      log: (line) => world.log.push(line),
      redirect: onlyLoopback,
      ...options,
    });
    world.boot(address);
    world.pacer.start();
    return world;
  }

  /** Puts a board at its end of the cable. One that was there before is gone without a word. */
  boot(address: string | null = BOARD): void {
    this.board = new Host(this.scheduler, 5, BOARD_OPTIONS);
    this.pacer.inject(() => {
      const netif = this.board.addInterface({
        port: this.link.a,
        mac: '02:00:00:00:00:15',
        ...(address && { ip: address, gw: GATEWAY }),
      });
      if (address) dnsSetserver(netif.stack, 0, ip(GATEWAY));
    });
  }

  async stop(): Promise<void> {
    await this.gateway.close();
    this.pacer.stop();
  }

  /** Runs `fn` on the board, now. */
  do<T>(fn: (stack: Stack) => T): T {
    let result!: T;
    this.pacer.inject(() => (result = this.board.do(fn)));
    return result;
  }

  /** Asks the board's resolver. @returns the address, or null */
  resolve(name: string): Promise<IpAddr | null> {
    return new Promise((resolve, reject) => {
      const out = { addr: 0 as IpAddr };
      const err = this.do((stack) => dnsGethostbyname(stack, name, out, (_n, a) => resolve(a), null));
      if (err === ERR_OK) resolve(out.addr);
      else if (err !== -5) reject(new Error('dnsGethostbyname: ' + err));
    });
  }

  /**
   * Sends an echo request from the board.
   * @param size bytes of data
   * @returns the ICMP message that came back, reply or error
   */
  ping(to: string, size: number, sequence = 1): Promise<Uint8Array> {
    return new Promise((resolve) => {
      this.do((stack) => {
        const pcb = rawNew(stack, 1)!;
        rawRecv(
          pcb,
          (_arg: null, _pcb: RawPcb, p: Pbuf) => {
            const message = pbufBytes(p).subarray(20);
            if (message[0] === 8) return 0;
            pbufFree(p);
            // Not from within the walk over the PCBs.
            this.scheduler.after(0, () => rawRemove(pcb));
            resolve(message);
            return 1;
          },
          null,
        );
        const message = Uint8Array.from({ length: 8 + size }, (_, i) => i & 0xff);
        message.set([8, 0, 0, 0, 0x12, 0x34, 0, sequence]);
        const p = pbufAlloc(stack, PBUF_IP, message.length, PBUF_RAM)!;
        pbufTake(p, message);
        put16(p.payload, p.off + 2, ~chksumPbuf(p, p.totLen, 0) & 0xffff);
        rawSendto(pcb, p, ip(to));
        pbufFree(p);
      });
    });
  }

  /** Waits for a frame from the board ('a') or the gateway ('b') for which `match` holds. */
  frame(match: (f: Parsed) => boolean, end: 'a' | 'b' = 'b'): Promise<void> {
    return new Promise((resolve) => {
      this.link.tap = (frame, { from }) => {
        if (from !== end || !match(parse(frame))) return;
        this.link.tap = null;
        resolve();
      };
    });
  }

  /** A UDP endpoint of the board's that gathers what it receives. */
  datagrams(port = 0): BoardDatagrams {
    return new BoardDatagrams(this, port);
  }
}

export class BoardDatagrams {
  readonly pcb: UdpPcb;
  private readonly arrived: { bytes: Uint8Array; from: IpAddr; port: number }[] = [];
  private readonly errors: number[] = [];
  private wake: (() => void) | null = null;

  constructor(
    private readonly world: World,
    port: number,
  ) {
    this.pcb = world.do((stack) => {
      const pcb = udpNew(stack)!;
      udpBind(pcb, 0, port);
      udpRecv(
        pcb,
        (_arg: null, _pcb: UdpPcb, p: Pbuf, from: IpAddr, fromPort: number) => {
          this.arrived.push({ bytes: pbufBytes(p), from, port: fromPort });
          pbufFree(p);
          this.wake?.();
        },
        null,
      );
      udpErr(
        pcb,
        (_arg: null, _pcb: UdpPcb, err: number) => {
          this.errors.push(err);
          this.wake?.();
        },
        null,
      );
      return pcb;
    });
  }

  send(bytes: Uint8Array, to: string, port: number): void {
    this.world.do(() => sendDatagram(this.pcb, bytes, ip(to), port));
  }

  async receive(): Promise<{ bytes: Uint8Array; from: IpAddr; port: number }> {
    while (!this.arrived.length) await this.next();
    return this.arrived.shift()!;
  }

  /** The next error that ICMP told. */
  async error(): Promise<number> {
    while (!this.errors.length) await this.next();
    return this.errors.shift()!;
  }

  private next(): Promise<void> {
    return new Promise((resolve) => (this.wake = resolve));
  }
}

/** Waits until `done` holds; it is asked in each turn of the event loop. */
export async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setImmediate(resolve));
}

/** Sends what goes to FOREIGN to this machine's loopback, and lets nothing else out. */
export function onlyLoopback(address: string): string | null {
  return address === FOREIGN || address === GATEWAY ? '127.0.0.1' : null;
}
