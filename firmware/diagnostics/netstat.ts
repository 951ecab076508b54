// net.netstat(): connections, listeners and other endpoints. Queues in bytes: received and out of order or not given
// back by tcpRecved(), sent and not acknowledged, waiting to be sent; of a listener, connections that wait. Timer: R
// retransmission, P zero-window probe, T try again, F end of FIN_WAIT_2, W end of TIME_WAIT; seconds left / times it
// ran out so far.

import { ipAddrIsAny, ipaddrNtoa, type IpAddr } from '../stack/core/ipaddr.js';
import { LWIP_RAW, LWIP_TCP, LWIP_UDP, TCP_LISTEN_BACKLOG } from '../stack/core/opt.js';
import type { Stack } from '../stack/core/stack.js';
import { TIMER_NONE, TIMER_RTO, tcpStateName, type TcpPcb } from '../stack/tcp/tcp_state.js';
import { left, right } from './columns.js';
import { show, type Diagnostics } from './console.js';

export function netstat(d: Diagnostics): void {
  const stack = d.stack;
  const lines = [
    left('State', 12) + left('Local', 22) + left('Remote', 22) + queues('Recv', 'Unack', 'Unsnt', 'Timer'),
  ];
  if (LWIP_TCP) {
    const tcp = stack.tcp;
    for (let q = tcp.active; q; q = q.next) lines.push(connection(q));
    for (let q = tcp.bound; q; q = q.next) lines.push(connection(q));
    for (let q = tcp.listen; q; q = q.next) {
      lines.push(
        ends('LISTEN', q.localIp, q.localPort, 0, 0) +
          (TCP_LISTEN_BACKLOG ? queues(q.acceptsPending, '', '', '') : ''),
      );
    }
    for (let q = tcp.tw; q; q = q.next) {
      lines.push(
        ends('TIME_WAIT', q.localIp, q.localPort, q.remoteIp, q.remotePort) +
          queues('', '', '', 'W' + secondsTo(stack, q.deadline)),
      );
    }
  }
  if (LWIP_UDP) {
    for (let q = stack.udp.pcbs; q; q = q.next) {
      lines.push(ends('udp', q.localIp, q.localPort, q.remoteIp, q.remotePort));
    }
  }
  if (LWIP_RAW) {
    for (let q = stack.rawPcbs; q; q = q.next) {
      lines.push(ends('raw ' + q.protocol, q.localIp, 0, q.remoteIp, 0));
    }
  }
  show(d, lines);
}

function connection(q: TcpPcb): string {
  const stack = q.stack;
  let received = stack.opt.TCP_WND - q.rcvWnd;
  for (let seg = q.ooseq; seg; seg = seg.next) received += seg.len;
  const timer = q.timer;
  return (
    ends(tcpStateName(q.state), q.localIp, q.localPort, q.remoteIp, q.remotePort) +
    queues(
      received,
      (q.sndNxt - q.sndUna) | 0,
      (q.sndLbb - q.sndNxt) | 0,
      timer === TIMER_NONE
        ? ''
        : '-RPTF'.charAt(timer) +
            secondsTo(stack, q.timerAt) +
            '/' +
            (timer === TIMER_RTO ? q.nrtx : q.persistProbes),
    )
  );
}

function ends(
  state: string,
  localIp: IpAddr,
  localPort: number,
  remoteIp: IpAddr,
  remotePort: number,
): string {
  return left(state, 12) + left(end(localIp, localPort), 22) + left(end(remoteIp, remotePort), 22);
}

function end(ip: IpAddr, port: number): string {
  return (ipAddrIsAny(ip) ? '*' : ipaddrNtoa(ip)) + ':' + (port || '*');
}

function queues(
  received: string | number,
  unacked: string | number,
  unsent: string | number,
  timer: string,
): string {
  return right(received, 5) + right(unacked, 6) + right(unsent, 6) + right(timer, 7);
}

/** Whole seconds until a moment of the stack's clock, rounded up; 0 when it is over. */
function secondsTo(stack: Stack, at: number): number {
  return Math.max(0, Math.ceil(((at - stack.clock()) | 0) / 1000));
}
