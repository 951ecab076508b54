// A stream between two addresses: what net.Socket tells of them.

import type { AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';

export interface Endpoint {
  address: string;
  port: number;
}

export class AddressedStream extends Duplex {
  private local: AddressInfo | undefined;
  private remote: AddressInfo | undefined;

  /** Sets both ends, once the connection stands. They are known from then on, also when it has ended. */
  protected setAddresses(local: Endpoint, remote: Endpoint): void {
    this.local = { ...local, family: 'IPv4' };
    this.remote = { ...remote, family: 'IPv4' };
  }

  address(): AddressInfo | Record<string, never> {
    return this.local ?? {};
  }

  get localAddress(): string | undefined {
    return this.local?.address;
  }

  get localPort(): number | undefined {
    return this.local?.port;
  }

  get localFamily(): string | undefined {
    return this.local?.family;
  }

  get remoteAddress(): string | undefined {
    return this.remote?.address;
  }

  get remotePort(): number | undefined {
    return this.remote?.port;
  }

  get remoteFamily(): string | undefined {
    return this.remote?.family;
  }
}
