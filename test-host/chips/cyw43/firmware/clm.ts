// The regulatory table (CLM) as it is loaded piece by piece, the country, and the channels that come of both.

import { clmFault } from '../stand-in.js';
import { u16, u32, words } from './bytes.js';
import { BCME_BADARG, BCME_NOTREADY, Refusal } from './errors.js';

const HEADER = 12;
const MAX_PIECE = 1400;
const FLAG_BEGIN = 2;
const FLAG_END = 4;
const FLAG_HANDLER_VERSION = 0x1000;
const TYPE_CLM = 2;

/** clmload_status. */
const STATUS_OK = 0;
const STATUS_INVALID = 1;
const STATUS_NOT_LOADED = 2;

export class Clm {
  status = STATUS_NOT_LOADED;
  /** "XX": worldwide. */
  country = 'XX';
  revision = 0;
  private pieces: Uint8Array[] | null = null;

  get loaded(): boolean {
    return this.status === STATUS_OK;
  }

  /** One `clmload`: u16 flags, u16 type, u32 length, u32 CRC (not looked at), data. */
  load(data: Uint8Array): void {
    if (data.length < HEADER) throw new Refusal(BCME_BADARG, 'clmOrder', 'no header');
    const flags = u16(data, 0);
    const length = u32(data, 4);
    if (length > MAX_PIECE || data.length < HEADER + length) {
      throw new Refusal(BCME_BADARG, 'clmOrder', `length ${length}, ${data.length - HEADER} bytes`);
    }
    if (u16(data, 2) !== TYPE_CLM || !(flags & FLAG_HANDLER_VERSION)) {
      throw new Refusal(BCME_BADARG, 'clmOrder', `flags ${flags.toString(16)}, type ${u16(data, 2)}`);
    }
    if (flags & FLAG_BEGIN) {
      this.pieces = [];
      this.status = STATUS_NOT_LOADED;
    }
    if (!this.pieces) throw new Refusal(BCME_BADARG, 'clmOrder', 'a piece without a begin');
    this.pieces.push(data.slice(HEADER, HEADER + length));
    if (!(flags & FLAG_END)) return;
    const blob = Uint8Array.from(Buffer.concat(this.pieces));
    this.pieces = null;
    this.status = clmFault(blob) === null ? STATUS_OK : STATUS_INVALID;
    if (!this.loaded) throw new Refusal(BCME_BADARG);
  }

  /** `country`: 4 bytes of code, i32 revision, 4 bytes of code; "DE\0\0". */
  setCountry(data: Uint8Array): void {
    if (data.length < 12) throw new Refusal(BCME_BADARG, 'iovarLength', 'country');
    if (!this.loaded) throw new Refusal(BCME_NOTREADY, 'beforeClm', 'country');
    const code = String.fromCharCode(data[8]!, data[9]!);
    if (!/^[A-Z]{2}$/.test(code)) throw new Refusal(BCME_BADARG, 'valueOutOfRange', `country ${code}`);
    this.country = code;
    const revision = u32(data, 4) | 0;
    this.revision = revision < 0 ? 0 : revision;
  }

  countryBytes(): Uint8Array {
    const bytes = new Uint8Array(12);
    const code = Buffer.from(this.country, 'latin1');
    bytes.set(code, 0);
    bytes.set(words(this.revision), 4);
    bytes.set(code, 8);
    return bytes;
  }

  /** Channels of the 2.4 GHz band that may be used here. */
  channels(): number[] {
    const last = this.country === 'JP' ? 14 : ['US', 'CA', 'TW', 'MX'].includes(this.country) ? 11 : 13;
    return Array.from({ length: last }, (_, i) => i + 1);
  }
}
