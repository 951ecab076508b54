// Scans for the host: `escan` starts one, each network heard becomes an event, and one more tells the end.

import { Scan } from '../../../air/index.js';
import type { Sighting } from '../../../air/index.js';
import { ACTIVE_DWELL, HOME_DWELL, PASSIVE_DWELL } from '../../../air/times.js';
import { bssInfo } from './bss-info.js';
import { i32, u16, u32 } from './bytes.js';
import { BCME_BADARG, BCME_BADSSIDLEN, BCME_BUSY, Refusal } from './errors.js';
import { EVENT_ESCAN_RESULT, STATUS_ABORT, STATUS_PARTIAL, STATUS_SUCCESS } from './events.js';
import { channelsOf, isAnyAddress } from './scan-fields.js';
import type { WlanFirmware } from './wlan-firmware.js';

const ACTION_START = 1;
const ACTION_ABORT = 3;
const RESULT_VERSION = 109;
const RESULT_HEADER = 12;

/** Offsets in `escan`. */
const ACTION = 4;
const SYNC_ID = 6;
const SSID_LENGTH = 8;
const SSID = 12;
const BSSID = 44;
const SCAN_TYPE = 51;
const ACTIVE_TIME = 56;
const PASSIVE_TIME = 60;
const HOME_TIME = 64;
const CHANNEL_COUNT = 68;
const CHANNELS = 72;

export class Escan {
  private scan: Scan | null = null;
  private syncId = 0;

  constructor(private readonly fw: WlanFirmware) {}

  get active(): boolean {
    return this.scan !== null;
  }

  command(data: Uint8Array): void {
    if (data.length < SSID_LENGTH) throw new Refusal(BCME_BADARG, 'iovarLength', 'escan');
    const action = u16(data, ACTION);
    if (action === ACTION_ABORT) this.abort();
    else if (action === ACTION_START) this.start(data);
    else throw new Refusal(BCME_BADARG, 'valueOutOfRange', `escan action ${action}`);
  }

  /** Ends a scan, and tells so. */
  abort(): void {
    if (!this.scan) return;
    this.stop();
    this.result(STATUS_ABORT, null);
  }

  /** Ends a scan without a word. */
  stop(): void {
    this.scan?.abort();
    this.scan = null;
  }

  private start(data: Uint8Array): void {
    const { fw } = this;
    if (data.length < CHANNELS) throw new Refusal(BCME_BADARG, 'iovarLength', 'escan');
    const length = u32(data, SSID_LENGTH);
    if (length > 32) throw new Refusal(BCME_BADSSIDLEN, 'valueOutOfRange', `SSID of ${length} bytes`);
    const channels = channelsOf(fw, data, CHANNEL_COUNT, CHANNELS);
    if (this.scan) throw new Refusal(BCME_BUSY, 'scanWhileScanning');
    if (fw.station.joining) throw new Refusal(BCME_BUSY);
    const bssid = data.slice(BSSID, BSSID + 6);
    const ssid = data.slice(SSID, SSID + length);
    const active = data[SCAN_TYPE] === 0;
    this.syncId = u16(data, SYNC_ID);
    this.scan = new Scan(fw.air, {
      channels,
      active,
      dwell: active ? time(data, ACTIVE_TIME, ACTIVE_DWELL) : time(data, PASSIVE_TIME, PASSIVE_DWELL),
      home: fw.station.ap ? time(data, HOME_TIME, HOME_DWELL) : 0,
      probe: length ? ssid : null,
      except: fw.softAp.ap,
      onSighting: (sighting) => {
        const named = !length || Buffer.compare(sighting.ssid, ssid) === 0;
        const meant = isAnyAddress(bssid) || Buffer.compare(sighting.bssid, bssid) === 0;
        if (named && meant) this.result(STATUS_PARTIAL, sighting);
      },
      onEnd: () => {
        this.scan = null;
        this.result(STATUS_SUCCESS, null);
      },
    });
  }

  private result(status: number, sighting: Sighting | null): void {
    const info = sighting ? bssInfo(sighting) : new Uint8Array(0);
    const data = new Uint8Array(RESULT_HEADER + info.length);
    const view = new DataView(data.buffer);
    view.setUint32(0, data.length, true);
    view.setUint32(4, RESULT_VERSION, true);
    view.setUint16(8, this.syncId, true);
    view.setUint16(10, sighting ? 1 : 0, true);
    data.set(info, RESULT_HEADER);
    this.fw.events.send(0, EVENT_ESCAN_RESULT, { status, data });
  }
}

/** A time in ms as the host gives it, -1 for the default; µs. */
function time(data: Uint8Array, at: number, usual: number): number {
  const ms = i32(data, at);
  return ms < 0 ? usual : ms * 1000;
}
