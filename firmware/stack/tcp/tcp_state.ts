// The types of TCP: connection (TcpPcb), listener, segment, TIME_WAIT record and the state that a stack keeps.
// What happens to them is in the other files of this folder.

import { chksumAddr } from '../core/checksum.js';
import { IP_ADDR_ANY, type Ip4Addr, type IpAddr } from '../core/ipaddr.js';
import type { Err } from '../core/err.js';
import { LWIP_TCP_KEEPALIVE } from '../core/opt.js';
import type { Netif } from '../core/netif.js';
import { PBUF_IP, PBUF_RAM, pbufAlloc, type Pbuf } from '../core/pbuf.js';
import type { Stack } from '../core/stack.js';
import { tcpNetifChanged } from './tcp_netif.js';
import { tcpIsn } from './tcp_isn.js';
import { tcpOoseqFreeAll } from './tcp_ooseq.js';
import { RTO_INITIAL } from './tcp_rexmit.js';
import { IP_PROTO_TCP, TCP_HLEN } from './tcp_wire.js';

// Connection states (RFC 9293, 3.3.2). The order matters: from ESTABLISHED on a connection is synchronized.
export const CLOSED = 0;
export const LISTEN = 1;
export const SYN_SENT = 2;
export const SYN_RCVD = 3;
export const ESTABLISHED = 4;
export const FIN_WAIT_1 = 5;
export const FIN_WAIT_2 = 6;
export const CLOSE_WAIT = 7;
export const CLOSING = 8;
export const LAST_ACK = 9;
/** A connection that waits is a TcpTw; a TcpPcb has this state only while the application still holds it. */
export const TIME_WAIT = 10;

// pcb.flags; the most used have the shortest numbers.
/** Holds its place in the pool: not freed. */
export const TF_LIVE = 0x0001;
/** An ACK is to be sent with the next tcpOutput(). */
export const TF_ACK_NOW = 0x0002;
/** In fast recovery (RFC 6582). */
export const TF_INFR = 0x0004;
/** An ACK is owed, not later than pcb.ackAt. */
export const TF_ACK_DELAY = 0x0008;
/** A segment's round trip is being timed: rttSeq, rttTime. */
export const TF_RTT = 0x0010;
/** A FIN is to be queued as soon as there is memory for it. */
export const TF_CLOSEPEND = 0x0020;
/** A loss was found, and what was in flight then, up to pcb.recover, is not all acknowledged. */
export const TF_LOSS = 0x0040;
/** The application has closed: no callback any more. */
export const TF_ORPHAN = 0x0080;
/** The application takes no more data. */
export const TF_RXCLOSED = 0x0100;
/** The peer's FIN has come and the application has not been told yet. */
export const TF_EOF = 0x0200;
/** A partial ACK came in this recovery (RFC 6582, 3.2, step 3). */
export const TF_PARTIAL = 0x0400;
/** The last tcpWrite() found no memory: Nagle must not hold back what is queued. */
export const TF_NAGLEMEMERR = 0x0800;
/** The Nagle algorithm is off. */
export const TF_NODELAY = 0x1000;
/** Came into being by a SYN to a listener. */
export const TF_PASSIVE = 0x2000;
/** Counted in its listener's acceptsPending. */
export const TF_BACKLOGPEND = 0x4000;

// Flags of tcpWrite().
/** The bytes are copied; without it they must stay as they are until acknowledged. */
export const TCP_WRITE_FLAG_COPY = 1;
/** More follows soon: no PSH, and room is kept in the segment. */
export const TCP_WRITE_FLAG_MORE = 2;

// pcb.timer: what timerAt is the deadline of.
export const TIMER_NONE = 0;
/** Retransmission. */
export const TIMER_RTO = 1;
/** Zero-window probe, or a window too small for too long. */
export const TIMER_PERSIST = 2;
/** The interface refused a segment: try again. */
export const TIMER_RETRY = 3;
/** End of FIN_WAIT_2 for a closed application. */
export const TIMER_FIN = 4;

