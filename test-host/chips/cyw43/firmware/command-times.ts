// How long the firmware takes for a command, µs. Orders of magnitude: drivers meet answers that are not at once, and
// some that take their time.

import type { ControlRequest } from '../firmware.js';
import { iovarName } from './iovar-access.js';
import { WLC_DOWN, WLC_SET_VAR, WLC_SET_WSEC_PMK, WLC_UP } from './wlc.js';

const USUAL = 500;
const COMMANDS = new Map([
  [WLC_UP, 12_000],
  [WLC_DOWN, 8_000],
  // The key is made of the passphrase with 4096 rounds of two hashes.
  [WLC_SET_WSEC_PMK, 5_000],
]);
const IOVARS = new Map([
  ['clmload', 1_500],
  ['country', 6_000],
  ['bss', 20_000],
]);

export function commandTime({ cmd, data }: ControlRequest): number {
  if (cmd === WLC_SET_VAR) return IOVARS.get(iovarName(data) ?? '') ?? USUAL;
  return COMMANDS.get(cmd) ?? USUAL;
}
