// Fields that scan and join requests have in common.

import { u16, u32 } from './bytes.js';
import { BCME_BADARG, BCME_OUTOFRANGECHAN, Refusal } from './errors.js';
import type { WlanFirmware } from './wlan-firmware.js';

/** All ones or all zeros: any access point. */
export function isAnyAddress(address: Uint8Array): boolean {
  return address.every((x) => x === 255) || address.every((x) => x === 0);
}

/**
 * The channels to look on: those of the list (u32 count in the low half, u16 channel specifications) that are allowed
 * here, or all.
 */
export function channelsOf(fw: WlanFirmware, data: Uint8Array, countAt: number, listAt: number): number[] {
  const count = u32(data, countAt) & 0xffff;
  const allowed = fw.clm.channels();
  if (count === 0) return allowed;
  if (data.length < listAt + 2 * count) {
    throw new Refusal(BCME_BADARG, 'iovarLength', `${count} channels in ${data.length} bytes`);
  }
  const channels = [];
  for (let i = 0; i < count; i++) channels.push(u16(data, listAt + 2 * i) & 0xff);
  const usable = channels.filter((channel) => allowed.includes(channel));
  if (!usable.length) throw new Refusal(BCME_OUTOFRANGECHAN);
  return usable;
}
