// What the chip has done, for tests and for the simulated board's diagnostics. The real chip has no such counters.

export interface ChipCounters {
  /** Frames that arrived at the PHY. */
  rxFrames: number;
  /** Frames and bytes (FCS included) written to the receive buffer. */
  rxAccepted: number;
  rxBytes: number;
  rxFiltered: number;
  /** Wrong FCS, discarded by CRCEN. */
  rxBadFcs: number;
  rxRunts: number;
  rxOversize: number;
  /** Dropped for want of buffer space. */
  rxOverflow: number;
  /** Dropped because EPKTCNT was 255. */
  rxCountFull: number;
  /** Arrived while the receiver was off, in reset, asleep or without a link. */
  rxDisabled: number;
  /** MAC control frames kept from the buffer. */
  rxControl: number;
  /** Aborted by a DMA checksum, erratum 17. */
  rxAbortedByDma: number;
  /** Packets whose header erratum 14 spoilt. */
  rxCorrupted: number;
  /** Frames and bytes (FCS included) sent. */
  txFrames: number;
  txBytes: number;
  txAborted: number;
  txCollisions: number;
  txLateCollisions: number;
  /** Attempts put off because the line was in use. */
  txDeferred: number;
  /** Sent into an unplugged cable or with TXDIS. */
  txNoLink: number;
  txPauseFrames: number;
  /** Transmissions asked for while the transmit logic was stalled, erratum 12. */
  txStalled: number;
  dmaCopies: number;
  dmaChecksums: number;
  /** Soft and hard resets. */
  resets: number;
  spiSelects: number;
  spiBytes: number;
  rcr: number;
  rbm: number;
  wcr: number;
  wbm: number;
  bfs: number;
  bfc: number;
  src: number;
}

export function newCounters(): ChipCounters {
  return {
    rxFrames: 0,
    rxAccepted: 0,
    rxBytes: 0,
    rxFiltered: 0,
    rxBadFcs: 0,
    rxRunts: 0,
    rxOversize: 0,
    rxOverflow: 0,
    rxCountFull: 0,
    rxDisabled: 0,
    rxControl: 0,
    rxAbortedByDma: 0,
    rxCorrupted: 0,
    txFrames: 0,
    txBytes: 0,
    txAborted: 0,
    txCollisions: 0,
    txLateCollisions: 0,
    txDeferred: 0,
    txNoLink: 0,
    txPauseFrames: 0,
    txStalled: 0,
    dmaCopies: 0,
    dmaChecksums: 0,
    resets: 0,
    spiSelects: 0,
    spiBytes: 0,
    rcr: 0,
    rbm: 0,
    wcr: 0,
    wbm: 0,
    bfs: 0,
    bfc: 0,
    src: 0,
  };
}
