// What the chip has done, for tests and for the simulated board's diagnostics. The real chip has no such counters.

export interface ChipCounters {
  /** WL_REG_ON rose. */
  powerOns: number;
  transactions: number;
  /** Transactions by function and direction. */
  busReads: number;
  busWrites: number;
  backplaneReads: number;
  backplaneWrites: number;
  packetReads: number;
  packetWrites: number;
  /** Words each way, commands and status words included. */
  wordsIn: number;
  wordsOut: number;
  /** Status words that the host took. */
  statusWords: number;
  /** Changes of the interrupt level to "pending". */
  interrupts: number;
  /** The ARM left reset with an acceptable image. */
  armStarts: number;
  /** The ARM left reset and RAM held no acceptable image or NVRAM. */
  imagesRefused: number;
  sleeps: number;
  wakes: number;
  traps: number;
  /** Packets to the host by kind, as the host read them; `creditPackets` carry nothing else. */
  replies: number;
  events: number;
  framesToHost: number;
  creditPackets: number;
  bytesToHost: number;
  /** Packets of the host that were accepted. */
  controls: number;
  framesFromHost: number;
  bytesFromHost: number;
  /** Packets of the host that were not: not ready, no credit, malformed. */
  refusedFromHost: number;
  /** Packets of the host that came after a trap. */
  lostInTrap: number;
  /** Ethernet frames for which the queue to the host had no room. */
  queueFull: number;
  /** Dropped by READ_TERMINATE. */
  readTerminated: number;
  /** What faults did. */
  deafTransactions: number;
  spoiltTests: number;
  bitErrors: number;
  droppedToHost: number;
  droppedReplies: number;
}

export function newCounters(): ChipCounters {
  return {
    powerOns: 0,
    transactions: 0,
    busReads: 0,
    busWrites: 0,
    backplaneReads: 0,
    backplaneWrites: 0,
    packetReads: 0,
    packetWrites: 0,
    wordsIn: 0,
    wordsOut: 0,
    statusWords: 0,
    interrupts: 0,
    armStarts: 0,
    imagesRefused: 0,
    sleeps: 0,
    wakes: 0,
    traps: 0,
    replies: 0,
    events: 0,
    framesToHost: 0,
    creditPackets: 0,
    bytesToHost: 0,
    controls: 0,
    framesFromHost: 0,
    bytesFromHost: 0,
    refusedFromHost: 0,
    lostInTrap: 0,
    queueFull: 0,
    readTerminated: 0,
    deafTransactions: 0,
    spoiltTests: 0,
    bitErrors: 0,
    droppedToHost: 0,
    droppedReplies: 0,
  };
}
