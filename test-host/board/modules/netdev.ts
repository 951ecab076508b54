// The network device below Kaluma's `net`, as a program may install it, and the errors that come of it.

export type NetCallback = (error?: number | null) => void;

/** A socket of the device, which calls whatever is set here. */
export interface DeviceSocket {
  laddr: string;
  lport: number;
  raddr: string;
  rport: number;
  accept_cb?: (fd: number) => void;
  connect_cb?: () => void;
  read_cb?: (data: Uint8Array) => void;
  shutdown_cb?: () => void;
  close_cb?: () => void;
}

export interface NetworkDevice {
  ip: string;
  /** Of the last call or callback. */
  errno: number;
  socket(domain: string, protocol: string): number;
  get(fd: number): DeviceSocket | undefined;
  bind(fd: number, address: string, port: number, done: NetCallback): void;
  listen(fd: number, done: NetCallback): void;
  connect(fd: number, host: string, port: number, done: NetCallback): void;
  write(fd: number, data: string, done: NetCallback): void;
  shutdown(fd: number, how: number, done: NetCallback): void;
  close(fd: number, done: NetCallback): void;
}

declare const global: { __netdev?: NetworkDevice };
declare const SystemError: new (errno: number) => Error;

/** @throws Error when no program has installed one */
export function networkDevice(): NetworkDevice {
  const device = global.__netdev;
  if (!device) throw new Error('Network device not found');
  return device;
}

/** What the device says went wrong. */
export function deviceError(device: NetworkDevice): Error {
  return new SystemError(device.errno);
}

/** A callback for the device that tells `done` of an error by the device's errno. */
export function answer(device: NetworkDevice, done: (error?: Error) => void): NetCallback {
  return (failed) => {
    if (failed) done(deviceError(device));
    else done();
  };
}
