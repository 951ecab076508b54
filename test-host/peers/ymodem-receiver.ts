// YMODEM, the receiver's side as Kaluma 1.2.1 behaves: 'C' for a block that is damaged, NAK for one whose number is not
// the next, two CAN to give up. Where the board would wait a second and ask again, the fault that makes it wait asks
// at once.

const SOH = 0x01;
const STX = 0x02;
const EOT = 0x04;
const ACK = 0x06;
const NAK = 0x15;
const CAN = 0x18;
const ASK = 0x43;

/**
 * What happens to a block or an end mark that came in: `ask`, it was damaged; `lost`, it was taken and the ACK got lost;
 * `nak`, refused; `cancel`, the receiver gives up; `mute`, nothing.
 */
export type Fate = 'take' | 'ask' | 'lost' | 'nak' | 'cancel' | 'mute';

export interface ReceiverFaults {
  /** Never asks for the file. */
  deaf?: boolean;
  /** @param arrival counts everything that came in whole since the transfer began, from 0 */
  fate?: (arrival: number) => Fate;
}

export interface ReceiverOptions {
  faults: ReceiverFaults;
  send: (bytes: Uint8Array) => void;
  header: (name: string, size: number) => void;
  /** @returns whether there was room */
  data: (bytes: Uint8Array) => boolean;
  /** Called once, with the line that Kaluma prints. */
  end: (verdict: string) => void;
}

export class YmodemReceiver {
  private packet: number[] = [];
  private expected = 0;
  private arrivals = 0;
  private session = false;

  constructor(private readonly options: ReceiverOptions) {}

  start(): void {
    if (!this.options.faults.deaf) this.options.send(Uint8Array.of(ASK));
  }

  push(byte: number): void {
    this.packet.push(byte);
    const start = this.packet[0]!;
    const size = start === SOH ? 128 : start === STX ? 1024 : 0;
    if (size) {
      if (this.packet.length < size + 5) return;
    } else if (start === CAN && this.packet.length < 2) return;
    const packet = Uint8Array.from(this.packet);
    this.packet = [];
    if (size) return this.block(packet, size);
    if (start === EOT) return this.fated(() => this.endOfFile());
    if (start === CAN) return this.finish('Aborted', ACK);
    if (start === 0x41 || start === 0x61) return this.finish('Aborted', CAN, CAN);
    this.options.send(Uint8Array.of(ASK));
  }

  private block(packet: Uint8Array, size: number): void {
    const crc = (packet[size + 3]! << 8) | packet[size + 4]!;
    const whole = packet[1] === (packet[2]! ^ 255) && crc === remainder(packet.subarray(3, size + 3));
    if (!whole) return this.options.send(Uint8Array.of(ASK, ASK));
    this.fated(() => {
      if (packet[1] !== (this.expected & 255)) return [NAK];
      const data = packet.subarray(3, size + 3);
      if (this.expected === 0) return this.header(data);
      this.expected++;
      if (this.options.data(data)) return [ACK];
      this.finish('Verification failed', CAN, CAN);
      return [];
    });
  }

  private header(data: Uint8Array): number[] {
    if (data[0] === 0) {
      this.finish('Done', ACK);
      return [];
    }
    const [name = '', size = ''] = Buffer.from(data).toString('latin1').split('\0');
    this.expected = 1;
    this.session = true;
    this.options.header(name, parseInt(size, 10));
    return [ACK, ASK];
  }

  private endOfFile(): number[] {
    this.expected = 0;
    return [ACK];
  }

  private fated(take: () => number[]): void {
    const fate = this.options.faults.fate?.(this.arrivals++) ?? 'take';
    switch (fate) {
      case 'take': {
        const answer = take();
        if (answer.length) this.options.send(Uint8Array.from(answer));
        return;
      }
      case 'lost':
        take();
        return;
      case 'ask':
        return this.options.send(Uint8Array.of(ASK, ASK));
      case 'nak':
        return this.options.send(Uint8Array.of(NAK));
      case 'cancel':
        return this.finish(this.session ? 'Verification failed' : 'Aborted', CAN, CAN);
      case 'mute':
        return;
    }
  }

  private finish(verdict: string, ...bytes: number[]): void {
    this.options.send(Uint8Array.from(bytes));
    this.options.end(verdict);
  }
}

/** CRC-16 of XMODEM by polynomial division of the message followed by 16 zero bits. */
function remainder(bytes: Uint8Array): number {
  let register = 0;
  for (const byte of [...bytes, 0, 0]) {
    for (let bit = 7; bit >= 0; bit--) {
      register = (register << 1) | ((byte >> bit) & 1);
      if (register & 0x10000) register ^= 0x11021;
    }
  }
  return register;
}