export const TCP_PRIO_MIN = 1;
export const TCP_PRIO_NORMAL = 64;
export const TCP_PRIO_MAX = 127;

// Callbacks; `arg` is what tcpArg() set.
/** A listener's handshake is complete. Not ERR_OK: the connection is aborted. */
export type TcpAcceptFn = (arg: never, newpcb: TcpPcb | null, err: Err) => Err;
/** Data (the callback's to free) or, with null, the end of the stream. Not ERR_OK: offered again later. */
export type TcpRecvFn = (arg: never, pcb: TcpPcb, p: Pbuf | null, err: Err) => Err;
/** `len` bytes were acknowledged by the peer. */
export type TcpSentFn = (arg: never, pcb: TcpPcb, len: number) => Err;
export type TcpPollFn = (arg: never, pcb: TcpPcb) => Err;
/** The connection is gone, and so is its pcb. */
export type TcpErrFn = (arg: never, err: Err) => void;
export type TcpConnectedFn = (arg: never, pcb: TcpPcb, err: Err) => Err;

/** A stretch of the stream with its header, queued for sending, or of the peer's, kept out of order. */
export interface TcpSeg {
  /** Sum of what follows the header's fixed part, or -1: not summed up yet. */
  chksum: number;
  /** SYN, FIN, PSH. */
  flags: number;
  p: Pbuf;
  /** Bytes of data. */
  len: number;
  /** Relative sequence number of the first byte, and of what follows the segment (SYN and FIN counted). */
  seq: number;
  next: TcpSeg | null;
  end: number;
}

export interface TcpListenPcb {
  stack: Stack;
  soOptions: number;
  ttl: number;
  tos: number;
  prio: number;
  arg: unknown;
  state: number;
  /** Answer a SYN that finds no pcb or no room in the backlog by RST; otherwise it is dropped, and comes again. */
  rstWhenFull: boolean;
  backlog: number;
  /** Connections in handshake, or delayed by tcpBacklogDelayed(). */
  acceptsPending: number;
  acceptFn: TcpAcceptFn | null;
  netif: Netif | null;
  localIp: IpAddr;
  /** 0: every port (tcpListenAny). */
  localPort: number;
  next: TcpListenPcb | null;
}

/** What of a connection goes into the header of each segment: part of TcpPcb and TcpTw. */
export interface TcpEnds {
  stack: Stack;
  /** The interface that the application bound it to. */
  netif: Netif | null;
  ttl: number;
  tos: number;
  irsHi: number;
  irsLo: number;
  issHi: number;
  issLo: number;
  localIp: IpAddr;
  /** Sum of both addresses and ports and the protocol number. */
  chksumBase: number;
  /** The interface that datagrams leave by; null: look it up. */
  route: Netif | null;
  localPort: number;
  remoteIp: IpAddr;
  /** Bytes the peer may send in one segment, as our MSS option told. */
  rcvMss: number;
  /** Right edge of the window as last announced. */
  rcvAdv: number;
  rcvWnd: number;
  rcvNxt: number;
  remotePort: number;
}

export interface TcpKeep {
  /** Milliseconds of silence before the first probe, and between probes. */
  idle: number;
  intvl: number;
  /** Probes without answer before the connection is given up. */
  cnt: number;
  sent: number;
  /** When the next probe is due. */
  at: number;
}

/** What is left of a connection in TIME_WAIT. */
export interface TcpTw extends TcpEnds {
  sndNxt: number;
  /** Clock value at which it ends. */
  deadline: number;
  next: TcpTw | null;
}

/**
 * A connection. Sequence numbers are relative: to ISS on the sending side, to IRS on the receiving side, so that
 * they stay small integers; int32 arithmetic modulo 2^32 (tcp_seq.ts). Times are clock values in milliseconds.
 * What the per-segment path uses stands last.
 */
