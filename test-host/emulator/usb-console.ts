// The USB host at the board's serial console: enumerates the CDC device, passes bytes both ways. It answers the
// armed OUT endpoint only when there is something to say: completing it with nothing, again and again, would keep the
// firmware in its USB interrupt for two thirds of the time.

import { type RP2040, USBCDC } from 'rp2040js';

/** A full-speed bulk transfer, bytes. */
const PACKET = 64;
/** From the arming of the endpoint, or from the data, to the host's next look at it, microseconds. */
const HOST_DELAY = 125;

export class UsbConsole {
  /** The board has written to its console. */
  onData: (bytes: Uint8Array) => void = () => {};
  /** The host has opened the port. */
  connected = false;
  private readonly waiting: number[] = [];
  private armed = false;
  private endpoint = 0;
  private readonly usb: RP2040['usbCtrl'];

  constructor(chip: RP2040) {
    this.usb = chip.usbCtrl;
    const cdc = new USBCDC(this.usb);
    cdc.onSerialData = (bytes) => this.onData(bytes);
    cdc.onDeviceConnected = () => (this.connected = true);
    const control = this.usb.onEndpointRead;
    this.usb.onEndpointRead = (endpoint, size) => {
      if (endpoint === 0) return control?.(endpoint, size);
      this.endpoint = endpoint;
      this.armed = true;
      this.deliver();
    };
  }

  /** Sends bytes to the board, as fast as it takes them. */
  write(bytes: Uint8Array): void {
    for (const byte of bytes) this.waiting.push(byte);
    this.deliver();
  }

  /** Bytes that the board has not taken yet. */
  get pending(): number {
    return this.waiting.length;
  }

  private deliver(): void {
    if (!this.armed || !this.waiting.length) return;
    this.armed = false;
    const packet = Uint8Array.from(this.waiting.splice(0, PACKET));
    this.usb.endpointReadDone(this.endpoint, packet, HOST_DELAY);
  }
}
