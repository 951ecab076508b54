// The seam between the bus half of the model and what runs on the chip's ARM. The bus half holds RAM, packet queues,
// SDPCM, credits and the CDC and BDC headers; a ChipFirmware sees control requests and Ethernet frames only.

/** Bits of `flags` in a control reply, as the CDC header has them. */
export const CDC_ERROR = 1;
export const CDC_SET = 2;

export interface ControlRequest {
  /** Given back with the reply. */
  id: number;
  /** WLC command number. */
  cmd: number;
  /** True for a set, false for a get. */
  set: boolean;
  /** 0 station, 1 access point. */
  iface: number;
  /** Bytes the host has room for in the reply. */
  outputLength: number;
  /** What followed the CDC header; the firmware's to keep. */
  data: Uint8Array;
}

export interface ChipFirmware {
  /**
   * The ARM runs. RAM holds an image that the bus half found acceptable, and NVRAM whose length word is right.
   * @param ram 512 KB, live: what the host writes later appears in it
   * @param host to be used until stop(); calls after that are ignored
   */
  start(ram: Uint8Array, host: FirmwareHost): void;
  /** Power off, core reset or trap: nothing may happen after it. */
  stop(): void;
  /** A command of the host. To be answered once, now or later, in order, by host.controlReply(). */
  control(request: ControlRequest): void;
  /** An Ethernet frame of the host, without FCS; the firmware's to keep. */
  frame(iface: number, frame: Uint8Array): void;
}

/** What the firmware can do to the host. Arrays handed over must not be changed afterwards. */
export interface FirmwareHost {
  /** Initialised: F2 takes packets as soon as the HT clock runs too. */
  ready(): void;
  /**
   * @param flags low 12 bits of the CDC flags: CDC_ERROR, CDC_SET
   * @param status BCM error, 0 or negative
   * @param data the answer of a get; for a set what the chip sends back, usually the request's data
   */
  controlReply(id: number, cmd: number, iface: number, flags: number, status: number, data: Uint8Array): void;
  /** @param bytes an Ethernet frame of type 886Ch with the event message */
  event(bytes: Uint8Array): void;
  /** @param bytes an Ethernet frame without FCS */
  frame(iface: number, bytes: Uint8Array): void;
  /** Wireless flow control: a set bit stops data packets of that priority. */
  flowControl(bits: number): void;
  /** The firmware crashed: the chip tells "halted" and does nothing more. */
  trap(): void;
}