export interface TcpPcb extends TcpEnds {
  /** When the connection came into being or, for choosing a victim, last heard of its peer. */
  since: number;
  prio: number;
  /** Used with SOF_KEEPALIVE. */
  keep: TcpKeep | null;
  /** An ICMP error that RFC 1122, 4.2.3.9 calls soft: type << 8 | code, or -1. */
  softError: number;
  challengeAt: number;
  /** When refused data are offered again and a pending close is tried again. */
  retryAt: number;
  pollInterval: number;
  pollAt: number;
  listener: TcpListenPcb | null;
  errFn: TcpErrFn | null;
  pollFn: TcpPollFn | null;
  connectedFn: TcpConnectedFn | null;
  soOptions: number;
  /** The largest window the peer has offered. */
  sndWndMax: number;
  /** Zero-window probes without an answer, or tries to send that the interface refused. */
  persistProbes: number;
  persistBackoff: number;
  refusedData: Pbuf | null;
  /** Smoothed round-trip time, times 8, and its variation, times 4; srtt8 is -1 before the first sample. */
  srtt8: number;
  rttvar4: number;
  rttTime: number;
  rttSeq: number;
  /** When data was last sent, for the restart after idle. */
  sentAt: number;
  /** RFC 6582: recovery ends when this is acknowledged. */
  recover: number;
  /** Retransmissions of the oldest segment by time-out. */
  nrtx: number;
  ooseq: TcpSeg | null;
  sentFn: TcpSentFn | null;
  recvFn: TcpRecvFn | null;
  arg: unknown;
  sndQueuelen: number;
  sndBuf: number;
  ssthresh: number;
  /** Bytes acknowledged in congestion avoidance since cwnd last grew. */
  ccAcked: number;
  /** Retransmission time-out. */
  rto: number;
  ackAt: number;
  sndWl1: number;
  sndWl2: number;
  dupAcks: number;
  /** Next sequence number to be queued. */
  sndLbb: number;
  sndQTail: TcpSeg | null;
  /** End of the last short segment sent. */
  sndShort: number;
  mss: number;
  timerAt: number;
  timer: number;
  cwnd: number;
  /** Send queue: all that is not acknowledged; `unsent` points at the first segment to send, or to send again. */
  sndQ: TcpSeg | null;
  unsent: TcpSeg | null;
  sndWnd: number;
  /** Highest sequence number sent, plus one. */
  sndNxt: number;
  sndUna: number;
  flags: number;
  state: number;
  next: TcpPcb | null;
}

export interface TcpState {
  /** Key of the ISN hash. */
  secret: number[];
  /**
   * Chooses initial sequence numbers.
   * @returns 32 bits, signed or not
   */
  isn: (stack: Stack, localIp: IpAddr, localPort: number, remoteIp: IpAddr, remotePort: number) => number;
  freeSegs: TcpSeg | null;
  /** Whether the list of connections changed: the timer's walk starts again. */
  changed: boolean;
  timerOn: boolean;
  /** When the one time-out of TCP is due. */
  timerAt: number;
  bound: TcpPcb | null;
  tw: TcpTw | null;
  listen: TcpListenPcb | null;
  /** For segments outside of the queues; its pbuf is free while nobody else holds a reference. */
  ackSeg: TcpSeg;
  active: TcpPcb | null;
  /** The connection whose segment is being processed: its output waits for the end of that. */
  inputPcb: TcpPcb | null;
}

/** Sets TCP up. */
export function tcpInit(stack: Stack): void {
  const r = stack.random16;
  stack.tcp = {
    secret: [r() | (r() << 16), r() | (r() << 16)],
    isn: tcpIsn,
    freeSegs: null,
    changed: false,
    timerOn: false,
    timerAt: 0,
    bound: null,
    tw: null,
    listen: null,
    ackSeg: tcpSegMake(pbufAlloc(stack, PBUF_IP, TCP_HLEN + 1, PBUF_RAM)!),
    active: null,
    inputPcb: null,
  };
  stack.onPoolEmpty = tcpOoseqFreeAll;
  stack.netifHooks.push(tcpNetifChanged);
}

