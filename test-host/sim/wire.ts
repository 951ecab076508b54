// What every network attachment in the test host speaks: Ethernet frames without preamble and FCS.
// A Port is one end of a cable; what lies between ports is in link.ts and switch.ts.

export interface FrameMeta {
  /** The frame's FCS was wrong when it arrived: a MAC drops it and counts it. */
  badFcs?: boolean;
}

/** Takes a frame that has fully arrived. The array is the receiver's to keep; nobody changes it later. */
export type FrameHandler = (frame: Uint8Array, meta?: FrameMeta) => void;

export interface Port {
  /** Sends a frame that has fully left the sender's MAC. The array must not be changed afterwards. */
  send(frame: Uint8Array, meta?: FrameMeta): void;
  /** Set by the attached device. */
  onFrame: FrameHandler | null;
}
