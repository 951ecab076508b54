// net.ping(host, count): a request a second, a line for each reply, a summary. One run at a time.

import { ERR_MEM, ERR_OK, ERR_VAL, type Err } from '../stack/core/err.js';
import { ipaddrNtoa, type IpAddr } from '../stack/core/ipaddr.js';
import { sysTimeout, sysUntimeout } from '../stack/core/timers.js';
import { pingNew, pingRemove, pingSend, type Ping, type PingResult } from '../stack/icmp/ping.js';
import { cut, HOST } from './columns.js';
import { show, type Diagnostics } from './console.js';
import { lookup, reason } from './resolve.js';

const COUNT = 4;
/** Bytes of data in a request. */
const SIZE = 56;
/** Milliseconds between requests, and how long a reply is waited for. */
const INTERVAL = 1000;
const PATIENCE = 2000;

export interface PingRun {
  d: Diagnostics;
  /** Null while the host's name is being looked up. */
  pinger: Ping | null;
  addr: IpAddr;
  /** Requests still to be sent. */
  left: number;
  sent: number;
  received: number;
  /** Round-trip times, ms. */
  min: number;
  max: number;
  sum: number;
}

/**
 * Starts a run; without arguments ends the one that is under way.
 * @param host name or address
 * @param count requests; Infinity for no end
 */
export function ping(d: Diagnostics, host?: unknown, count?: unknown): void {
  const before = d.ping;
  if (before) {
    if (host === undefined) finish(before);
    else show(d, ['ping: one is running; net.ping() ends it']);
    return;
  }
  const left = count === undefined ? COUNT : (count as number);
  if (typeof left !== 'number' || !(left >= 1)) {
    show(d, ['ping: count must be a number, 1 or more']);
    return;
  }
  const run: PingRun = {
    d,
    pinger: null,
    addr: 0,
    left,
    sent: 0,
    received: 0,
    min: Infinity,
    max: 0,
    sum: 0,
  };
  d.ping = run;
  lookup(d, 'ping', host, function (addr) {
    // The run may have been ended meanwhile.
    if (d.ping === run) begin(run, host as string, addr);
  });
}

function begin(run: PingRun, host: string, addr: IpAddr | null): void {
  const d = run.d;
  d.ping = null;
  if (addr === null) return;
  run.addr = addr;
  run.pinger = pingNew(d.stack);
  if (!run.pinger) return fail(run, ERR_MEM);
  d.ping = run;
  show(d, ['PING ' + cut(host, HOST) + ' (' + ipaddrNtoa(addr) + '): ' + SIZE + ' data bytes']);
  send(run);
}

function send(run: PingRun): void {
  run.left--;
  const err = pingSend(run.pinger!, run.addr, SIZE, PATIENCE, answered, run);
  if (err === ERR_OK) run.sent++;
  else fail(run, err);
}

function answered(pinger: Ping, result: PingResult): void {
  const run = pinger.arg as PingRun;
  const d = run.d;
  const time = result.time;
  const seq = 'seq=' + result.seq;
  if (result.err === ERR_OK) {
    run.received++;
    run.sum += time;
    run.min = Math.min(run.min, time);
    run.max = Math.max(run.max, time);
    show(d, [
      result.size +
        ' bytes from ' +
        ipaddrNtoa(run.addr) +
        ': ' +
        seq +
        ' ttl=' +
        result.ttl +
        ' time=' +
        time +
        ' ms',
    ]);
  } else show(d, ['no reply from ' + ipaddrNtoa(run.addr) + ': ' + seq]);
  const wait = result.err === ERR_OK ? Math.max(1, INTERVAL - time) : 1;
  if (run.left < 1) finish(run);
  else if (sysTimeout(d.stack, wait, send, run) !== ERR_OK) fail(run, ERR_MEM);
}

function fail(run: PingRun, err: Err): void {
  show(run.d, ['ping: ' + (err === ERR_VAL ? 'not an address to send to' : reason(err))]);
  finish(run);
}

/** Ends a run and tells what came of it. */
function finish(run: PingRun): void {
  const d = run.d;
  const received = run.received;
  d.ping = null;
  sysUntimeout(d.stack, send, run);
  if (run.pinger) pingRemove(run.pinger);
  if (!run.sent) return;
  show(d, [
    run.sent +
      ' sent, ' +
      received +
      ' received, ' +
      Math.round((1 - received / run.sent) * 100) +
      '% lost' +
      (received
        ? ', min/avg/max ' + run.min + '/' + Math.round(run.sum / received) + '/' + run.max + ' ms'
        : ''),
  ]);
}
