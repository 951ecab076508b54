// Where the two halves of the CYW43439 model meet: the bus half (gSPI, backplane, SDPCM) and what runs on the chip's
// ARM (commands, events, data). Neither half knows more of the other than this file says.

/** Bits of `flags` in a control reply, as the CDC header has them. */
export const CDC_ERROR = 1;
export const CDC_SET = 2;

export interface ControlRequest {
  /** The number that the reply carries again. */
  id: number;
  /** WLC_… */
  cmd: number;
  set: boolean;
  /** 0 station, 1 access point; what the header says, which may be anything. */
  iface: number;
  /** What followed the CDC header; for a get its length is the room for the answer. */
  data: Uint8Array;
}

export interface ChipFirmware {
  /**
   * The core leaves reset.
   * @param ram the chip's whole RAM: the image at 0, the NVRAM at its end
   * @param host told by `ready()` when the firmware runs; never, if image or NVRAM are no good
   */
  start(ram: Uint8Array, host: FirmwareHost): void;
  /** Power off or core reset. */
  stop(): void;
  /** A command; answered by `controlReply`, later, in order. */
  control(request: ControlRequest): void;
  /** An Ethernet frame from the host. The array is the firmware's to keep. */
  frame(iface: number, frame: Uint8Array): void;
}

export interface FirmwareHost {
  ready(): void;
  /**
   * @param flags CDC_ERROR and CDC_SET
   * @param status 0 or a BCM error, negative
   * @param data the answer to a get; empty after a set
   */
  controlReply(id: number, cmd: number, iface: number, flags: number, status: number, data: Uint8Array): void;
  /** An event as the Ethernet frame (type 886Ch) that travels in channel 1. */
  event(frame: Uint8Array): void;
  /** An Ethernet frame for the host. */
  frame(iface: number, frame: Uint8Array): void;
  /** The firmware has crashed: nothing comes from it until the core is started again. */
  trap(): void;
}
