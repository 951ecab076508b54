// What a program of a differential test has done, as lines. What differs from run to run (descriptors, ports that the
// system chose) is written as a label.

import { AF_INET, INADDR_LOOPBACK, type SockaddrIn } from '../../firmware/api/socket_defs.js';
import { dotted, errnoName } from './constant-names.js';
import type { Result, SocketGround } from './socket-api.js';

/** Longer outputs are written as their length and a sum. */
const SHOWN = 40;

export function at(port: number, addr = INADDR_LOOPBACK): SockaddrIn {
  return { sinFamily: AF_INET, sinPort: port, sinAddr: addr };
}

export class TraceLog {
  readonly lines: string[] = [];
  private readonly fdLabels = new Map<number, string>();
  private readonly portLabels = new Map<number, string>();
  private sockets = 0;

  constructor(readonly api: SocketGround) {}

  /** Makes a call and writes it down. @param output what a good result is written as */
  call(text: string, result: Result, output: (r: number) => string = String): Promise<number> {
    const place = this.lines.push(`${text} = …`) - 1;
    return this.outcome(result).then(([r, errno]) => {
      this.lines[place] = `${text} = ${r < 0 ? `${r} ${errnoName(errno)}` : output(r)}`;
      return r;
    });
  }

  /** The result, and errno as it was when that was handed out. */
  protected outcome(result: Result): Promise<[number, number]> {
    if (typeof result === 'number') return Promise.resolve([result, this.api.errno]);
    return new Promise((resolve, reject) => {
      result.then((r) => resolve([r, this.api.errno]), reject);
    });
  }

  protected newLabel(): string {
    return 's' + ++this.sockets;
  }

  protected newFd(fd: number, label = this.newLabel()): string {
    this.fdLabels.set(fd, label);
    return label;
  }

  protected fd(fd: number): string {
    return this.fdLabels.get(fd) ?? `fd ${fd}`;
  }

  protected addr(a: SockaddrIn): string {
    if (a.sinFamily !== AF_INET) return `family ${a.sinFamily}`;
    return `${dotted(a.sinAddr)}:${this.port(a.sinPort)}`;
  }

  private port(port: number): string {
    if (port < 1024) return String(port);
    let label = this.portLabels.get(port);
    if (!label) this.portLabels.set(port, (label = 'P' + (this.portLabels.size + 1)));
    return label;
  }
}

export function toBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? new TextEncoder().encode(data) : data;
}

export function shown(bytes: Uint8Array): string {
  if (bytes.length <= SHOWN) return JSON.stringify(Buffer.from(bytes).toString('latin1'));
  return `${bytes.length} bytes, sum ${bytes.reduce((sum, b) => (sum * 31 + b) % 65521, 0)}`;
}
