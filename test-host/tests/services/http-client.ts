// A scripted HTTP client on the raw TCP API of a Host, and a reader of the responses it gets.

import { ERR_OK, type Err } from '../../../firmware/stack/core/err.js';
import { pbufFree, type Pbuf } from '../../../firmware/stack/core/pbuf.js';
import { pbufBytes } from '../../../firmware/stack/core/pbuf_data.js';
import {
  tcpAbort,
  tcpClose,
  tcpConnect,
  tcpErr,
  tcpNagleDisable,
  tcpNew,
  tcpOutput,
  tcpRecv,
  tcpRecved,
  tcpSent,
  tcpShutdown,
  tcpSndbuf,
  tcpWrite,
  TCP_WRITE_FLAG_COPY,
} from '../../../firmware/stack/tcp/tcp.js';
import type { TcpPcb } from '../../../firmware/stack/tcp/tcp_state.js';
import { ip, type Host } from '../../harness/host.js';

export class Client {
  readonly pcb: TcpPcb;
  /** Everything received, one character a byte. */
  text = '';
  connected = false;
  /** The server has closed its side. */
  eof = false;
  /** What the error callback got, 0 for nothing. */
  error: Err = 0;
  /** While false, received bytes do not open the window again. */
  reading = true;
  /** Close as soon as the server has closed, as most clients do. */
  closeOnEof = true;
  private unread = 0;
  private queue = Buffer.alloc(0);

  constructor(
    readonly host: Host,
    server: string,
    port = 80,
  ) {
    const pcb = tcpNew(host.stack);
    if (!pcb) throw new Error('the client has no pcb');
    this.pcb = pcb;
    tcpNagleDisable(pcb);
    tcpErr(pcb, (_arg: never, err: Err) => {
      this.error = err;
    });
    tcpSent(pcb, () => this.fill());
    tcpRecv(pcb, (_arg: never, q: TcpPcb, p: Pbuf | null): Err => {
      if (!p) {
        this.eof = true;
        return this.closeOnEof ? tcpClose(q) : ERR_OK;
      }
      this.text += Buffer.from(pbufBytes(p)).toString('latin1');
      if (this.reading) tcpRecved(q, p.totLen);
      else this.unread += p.totLen;
      pbufFree(p);
      return ERR_OK;
    });
    host.do(() =>
      tcpConnect(pcb, ip(server), port, () => {
        this.connected = true;
        return this.fill();
      }),
    );
  }

  /** The connection is over, in whatever way. */
  get over(): boolean {
    return this.eof || this.error !== 0;
  }

  /** Sends text, as soon as the connection and the send buffer let it. */
  send(text: string): this {
    this.queue = Buffer.concat([this.queue, Buffer.from(text, 'latin1')]);
    if (this.connected && !this.error) this.host.do(() => this.fill());
    return this;
  }

  /** Bytes that wait for room in the send buffer. */
  get unsent(): number {
    return this.queue.length;
  }

  readAgain(): void {
    this.reading = true;
    this.host.do(() => tcpRecved(this.pcb, this.unread));
    this.unread = 0;
  }

  /** Sends a FIN and goes on reading. */
  shutdown(): this {
    this.host.do(() => tcpShutdown(this.pcb, false, true));
    return this;
  }

  close(): void {
    this.host.do(() => tcpClose(this.pcb));
  }

  reset(): void {
    this.host.do(() => tcpAbort(this.pcb));
  }

  private fill(): Err {
    const n = Math.min(this.queue.length, tcpSndbuf(this.pcb));
    if (n && tcpWrite(this.pcb, new Uint8Array(this.queue.subarray(0, n)), TCP_WRITE_FLAG_COPY) === ERR_OK) {
      this.queue = this.queue.subarray(n);
    }
    tcpOutput(this.pcb);
    return ERR_OK;
  }
}

export interface Response {
  status: number;
  line: string;
  /** By name in lower case. */
  fields: Record<string, string>;
  body: string;
}

/**
 * Cuts a stream into responses (RFC 9112, 6).
 * @param methods of the requests, in order; those past its end are GET
 * @throws Error when the stream is none of whole responses
 */
export function responses(text: string, methods: string[] = []): Response[] {
  const found: Response[] = [];
  while (text) {
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) throw new Error(`an unfinished head: ${JSON.stringify(text.slice(0, 200))}`);
    const [line, ...lines] = text.slice(0, end).split('\r\n');
    const m = /^HTTP\/1\.1 (\d{3}) [\x20-\x7e]*$/.exec(line!);
    if (!m) throw new Error(`not a status line: ${JSON.stringify(line)}`);
    const fields: Record<string, string> = {};
    for (const l of lines) {
      const f = /^([!#-'*+.^-z|~\dA-Z-]+): ([\x20-\x7e]*)$/.exec(l);
      if (!f) throw new Error(`not a field line: ${JSON.stringify(l)}`);
      const name = f[1]!.toLowerCase();
      if (name in fields) throw new Error(`twice: ${name}`);
      fields[name] = f[2]!;
    }
    const length = methods[found.length] === 'HEAD' ? 0 : Number(fields['content-length']);
    const body = text.slice(end + 4, end + 4 + length);
    if (!(body.length === length)) throw new Error(`${body.length} of ${fields['content-length']} bytes`);
    found.push({ status: Number(m[1]), line: line!, fields, body });
    text = text.slice(end + 4 + length);
  }
  return found;
}