/** A segment around `p`, nothing else in it yet. */
export function tcpSegMake(p: Pbuf): TcpSeg {
  return { chksum: -1, flags: 0, p, len: 0, seq: 0, next: null, end: 0 };
}

/** The name of a connection state. */
export function tcpStateName(state: number): string {
  return (
    [
      'CLOSED',
      'LISTEN',
      'SYN_SENT',
      'SYN_RCVD',
      'ESTABLISHED',
      'FIN_WAIT_1',
      'FIN_WAIT_2',
      'CLOSE_WAIT',
      'CLOSING',
      'LAST_ACK',
      'TIME_WAIT',
    ][state] || '?'
  );
}

/** A new, unconnected pcb; the caller has taken its place in the pool. */
export function tcpPcbNew(stack: Stack, prio: number): TcpPcb {
  const o = stack.opt;
  return {
    stack,
    since: stack.clock() | 0,
    prio,
    keep: LWIP_TCP_KEEPALIVE
      ? {
          idle: o.TCP_KEEPIDLE_DEFAULT,
          intvl: o.TCP_KEEPINTVL_DEFAULT,
          cnt: o.TCP_KEEPCNT_DEFAULT,
          sent: 0,
          at: 0,
        }
      : null,
    softError: -1,
    challengeAt: 0,
    retryAt: 0,
    pollInterval: 0,
    pollAt: 0,
    listener: null,
    errFn: null,
    pollFn: null,
    connectedFn: null,
    netif: null,
    soOptions: 0,
    sndWndMax: 0,
    persistProbes: 0,
    persistBackoff: 0,
    refusedData: null,
    rcvMss: o.TCP_MSS,
    srtt8: -1,
    rttvar4: 0,
    rttTime: 0,
    rttSeq: 0,
    sentAt: 0,
    recover: 0,
    nrtx: 0,
    irsHi: 0,
    irsLo: 0,
    issHi: 0,
    issLo: 0,
    ttl: o.IP_DEFAULT_TTL,
    tos: 0,
    localIp: IP_ADDR_ANY as Ip4Addr,
    ooseq: null,
    sentFn: null,
    recvFn: null,
    arg: null,
    chksumBase: 0,
    route: null,
    sndQueuelen: 0,
    sndBuf: o.TCP_SND_BUF,
    ssthresh: 0xffff,
    ccAcked: 0,
    rto: RTO_INITIAL,
    ackAt: 0,
    sndWl1: 0,
    sndWl2: 0,
    dupAcks: 0,
    sndLbb: 0,
    sndQTail: null,
    sndShort: 0,
    localPort: 0,
    remoteIp: IP_ADDR_ANY as Ip4Addr,
    mss: o.TCP_MSS < 536 ? o.TCP_MSS : 536,
    rcvAdv: 0,
    timerAt: 0,
    timer: TIMER_NONE,
    cwnd: 0,
    sndQ: null,
    unsent: null,
    sndWnd: 0,
    sndNxt: 0,
    sndUna: 0,
    rcvWnd: o.TCP_WND,
    rcvNxt: 0,
    flags: 0,
    state: CLOSED,
    next: null,
    remotePort: 0,
  };
}

/** Sets the interface, addresses and ports of a connection. */
export function tcpSetEnds(
  c: TcpEnds,
  route: Netif,
  localIp: IpAddr,
  localPort: number,
  remoteIp: IpAddr,
  remotePort: number,
): void {
  c.route = route;
  c.localIp = localIp;
  c.localPort = localPort;
  c.remoteIp = remoteIp;
  c.remotePort = remotePort;
  c.chksumBase = IP_PROTO_TCP + chksumAddr(localIp) + chksumAddr(remoteIp) + localPort + remotePort;
}
