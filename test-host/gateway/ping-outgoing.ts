// Echo requests of the board's to others than the gateway: asked of the system's `ping`, which needs no
// privilege here. Where it reaches the destination the board gets its echo reply; where it cannot run, ICMP host
// unreachable; silence otherwise.

import { spawn, type ChildProcess } from 'node:child_process';
import { get32, put16 } from '../../firmware/stack/core/bytes.js';
import { chksumBytes, chksumPbuf } from '../../firmware/stack/core/checksum.js';
import { ipaddrNtoa, type Ip4Addr } from '../../firmware/stack/core/ipaddr.js';
import { PBUF_IP, PBUF_RAM, pbufAlloc, pbufFree, type Pbuf } from '../../firmware/stack/core/pbuf.js';
import { pbufCopyPartial, pbufTake } from '../../firmware/stack/core/pbuf_data.js';
import { ICMP_DUR_HOST } from '../../firmware/stack/icmp/icmp.js';
import { ipOutputIf } from '../../firmware/stack/ip/ip.js';
import { errorText, type Context } from './context.js';
import { ETH_HLEN, PROTO_ICMP, type Ip4View } from './frame.js';
import { destinationUnreachable } from './unreachable.js';

const ICMP_ECHO_REPLY = 0;
const ICMP_ECHO = 8;
/** Seconds to wait for the reply. */
const WAIT = 2;
/** Bytes of data that `ping` sends at most. */
const SIZE_MAX = 65507;

export interface EchoRequest {
  ip: Ip4View;
  /** The whole ICMP message. */
  message: Uint8Array;
  /** The datagram in a frame, to be quoted in ICMP errors. */
  frame: Uint8Array;
}

export class PingOutgoing {
  private readonly running = new Set<ChildProcess>();
  private complained = false;

  constructor(
    private readonly ctx: Context,
    private readonly limit: number,
    private readonly command: string,
  ) {}

  get size(): number {
    return this.running.size;
  }

  /** Asks on behalf of the board. */
  request({ ip, message, frame }: EchoRequest): void {
    const target = this.ctx.target(ip.dst);
    if (target === null) return destinationUnreachable(this.ctx, frame, ip, ICMP_DUR_HOST);
    // A flood gets no more than this; the rest is lost, as on any busy line.
    if (this.running.size >= this.limit) return;
    const child = spawn(this.command, pingArguments(target, message.length - 8), { stdio: 'ignore' });
    this.running.add(child);
    // Its own time-out is for the reply alone; a name service or a full system may hold it up longer.
    const timer = setTimeout(() => child.kill('SIGKILL'), (WAIT + 2) * 1000);
    const over = (): void => {
      clearTimeout(timer);
      this.running.delete(child);
    };
    child.on('error', (error) => {
      over();
      this.failed(errorText(error));
      this.ctx.enter(() => destinationUnreachable(this.ctx, frame, ip, ICMP_DUR_HOST));
    });
    child.on('exit', (code) => {
      over();
      // 1: no reply. Other codes: it could not ask.
      if (code === 0) return this.ctx.enter(() => this.reply(ip.src, ip.dst, message));
      if (code === 1 || code === null) return;
      this.failed(`${this.command} ${target}: exit code ${code}`);
      this.ctx.enter(() => destinationUnreachable(this.ctx, frame, ip, ICMP_DUR_HOST));
    });
  }

  /** Ends what runs. */
  close(): Promise<void>[] {
    return [...this.running].map(
      (child) =>
        new Promise((done) => {
          child.once('error', () => done());
          child.once('exit', () => done());
          child.kill('SIGKILL');
        }),
    );
  }

  private failed(text: string): void {
    if (this.complained) return;
    this.complained = true;
    this.ctx.log(`ping does not work here: ${text}`);
  }

  /** RFC 792: the request's identifier, sequence number and data, from the address that was asked. */
  private reply(board: Ip4Addr, asked: Ip4Addr, request: Uint8Array): void {
    const { netif, stack } = this.ctx;
    const p = pbufAlloc(stack, PBUF_IP, request.length, PBUF_RAM);
    if (!p) return this.ctx.log(`no memory for the echo reply of ${ipaddrNtoa(asked)}`);
    pbufTake(p, request);
    p.payload[p.off] = ICMP_ECHO_REPLY;
    put16(p.payload, p.off + 2, 0);
    put16(p.payload, p.off + 2, ~chksumPbuf(p, p.totLen, 0) & 0xffff);
    ipOutputIf(p, asked, board, stack.opt.IP_DEFAULT_TTL, 0, PROTO_ICMP, netif);
    pbufFree(p);
  }
}

/**
 * The echo request in a datagram that the stack has received.
 * @param p at the IP header
 * @returns null when it is something else, or its checksum is wrong
 */
export function echoRequest(p: Pbuf): EchoRequest | null {
  const frame = new Uint8Array(ETH_HLEN + p.totLen);
  pbufCopyPartial(p, frame, ETH_HLEN, p.totLen, 0);
  const hlen = (frame[ETH_HLEN]! & 15) * 4;
  const transport = ETH_HLEN + hlen;
  const message = frame.subarray(transport);
  if (message.length < 8 || message[0] !== ICMP_ECHO || message[1] !== 0) return null;
  if (chksumBytes(frame, transport, message.length) !== 0xffff) return null;
  return {
    message,
    frame,
    ip: {
      src: get32(frame, ETH_HLEN + 12),
      dst: get32(frame, ETH_HLEN + 16),
      protocol: PROTO_ICMP,
      hlen,
      transport,
      end: frame.length,
      laterFragment: false,
    },
  };
}

/** One request, numbers only, a short wait. */
function pingArguments(target: string, size: number): string[] {
  const wait = process.platform === 'darwin' ? ['-t', `${WAIT}`] : ['-W', `${WAIT}`];
  return ['-n', '-q', '-c', '1', ...wait, '-s', `${Math.min(size, SIZE_MAX)}`, target];
}
