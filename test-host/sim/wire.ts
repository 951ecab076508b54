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
  /**
   * Set by a device that listens to the line: a frame begins to arrive and takes `microseconds` to do so.
   * Not every wire tells; without it the frame is only known once it is whole.
   */
  onCarrier?: ((microseconds: number) => void) | null;
}

/** Preamble and start-of-frame delimiter, frame check sequence, inter-frame gap: IEEE 802.3, 3.1.1 and 4.4.2. */
export const PREAMBLE_BYTES = 8;
export const FCS_BYTES = 4;
export const GAP_BYTES = 12;
/** The shortest frame without its FCS; a MAC pads to it. */
export const MIN_FRAME = 60;

/** Microseconds that a frame (given without FCS) occupies a line of `rate` bit/s, gap not included. */
export function frameTime(bytes: number, rate: number): number {
  return ((PREAMBLE_BYTES + Math.max(bytes, MIN_FRAME) + FCS_BYTES) * 8e6) / rate;
}
