// How an iovar is found by its name, on which interface, and with what data: commands 262 and 263.

import { i32, u32, words } from './bytes.js';
import { BCME_BADARG, BCME_BUFTOOSHORT, BCME_UNSUPPORTED, Refusal } from './errors.js';
import { IOVARS } from './iovars.js';
import type { Iovar } from './iovars.js';
import type { WlanFirmware } from './wlan-firmware.js';

const BSSCFG = 'bsscfg:';
/** The Pico SDK's driver leaves the upper half of the index as its buffer held it, and the chip takes that. */
const INDEX = 0xffff;

/** The name that a get or set begins with, or null where no NUL ends it. */
export function iovarName(data: Uint8Array): string | null {
  const end = data.indexOf(0);
  return end < 0 ? null : Buffer.from(data.subarray(0, end)).toString('latin1');
}

export function getVariable(fw: WlanFirmware, iface: number, data: Uint8Array): Uint8Array {
  const found = find(fw, iface, data);
  if (!found.iovar.get) throw new Refusal(BCME_UNSUPPORTED, null, found.name);
  return found.iovar.get(fw, found.iface, found.data);
}

export function setVariable(fw: WlanFirmware, iface: number, data: Uint8Array): void {
  const { iovar, name, ...found } = find(fw, iface, data);
  if (!iovar.set) throw new Refusal(BCME_UNSUPPORTED, null, name);
  if (iovar.needsUp) fw.requireUp(name);
  if (found.data.length < (iovar.length ?? 0)) {
    throw new Refusal(BCME_BUFTOOSHORT, 'iovarLength', `${name}: ${found.data.length} bytes`);
  }
  iovar.set(fw, found.iface, found.data);
}

function find(
  fw: WlanFirmware,
  iface: number,
  data: Uint8Array,
): { name: string; iface: number; iovar: Iovar; data: Uint8Array } {
  const name = iovarName(data);
  if (name === null) throw new Refusal(BCME_BADARG, 'iovarNameOpen');
  let rest = data.subarray(name.length + 1);
  let plain = name;
  if (name.startsWith(BSSCFG)) {
    if (rest.length < 4) throw new Refusal(BCME_BUFTOOSHORT, 'iovarLength', name);
    iface = u32(rest, 0) & INDEX;
    fw.checkInterface(iface, name);
    rest = rest.subarray(4);
    plain = name.slice(BSSCFG.length);
  }
  const iovar = Object.hasOwn(IOVARS, plain) ? IOVARS[plain]! : variable(fw, plain);
  if (!iovar) {
    fw.counters.unknownIovars.set(name, (fw.counters.unknownIovars.get(name) ?? 0) + 1);
    throw new Refusal(BCME_UNSUPPORTED);
  }
  return { name, iface, iovar, data: rest };
}

function variable(fw: WlanFirmware, name: string): Iovar | null {
  const { variables } = fw;
  if (!variables.has(name)) return null;
  return {
    length: 4,
    get: () => words(variables.get(name)),
    set: (_fw, _iface, data) => variables.set(name, i32(data, 0), fw.up),
  };
}
