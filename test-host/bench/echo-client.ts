// A connection of the lab's PC to the board's echo port, which looks whether every byte comes back.

import { pbufFree, type Pbuf } from '../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../firmware/stack/core/pbuf_data.js';
import {
  TCP_WRITE_FLAG_COPY,
  tcpClose,
  tcpConnect,
  tcpErr,
  tcpNagleDisable,
  tcpNew,
  tcpOutput,
  tcpRecv,
  tcpRecved,
  tcpSent,
  tcpSndbuf,
  tcpWrite,
} from '../../firmware/stack/tcp/tcp.js';
import type { TcpPcb } from '../../firmware/stack/tcp/tcp_state.js';
import { ip } from '../harness/host.js';
import { BOARD, type DeviceLab } from './device-lab.js';

/** A connection of the PC to the echo port. */
export class EchoClient {
  private readonly pcb: TcpPcb;
  private connected = false;
  private failed = false;
  private unsent: Uint8Array[] = [];
  private received = 0;
  /** Whether each byte came back as it was sent: byte n of the stream is n mod 251. */
  private intact = true;

  constructor(private readonly lab: DeviceLab) {
    const pcb = (this.pcb = tcpNew(lab.pc.stack)!);
    tcpErr(pcb, () => (this.failed = true));
    tcpSent(pcb, () => this.fill());
    tcpRecv(pcb, (_arg: never, q: TcpPcb, p: Pbuf | null) => {
      if (!p) {
        this.failed = true;
        return tcpClose(q);
      }
      for (const byte of pbufBytes(p)) if (byte !== this.received++ % 251) this.intact = false;
      tcpRecved(q, p.totLen);
      pbufFree(p);
      return 0;
    });
    lab.pc.do(() =>
      tcpConnect(pcb, ip(BOARD), 7, () => {
        this.connected = true;
        tcpNagleDisable(pcb);
        return 0;
      }),
    );
    lab.until(() => this.connected || this.failed, 5e6, 'the echo port does not answer');
  }

  /** Sends `bytes` and waits until they are back. @returns µs */
  echo(bytes: number): number {
    const { lab } = this;
    const start = lab.scheduler.now;
    const first = this.received;
    for (let at = 0; at < bytes; at += 1460) {
      const n = Math.min(1460, bytes - at);
      this.unsent.push(Uint8Array.from({ length: n }, (_, i) => (first + at + i) % 251));
    }
    lab.pc.do(() => this.fill());
    lab.until(
      () => this.failed || this.received >= first + bytes,
      60e6,
      `${this.received - first} bytes came back`,
    );
    if (this.failed || !this.intact) throw new Error('the echo is broken');
    return lab.scheduler.now - start;
  }

  close(): void {
    this.lab.pc.do(() => tcpClose(this.pcb));
  }

  private fill(): number {
    while (this.unsent[0] && tcpSndbuf(this.pcb) >= this.unsent[0].length) {
      if (tcpWrite(this.pcb, this.unsent[0], TCP_WRITE_FLAG_COPY) !== 0) break;
      this.unsent.shift();
    }
    return tcpOutput(this.pcb);
  }
}
