// Kaluma's network device on a host on the virtual wire, and a second host that is the world to it. What Kaluma's own
// `net` does with the device is done here by small stand-ins of our own.

import assert from 'node:assert/strict';
import { kalumaNetdev, type KalumaNetdev, type NetdevSocket } from '../../../firmware/api/kaluma_netdev.js';
import type { StackOptions } from '../../../firmware/stack/core/opt.js';
import { IP_ADDR_ANY } from '../../../firmware/stack/core/ipaddr.js';
import { dnsSetserver } from '../../../firmware/stack/dns/dns.js';
import { tcpAccept, tcpBind, tcpListen, tcpNew } from '../../../firmware/stack/tcp/tcp.js';
import type { TcpAcceptFn } from '../../../firmware/stack/tcp/tcp_state.js';
import { assertClean, usage, type Usage } from '../../harness/clean.js';
import { Host, ip, type InterfaceConfig } from '../../harness/host.js';
import { DnsServer } from '../../peers/dns-server.js';
import { FrameGround } from '../../peers/ground.js';
import { Scheduler } from '../../sim/scheduler.js';
import { Switch } from '../../sim/switch.js';
import { Client } from '../services/http-client.js';

export const BOARD = '10.0.0.1';
export const WORLD = '10.0.0.2';
const DNS = '10.0.0.53';

export class NetdevRig {
  readonly scheduler = new Scheduler();
  readonly ether = new Switch(this.scheduler);
  readonly host: Host;
  readonly world: Host;
  readonly dns: DnsServer;
  readonly dev: KalumaNetdev;
  /** What the program has thrown, as the engine would report it. */
  readonly thrown: unknown[] = [];
  private readonly atRest: Usage;

  constructor(options: Partial<StackOptions> = {}, config: Partial<InterfaceConfig> = {}) {
    const s = this.scheduler;
    this.host = new Host(s, 1, { MEMP_NUM_TCP_PCB: 12, ...options });
    this.world = new Host(s, 2, {
      MEMP_NUM_TCP_PCB: 64,
      MEMP_NUM_TCP_SEG: 256,
      MEM_SIZE: 400_000,
      ARP_QUEUE_LEN: 16,
      MEMP_NUM_ARP_QUEUE: 32,
    });
    this.world.addInterface({ port: this.ether.addPort({ delay: 50 }), mac: '02:00:00:00:00:02', ip: WORLD });
    const ground = new FrameGround(this.ether.addPort({ delay: 50 }), '02:00:00:00:00:53', DNS);
    this.dns = new DnsServer(ground, { zone: { 'web.test': WORLD } });
    this.host.addInterface({
      port: this.ether.addPort({ delay: 50 }),
      mac: '02:00:00:00:00:01',
      ip: BOARD,
      ...config,
    });
    dnsSetserver(this.host.stack, 0, ip(DNS));
    this.atRest = usage(this.host);
    this.dev = kalumaNetdev(this.host.stack, (fn) => {
      s.after(1000, () => {
        try {
          fn();
        } catch (error) {
          this.thrown.push(error);
        }
        this.host.poll();
      });
    });
  }

  /** Runs `ms` of virtual time. */
  run(ms = 100): void {
    this.scheduler.runFor(ms * 1000);
  }

  /** The socket's object. */
  socket(fd: number): NetdevSocket {
    const socket = this.dev.get(fd);
    assert(socket, `socket ${fd}`);
    return socket;
  }

  /** Listens as net.js does. @returns the descriptor */
  listen(port: number, accept: (fd: number, listener: NetdevSocket) => void): number {
    const { dev } = this;
    const fd = dev.socket('AF_INET', 'STREAM');
    const listener = this.socket(fd);
    listener.accept_cb = (client) => accept(client, listener);
    const errors: number[] = [];
    dev.bind(fd, dev.ip, port, (err) => errors.push(err));
    dev.listen(fd, (err) => errors.push(err));
    assert.deepEqual(errors, [0, 0]);
    return fd;
  }

  /** A listener whose connections are Ends, with callbacks set on the listener's object, as net.js does it. */
  serve(port: number, begin: (end: End) => void = () => undefined): { fd: number; ends: End[] } {
    const ends: End[] = [];
    const fd = this.listen(port, (client, listener) => {
      const end = new End(this, client, listener);
      ends.push(end);
      begin(end);
    });
    return { fd, ends };
  }

  /** A socket that connects. */
  connect(host: string, port: number, begin: (end: End) => void = () => undefined): End {
    const fd = this.dev.socket('AF_INET', 'STREAM');
    const end = new End(this, fd, this.socket(fd));
    begin(end);
    this.dev.connect(fd, host, port, (err) => end.log.push(err ? `connect: ${this.dev.errno}` : 'ready'));
    return end;
  }

  /** A client of the world. */
  client(port: number): Client {
    return new Client(this.world, BOARD, port);
  }

  /** A port of the world that hands its connections to `accept`. */
  worldListen(port: number, accept: TcpAcceptFn): void {
    const pcb = tcpNew(this.world.stack)!;
    tcpBind(pcb, IP_ADDR_ANY, port);
    tcpAccept(tcpListen(pcb)!, accept);
  }

  /** Everything is given back, after what TCP and DNS keep for a while, and nothing was thrown. */
  assertClean(allowed: Usage = {}): void {
    this.run(60_000);
    assert.deepEqual(this.thrown, []);
    assertClean(this.host, { ...this.atRest, ...allowed });
  }
}

/** What a program notes of one connection. */
export class End {
  readonly log: string[] = [];
  readonly remote: string;
  text = '';
  largest = 0;

  constructor(
    readonly rig: NetdevRig,
    readonly fd: number,
    on: NetdevSocket,
  ) {
    this.remote = `${on.raddr}:${on.rport}`;
    on.connect_cb = () => void this.log.push('connect');
    on.close_cb = () => void this.log.push('close');
    on.shutdown_cb = () => void this.log.push('end');
    on.read_cb = (data) => this.read(data);
  }

  /** What is done with data beside keeping them. */
  onData: (text: string) => void = () => undefined;

  write(data: string | Uint8Array, name = 'written'): void {
    this.rig.dev.write(this.fd, data, (err) => this.log.push(err ? `${name}: ${this.rig.dev.errno}` : name));
  }

  end(): void {
    this.rig.dev.shutdown(this.fd, 1, (err) => this.log.push(err ? `shutdown: ${err}` : 'shutdown'));
  }

  close(): void {
    this.rig.dev.close(this.fd, (err) => this.log.push(err ? `closed: ${err}` : 'closed'));
  }

  private read(data: Uint8Array): void {
    assert(data instanceof Uint8Array);
    const text = Buffer.from(data).toString('latin1');
    this.text += text;
    this.largest = Math.max(this.largest, data.length);
    this.onData(text);
  }
}
