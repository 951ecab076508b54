// Congestion control, RFC 5681 with RFC 6582 (NewReno), as arithmetic on a few numbers: nothing here sends,
// queues or reads a clock. Bytes throughout.

export interface Congestion {
  cwnd: number;
  ssthresh: number;
  /** Bytes acknowledged in congestion avoidance since cwnd last grew. */
  ccAcked: number;
  /** Sender's maximum segment size. */
  mss: number;
}

/** More than the largest window that can be announced without scaling helps nobody. */
const CWND_MAX = 0xffff;

/** RFC 5681, 3.1: the initial window. */
export function ccInitialWindow(mss: number): number {
  return mss > 2190 ? 2 * mss : mss > 1095 ? 3 * mss : 4 * mss;
}

/** A new connection; RFC 5681, 3.1: one segment when the SYN or SYN-ACK was lost. */
export function ccInit(c: Congestion, synLost: boolean): void {
  c.cwnd = synLost ? c.mss : ccInitialWindow(c.mss);
  c.ssthresh = CWND_MAX;
  c.ccAcked = 0;
}

/** New data were acknowledged, outside of recovery. */
export function ccAck(c: Congestion, acked: number): void {
  let cwnd = c.cwnd;
  if (cwnd >= CWND_MAX) return;
  const mss = c.mss;
  if (cwnd < c.ssthresh) {
    // RFC 5681, 3.1 (2): slow start.
    cwnd += acked < mss ? acked : mss;
  } else {
    // RFC 5681, 3.1: congestion avoidance, one segment for each window of acknowledged bytes.
    const n = c.ccAcked + acked;
    if (n < cwnd) {
      c.ccAcked = n;
      return;
    }
    c.ccAcked = n - cwnd;
    cwnd += mss;
  }
  c.cwnd = cwnd < CWND_MAX ? cwnd : CWND_MAX;
}

/** RFC 5681, 3.1 (4). */
export function ccHalve(c: Congestion, flight: number): void {
  const half = flight >> 1;
  c.ssthresh = half > 2 * c.mss ? half : 2 * c.mss;
  c.ccAcked = 0;
}

/** RFC 5681, 3.2, steps 2 and 3: the duplicate ACKs tell that a segment is lost and `dupAcks` arrived. */
export function ccEnterRecovery(c: Congestion, flight: number, dupAcks: number): void {
  ccHalve(c, flight);
  c.cwnd = c.ssthresh + dupAcks * c.mss;
}

/** RFC 5681, 3.2, step 4: one more segment has left the network. */
export function ccDupAck(c: Congestion): void {
  if (c.cwnd < 2 * CWND_MAX) c.cwnd += c.mss;
}

/** RFC 6582, 3.2, step 3: a partial ACK deflates the window by what it acknowledges. */
export function ccPartialAck(c: Congestion, acked: number): void {
  let cwnd = c.cwnd - acked;
  if (acked >= c.mss) cwnd += c.mss;
  c.cwnd = cwnd > c.mss ? cwnd : c.mss;
}

/** RFC 6582, 3.2, step 3, full acknowledgment, option 1. */
export function ccExitRecovery(c: Congestion, flight: number): void {
  const w = (flight > c.mss ? flight : c.mss) + c.mss;
  c.cwnd = w < c.ssthresh ? w : c.ssthresh;
  c.ccAcked = 0;
}

/**
 * The retransmission timer expired.
 * @param first whether it is the oldest segment's first time-out (RFC 5681, 3.1: ssthresh is set once)
 */
export function ccTimeout(c: Congestion, flight: number, first: boolean): void {
  if (first) ccHalve(c, flight);
  // RFC 5681, 3.1: the loss window.
  c.cwnd = c.mss;
  c.ccAcked = 0;
}

/** RFC 5681, 4.1: nothing was sent for more than one RTO. */
export function ccRestart(c: Congestion): void {
  const iw = ccInitialWindow(c.mss);
  if (c.cwnd > iw) c.cwnd = iw;
}
