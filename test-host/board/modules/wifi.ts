// Kaluma's `wifi`: a radio over `global.__ieee80211dev`.

import { EventEmitter } from './events.js';

type Answer<T = unknown> = (failed: unknown, result?: T) => void;
type Callback<T = unknown> = (error: Error | null | undefined, result?: T) => void;

/** A device as a program may install it. */
interface WifiDevice {
  errno: number;
  assoc_cb?: () => void;
  connect_cb?: () => void;
  disconnect_cb?: () => void;
  reset(done: Answer): void;
  scan(done: Answer): void;
  connect(info: ConnectInfo, done: Answer): void;
  disconnect(done: Answer): void;
  get_connection(done: Answer): void;
  ap_mode?(info: ApInfo, done: Answer): void;
  disable_ap_mode?(): unknown;
  get_ap_client?(): unknown;
}

interface ConnectInfo {
  ssid?: string | null;
  password?: string | null;
  security?: string | null;
  /** Connect even where there is a connection. */
  enforce?: boolean;
}

interface ApInfo {
  ssid?: string | null;
  password?: string | null;
  gateway?: string | null;
  subnet_mask?: string | null;
}

declare const global: { __ieee80211dev?: WifiDevice };
declare const storage: { getItem(key: string): string | null };
declare const SystemError: new (errno: number) => Error;

/** No such device or address. */
const ENXIO = 6;

export class WiFi extends EventEmitter {
  readonly _dev: WifiDevice;

  /** @throws Error when no program has installed a device */
  constructor() {
    super();
    const device = global.__ieee80211dev;
    if (!device) throw new Error('IEEE 802.11 device not found');
    this._dev = device;
    device.assoc_cb = () => void this.emit('associated');
    device.connect_cb = () => void this.emit('connected');
    device.disconnect_cb = () => void this.emit('disconnected');
  }

  reset(done?: Callback): void {
    this._dev.reset(this.answer(done, () => done!(null)));
  }

  scan(done?: Callback): void {
    this._dev.scan(this.answer(done, (networks) => done!(null, networks)));
  }

  /** Fills in what storage knows, in the very object that it is given. */
  connect(info?: ConnectInfo | Callback | null, done?: Callback): void {
    const callback = typeof info === 'function' ? info : done;
    const wanted: ConnectInfo = typeof info === 'function' || !info ? { enforce: false } : info;
    wanted.ssid ||= storage.getItem('WIFI_SSID');
    if (!wanted.ssid) {
      if (callback) callback(new Error('WIFI SSID is required'));
      return;
    }
    wanted.password ||= storage.getItem('WIFI_PASSWORD');
    wanted.security ||= storage.getItem('WIFI_SECURITY');
    const connect = (): void => {
      this._dev.connect(
        wanted,
        this.answer(callback, () => callback!(null, wanted)),
      );
    };
    if (wanted.enforce) {
      connect();
      return;
    }
    this._dev.get_connection((failed, connection) => {
      if (!failed && !connection) connect();
      else this.answer(callback, () => callback!(null, connection))(failed, connection);
    });
  }

  disconnect(done?: Callback): void {
    this._dev.disconnect(this.answer(done, () => done!(undefined)));
  }

  getConnection(done?: Callback): void {
    this._dev.get_connection(this.answer(done, (connection) => done!(null, connection)));
  }

  wifiApMode(info?: ApInfo | Callback | null, done?: Callback): void {
    // Kaluma's own prints this.
    console.log(typeof this._dev.ap_mode);
    if (typeof this._dev.ap_mode !== 'function') {
      // A callback in the first place is not looked for yet.
      if (done) done(new SystemError(ENXIO));
      return;
    }
    const callback = typeof info === 'function' ? info : done;
    const wanted: ApInfo =
      typeof info === 'function' || !info
        ? {
            ssid: 'Kaluma_AP',
            password: 'kalumaAp',
            gateway: '192.168.4.1',
            subnet_mask: '255.255.255.0',
          }
        : info;
    wanted.ssid ||= storage.getItem('WIFI_AP_SSID');
    wanted.password ||= storage.getItem('WIFI_AP_PASSWORD');
    wanted.gateway ||= storage.getItem('WIFI_AP_GATEWAY');
    wanted.subnet_mask ||= storage.getItem('WIFI_AP_SUBNET_MASK');
    this._dev.ap_mode(
      wanted,
      this.answer(callback, () => callback!(null, wanted)),
    );
  }

  disableWifiApMode(): unknown {
    return typeof this._dev.disable_ap_mode === 'function' ? this._dev.disable_ap_mode() : undefined;
  }

  getWifiApClients(): unknown {
    return typeof this._dev.get_ap_client === 'function' ? this._dev.get_ap_client() : undefined;
  }

  /** What the device is given: an error of its errno goes to `done`, a good end to `then`; nobody has to listen. */
  private answer<T>(done: Callback | undefined, then: (result: T) => void): Answer {
    return (failed, result) => {
      if (!done) return;
      if (failed) done(new SystemError(this._dev.errno));
      else then(result as T);
    };
  }
}
